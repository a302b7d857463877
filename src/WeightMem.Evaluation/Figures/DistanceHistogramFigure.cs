using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// How far the networks of each population lie from their nearest training network (specification, section 5, "Min-L2 histogram"):
/// generated bars behind, training bars on top, held-out networks as a step line. Bars of generated networks left of the training bars
/// mean that the generator stays closer to its training data than independent trainings stay to each other.
/// </summary>
public static class DistanceHistogramFigure
{
    /// <summary>The number of bins.</summary>
    public const int Bins = 15;

    private const string Name = "distance histogram";
    private const int Width = 640, Height = 340;

    /// <summary>Draws the histogram.</summary>
    /// <param name="training">Distance of every training network to the nearest other one.</param>
    /// <param name="generated">Distance of every generated network to the nearest training network.</param>
    /// <param name="heldout">The same of networks that the generator has not seen; empty if there are none.</param>
    /// <param name="aligned">True where hidden units were aligned before distances were taken; said on the axis.</param>
    /// <returns>The figure; its CSV has one row per population and bin, with counts and percentages.</returns>
    /// <exception cref="ArgumentException">Training or generated is empty, or a distance is not finite.</exception>
    public static Figure Draw(
        ReadOnlySpan<double> training, ReadOnlySpan<double> generated, ReadOnlySpan<double> heldout = default, bool aligned = false)
    {
        FigureInput.RequireFinite(training, "training", Name);
        FigureInput.RequireFinite(generated, "generated", Name);
        if (heldout.Length > 0) FigureInput.RequireFinite(heldout, "heldout", Name);

        double[] edges = Edges([.. training, .. generated, .. heldout]);
        var csv = new CsvText("population", "bin", "from", "to", "count", "percent");
        double[] trainingShare = AddPopulation(csv, "training", training, edges);
        double[] generatedShare = AddPopulation(csv, "generated", generated, edges);
        double[]? heldoutShare = heldout.Length > 0 ? AddPopulation(csv, "heldout", heldout, edges) : null;

        string axisName = aligned ? "min L₂ to training weights, hidden units aligned" : "min L₂ to training weights";
        string description = "Histogram of the distance from each network to its nearest training network" +
            (aligned ? ", after alignment of the hidden units." : ".");
        return new Figure(Width, Height, description, csv.ToString(),
            canvas => Draw(canvas, edges, trainingShare, generatedShare, heldoutShare, axisName));
    }

    /// <summary>
    /// Sixteen edges by index over the range of all values, so that their number never depends on rounding; a range of zero width is
    /// widened.
    /// </summary>
    internal static double[] Edges(ReadOnlySpan<double> values)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        if (low == high) (low, high) = low == 0 ? (0, 1) : (low - Math.Abs(low) * 0.5, low + Math.Abs(low) * 0.5);
        var edges = new double[Bins + 1];
        for (int i = 0; i < edges.Length; i++) edges[i] = i == Bins ? high : low + (high - low) * i / Bins;
        return edges;
    }

    /// <summary>How many values fall in each bin; bins hold their lower edge, the last one both.</summary>
    internal static int[] Count(ReadOnlySpan<double> values, double[] edges)
    {
        var counts = new int[Bins];
        foreach (double value in values)
        {
            int place = Array.BinarySearch(edges, value);
            int bin = place >= 0 ? place : ~place - 1;
            counts[Math.Clamp(bin, 0, Bins - 1)]++;
        }

        return counts;
    }

    private static double[] AddPopulation(CsvText csv, string name, ReadOnlySpan<double> values, double[] edges)
    {
        int[] counts = Count(values, edges);
        var percent = new double[Bins];
        for (int i = 0; i < Bins; i++)
        {
            percent[i] = 100.0 * counts[i] / values.Length;
            csv.Add(name).Add(i).Add(edges[i]).Add(edges[i + 1]).Add(counts[i]).Add(percent[i]).EndRow();
        }

        return percent;
    }

    private static void Draw(SKCanvas canvas, double[] edges, double[] training, double[] generated, double[]? heldout, string axisName)
    {
        SKColor red = FigureStyle.Generated.WithAlpha(FigureStyle.SeriesAlpha);
        SKColor blue = FigureStyle.Training.WithAlpha(FigureStyle.SeriesAlpha);
        var entries = new List<LegendEntry> { new("training", Swatch(blue)), new("generated", Swatch(red)) };
        if (heldout is not null)
        {
            entries.Add(new LegendEntry("held-out", (c, at) =>
            {
                using SKPaint line = FigureStyle.Stroke(FigureStyle.HeldOut, 2.6f);
                c.DrawLine(at.X - 12, at.Y, at.X + 12, at.Y, line);
            }));
        }

        var legend = new Legend(entries, Width - 40);
        double highest = Math.Max(Math.Max(training.Max(), generated.Max()), heldout?.Max() ?? 0);
        var frame = new PlotFrame(new SKRect(78, 16 + legend.Height + 6, Width - 20, Height - 58),
            Axis.Linear(edges[0], edges[^1]), Axis.Linear(0, highest * 1.06));
        legend.Draw(canvas, frame.Area.MidX, 10);
        Bars(canvas, frame, edges, generated, red);
        Bars(canvas, frame, edges, training, blue);
        if (heldout is not null) Steps(canvas, frame, edges, heldout);
        frame.DrawAxes(canvas, axisName, "% of models");
    }

    private static Action<SKCanvas, SKPoint> Swatch(SKColor colour) => (canvas, at) =>
    {
        using SKPaint fill = FigureStyle.Fill(colour);
        canvas.DrawRect(at.X - 11, at.Y - 7, 22, 14, fill);
    };

    private static void Bars(SKCanvas canvas, PlotFrame frame, double[] edges, double[] percent, SKColor colour)
    {
        using SKPaint fill = FigureStyle.Fill(colour);
        using SKPaint edge = FigureStyle.Stroke(FigureStyle.Ink.WithAlpha(150), 0.6f);
        for (int i = 0; i < Bins; i++)
        {
            if (percent[i] == 0) continue;
            var bar = new SKRect(frame.X(edges[i]), frame.Y(percent[i]), frame.X(edges[i + 1]), frame.Y(0));
            canvas.DrawRect(bar, fill);
            canvas.DrawRect(bar, edge);
        }
    }

    private static void Steps(SKCanvas canvas, PlotFrame frame, double[] edges, double[] percent)
    {
        using var path = new SKPath();
        bool drawing = false;
        for (int i = 0; i < Bins; i++)
        {
            // Runs of empty bins at both ends would only double the axis.
            if (percent[i] == 0 && !drawing) continue;
            if (!drawing) path.MoveTo(frame.Point(edges[i], 0));
            drawing = percent[i] > 0;
            path.LineTo(frame.Point(edges[i], percent[i]));
            if (drawing) path.LineTo(frame.Point(edges[i + 1], percent[i]));
        }

        if (drawing) path.LineTo(frame.Point(edges[^1], 0));
        using SKPaint halo = FigureStyle.Stroke(SKColors.White, 4.6f);
        using SKPaint line = FigureStyle.Stroke(FigureStyle.HeldOut, 2.6f);
        canvas.DrawPath(path, halo);
        canvas.DrawPath(path, line);
    }
}
