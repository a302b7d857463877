using SkiaSharp;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Figures;

/// <summary>One bar of each chart of the invariance figure.</summary>
/// <param name="Name">What is compared: <c>original</c>, <c>permuted</c>, <c>scaled</c>.</param>
/// <param name="AccuracyDifference">Mean absolute difference of accuracy, in points.</param>
/// <param name="Dissimilarity">1 minus the mean similarity of errors, 0 to 1.</param>
public sealed record InvarianceBar(string Name, Estimate AccuracyDifference, Estimate Dissimilarity);

/// <summary>
/// How different an auto-encoder's reconstructions of equal functions are: two bar charts over pairs of different networks, of networks and their permuted copies, of
/// networks and their scaled copies. An auto-encoder that knew the symmetries would have no bars but the first.
/// </summary>
public static class InvarianceFigure
{
    private const string Name = "invariance";
    private const int Width = 760, Height = 360;

    /// <summary>Draws the charts; values are printed on the bars, intervals are whiskers.</summary>
    /// <exception cref="ArgumentException">There are no bars, or a mean is not a finite number.</exception>
    public static Figure Draw(IReadOnlyList<InvarianceBar> bars)
    {
        ArgumentNullException.ThrowIfNull(bars);
        FigureInput.RequireFinite([.. bars.Select(b => b.AccuracyDifference.Mean)], "accuracy difference", Name);
        FigureInput.RequireFinite([.. bars.Select(b => b.Dissimilarity.Mean)], "dissimilarity", Name);
        var csv = new CsvText("pairs", "measure", "mean", "low", "high", "n");
        foreach (InvarianceBar bar in bars)
        {
            foreach ((string measure, Estimate e) in new[] { ("accuracy_difference", bar.AccuracyDifference), ("dissimilarity", bar.Dissimilarity) })
                csv.Add(bar.Name).Add(measure).Add(e.Mean).Add(e.CiLow ?? double.NaN).Add(e.CiHigh ?? double.NaN).Add(e.N).EndRow();
        }

        return new Figure(
            Width, Height, "Mean absolute accuracy difference and dissimilarity of errors between reconstructions of different networks, of permuted and of scaled copies.",
            csv.ToString(), canvas =>
            {
                Chart(canvas, 0, "avg abs acc diff (%)", "F2", [.. bars.Select(b => (b.Name, b.AccuracyDifference))]);
                Chart(canvas, Width / 2, "1 − avg similarity", "F3", [.. bars.Select(b => (b.Name, b.Dissimilarity))]);
            });
    }

    private static void Chart(SKCanvas canvas, float left, string measure, string format, IReadOnlyList<(string Name, Estimate Value)> bars)
    {
        double high = bars.Max(b => Math.Max(b.Value.Mean, b.Value.CiHigh ?? 0));
        var frame = new PlotFrame(new SKRect(left + 80, 20, left + Width / 2 - 16, Height - 50), Axis.Linear(0, 1), Axis.Linear(0, high > 0 ? high * 1.15 : 1));
        using SKPaint line = FigureStyle.Stroke(FigureStyle.Ink, 1.2f);
        SKColor[] colours = [FigureStyle.Training, FigureStyle.Generated, FigureStyle.Fourth];
        float each = frame.Area.Width / bars.Count;
        for (int i = 0; i < bars.Count; i++)
        {
            (string name, Estimate value) = bars[i];
            float centre = frame.Area.Left + (i + 0.5f) * each, top = frame.Y(value.Mean);
            using SKPaint fill = FigureStyle.Fill(colours[i % colours.Length].WithAlpha(FigureStyle.SeriesAlpha));
            canvas.DrawRect(new SKRect(centre - 0.32f * each, top, centre + 0.32f * each, frame.Area.Bottom), fill);
            float label = top;
            if (value is { CiLow: { } low, CiHigh: { } ciHigh })
            {
                canvas.DrawLine(centre, frame.Y(low), centre, frame.Y(ciHigh), line);
                label = frame.Y(ciHigh);
            }

            FigureFont.Draw(canvas, value.Mean.ToString(format, System.Globalization.CultureInfo.InvariantCulture), centre, label - 7, FigureStyle.NoteSize, TextAlign.Centre);
            FigureFont.Draw(canvas, name, centre, frame.Area.Bottom + 20, FigureStyle.TickSize, TextAlign.Centre);
        }

        frame.DrawVertical(canvas, measure);
    }
}
