using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>A measure of the networks that a generator made of so many training networks.</summary>
/// <param name="Size">Training runs, or checkpoints.</param>
/// <param name="Value">The measure; NaN where it is not defined.</param>
/// <param name="Low">Lower end of its 95 % interval; NaN where there is none.</param>
/// <param name="High">Upper end.</param>
/// <param name="N">Networks that took part.</param>
internal readonly record struct ScalingPoint(int Size, double Value, double Low, double High, int N);

/// <summary>One chart of the figure.</summary>
/// <param name="Measure">Name in the CSV, such as <c>z_u</c>.</param>
/// <param name="Name">Name of the axis.</param>
/// <param name="Reference">What fresh networks would have: a dashed line.</param>
/// <param name="Points">Sizes ascending.</param>
internal sealed record ScalingPanel(string Measure, string Name, double Reference, IReadOnlyList<ScalingPoint> Points);

/// <summary>
/// Signs of copying against the logarithm of the number of training networks, side by side (evaluation specification, 7.3). Distances alone are no sign: those among training
/// networks shrink with their number too.
/// </summary>
internal static class ScalingFigure
{
    private const int Each = 320, Height = 320;

    /// <summary>Draws the charts.</summary>
    /// <param name="sizes">What the sizes count, such as <c>training runs</c>.</param>
    /// <param name="panels">The charts; those without a finite value stay empty.</param>
    /// <exception cref="ArgumentException">There is no chart, or charts have no points.</exception>
    public static Figure Draw(string sizes, IReadOnlyList<ScalingPanel> panels)
    {
        if (panels.Count == 0 || panels.Any(p => p.Points.Count == 0)) throw new ArgumentException("data scaling: there is nothing to draw");
        var csv = new CsvText("measure", "size", "value", "low", "high", "n");
        foreach (ScalingPanel panel in panels)
        {
            foreach (ScalingPoint p in panel.Points) csv.Add(panel.Measure).Add(p.Size).Add(p.Value).Add(p.Low).Add(p.High).Add(p.N).EndRow();
        }

        return new Figure(
            Each * panels.Count, Height, $"{string.Join(", ", panels.Select(p => p.Name))} of generated networks against the number of {sizes}, logarithmic, with 95 % intervals.",
            csv.ToString(), canvas =>
            {
                for (int i = 0; i < panels.Count; i++) Chart(canvas, i * Each, sizes, panels[i]);
            });
    }

    private static void Chart(SKCanvas canvas, float left, string sizes, ScalingPanel panel)
    {
        ScalingPoint[] points = [.. panel.Points.Where(p => double.IsFinite(p.Value))];
        double[] shown = [panel.Reference, .. points.Select(p => p.Value), .. points.SelectMany(p => new[] { p.Low, p.High }).Where(double.IsFinite)];
        (double low, double high) = Axis.Padded(shown.Min(), shown.Max(), 0.08);
        var frame = new PlotFrame(
            new SKRect(left + 82, 20, left + Each - 18, Height - 60), Axis.Logarithmic(panel.Points[0].Size / 1.25, panel.Points[^1].Size * 1.25), Axis.Linear(low, high));
        using (SKPaint line = FigureStyle.Stroke(FigureStyle.Faint, 1))
        using (SKPathEffect dash = SKPathEffect.CreateDash([4, 4], 0))
        {
            line.PathEffect = dash;
            canvas.DrawLine(frame.Area.Left, frame.Y(panel.Reference), frame.Area.Right, frame.Y(panel.Reference), line);
        }

        using SKPaint stroke = FigureStyle.Stroke(FigureStyle.Generated.WithAlpha(FigureStyle.SeriesAlpha), 2);
        using SKPaint whisker = FigureStyle.Stroke(FigureStyle.Ink, 1.2f), edge = FigureStyle.Stroke(FigureStyle.Ink, 0.6f);
        using SKPaint fill = FigureStyle.Fill(FigureStyle.Generated.WithAlpha(FigureStyle.SeriesAlpha));
        for (int i = 1; i < points.Length; i++) canvas.DrawLine(frame.Point(points[i - 1].Size, points[i - 1].Value), frame.Point(points[i].Size, points[i].Value), stroke);
        foreach (ScalingPoint p in points)
        {
            SKPoint at = frame.Point(p.Size, p.Value);
            if (double.IsFinite(p.Low) && double.IsFinite(p.High)) canvas.DrawLine(at.X, frame.Y(p.Low), at.X, frame.Y(p.High), whisker);
            MarkerDrawing.Draw(canvas, Marker.Circle, at.X, at.Y, 5, fill, edge);
        }

        frame.DrawAxes(canvas, sizes, panel.Name);
    }
}
