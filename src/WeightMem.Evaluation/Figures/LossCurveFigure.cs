using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>One value of a loss curve.</summary>
/// <param name="Step">The training step, from 0.</param>
/// <param name="Loss">The loss there.</param>
public readonly record struct LossPoint(long Step, double Loss);

/// <summary>
/// The generator's training loss against the step on a logarithmic scale, with its loss on held-out runs. A training loss that falls
/// while the test loss rises is the generator learning its training networks by heart.
/// </summary>
public static class LossCurveFigure
{
    private const string Name = "loss curve";
    private const int Width = 640, Height = 340, MostPoints = 240;

    /// <summary>Draws the curves.</summary>
    /// <param name="training">The training loss, steps ascending; losses that are not positive numbers break the line.</param>
    /// <param name="test">The test loss; empty if it was not measured.</param>
    /// <returns>
    /// The figure; its CSV has every point given. Curves of more than 240 points are drawn as the mean and range of equal parts.
    /// </returns>
    /// <exception cref="ArgumentException">There is no positive training loss, or steps do not ascend.</exception>
    public static Figure Draw(IReadOnlyList<LossPoint> training, IReadOnlyList<LossPoint> test)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(test);
        if (!training.Any(IsDrawable)) throw new ArgumentException($"{Name}: no training loss is a positive number.", nameof(training));
        var csv = new CsvText("series", "step", "loss");
        Add(csv, "training", training);
        Add(csv, "test", test);
        Part[] trainingParts = Parts(training), testParts = Parts(test);
        return new Figure(Width, Height, "Training and test loss of the generator against the training step, logarithmic.", csv.ToString(),
            canvas => Draw(canvas, trainingParts, testParts));
    }

    private static bool IsDrawable(LossPoint point) => double.IsFinite(point.Loss) && point.Loss > 0;

    private static void Add(CsvText csv, string series, IReadOnlyList<LossPoint> points)
    {
        for (int i = 0; i < points.Count; i++)
        {
            if (i > 0 && points[i].Step <= points[i - 1].Step)
                throw new ArgumentException($"{Name}: step {points[i].Step} follows step {points[i - 1].Step} in the {series} loss.");
            csv.Add(series).Add(points[i].Step).Add(points[i].Loss).EndRow();
        }
    }

    // Equal parts of the curve; a part without a drawable point is a gap.
    private static Part[] Parts(IReadOnlyList<LossPoint> points)
    {
        int count = Math.Min(points.Count, MostPoints);
        var parts = new Part[count];
        for (int i = 0; i < count; i++)
        {
            int from = (int)((long)points.Count * i / count), to = (int)((long)points.Count * (i + 1) / count);
            double sum = 0, low = double.PositiveInfinity, high = 0, steps = 0;
            int drawable = 0;
            for (int j = from; j < to; j++)
            {
                if (!IsDrawable(points[j])) continue;
                drawable++;
                sum += points[j].Loss;
                steps += points[j].Step;
                low = Math.Min(low, points[j].Loss);
                high = Math.Max(high, points[j].Loss);
            }

            parts[i] = drawable == 0 ? new Part(points[from].Step, double.NaN, double.NaN, double.NaN)
                : new Part(steps / drawable, sum / drawable, low, high);
        }

        return parts;
    }

    private static void Draw(SKCanvas canvas, Part[] training, Part[] test)
    {
        Part[] drawable = [.. training.Concat(test).Where(part => !double.IsNaN(part.Mean))];
        var entries = new List<LegendEntry> { Entry("training loss", FigureStyle.Training) };
        if (test.Any(part => !double.IsNaN(part.Mean))) entries.Add(Entry("test loss", FigureStyle.Generated));
        var legend = new Legend(entries, Width - 40);
        double low = drawable.Min(part => part.Low), high = drawable.Max(part => part.High);
        double firstStep = Math.Min(0, drawable.Min(part => part.Step)), lastStep = drawable.Max(part => part.Step);
        var frame = new PlotFrame(new SKRect(92, 16 + legend.Height + 6, Width - 28, Height - 58),
            Axis.Linear(firstStep, lastStep), Axis.Logarithmic(low / 1.08, high * 1.08));
        legend.Draw(canvas, frame.Area.MidX, 10);
        Band(canvas, frame, training);
        Line(canvas, frame, training, FigureStyle.Training, marks: training.Length == 1);
        Line(canvas, frame, test, FigureStyle.Generated, marks: test.Length <= 30);
        frame.DrawAxes(canvas, "training step", "loss");
    }

    private static LegendEntry Entry(string text, SKColor colour) => new(text, (canvas, at) =>
    {
        using SKPaint line = FigureStyle.Stroke(colour.WithAlpha(FigureStyle.SeriesAlpha), 2.4f);
        canvas.DrawLine(at.X - 12, at.Y, at.X + 12, at.Y, line);
    });

    private static void Band(SKCanvas canvas, PlotFrame frame, Part[] parts)
    {
        using SKPaint fill = FigureStyle.Fill(FigureStyle.Training.WithAlpha(60));
        int start = 0;
        while (start < parts.Length)
        {
            int end = start;
            while (end < parts.Length && !double.IsNaN(parts[end].Mean)) end++;
            if (parts[start..end].Any(part => part.High > part.Low))
            {
                using var path = new SKPath();
                SKPoint[] upper = [.. parts[start..end].Select(part => frame.Point(part.Step, part.High))];
                SKPoint[] lower = [.. parts[start..end].Select(part => frame.Point(part.Step, part.Low))];
                Array.Reverse(lower);
                path.AddPoly([.. upper, .. lower], close: true);
                canvas.DrawPath(path, fill);
            }

            start = end + 1;
        }
    }

    private static void Line(SKCanvas canvas, PlotFrame frame, Part[] parts, SKColor colour, bool marks)
    {
        using var path = new SKPath();
        using SKPaint line = FigureStyle.Stroke(colour.WithAlpha(FigureStyle.SeriesAlpha), 2);
        using SKPaint fill = FigureStyle.Fill(colour.WithAlpha(FigureStyle.SeriesAlpha));
        bool drawing = false;
        foreach (Part part in parts)
        {
            if (double.IsNaN(part.Mean))
            {
                drawing = false;
                continue;
            }

            SKPoint at = frame.Point(part.Step, part.Mean);
            if (drawing) path.LineTo(at);
            else path.MoveTo(at);
            drawing = true;
            if (marks) canvas.DrawCircle(at, 3.5f, fill);
        }

        canvas.DrawPath(path, line);
    }

    private readonly record struct Part(double Step, double Mean, double Low, double High);
}
