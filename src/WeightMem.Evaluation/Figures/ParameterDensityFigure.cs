using SkiaSharp;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// Densities of single parameters over the training and over the generated networks (evaluation specification, M10): Gaussian kernels of Scott's width,
/// n^(-1/5) times the deviation, on 200 points that reach three widths beyond the values.
/// </summary>
public static class ParameterDensityFigure
{
    private const int Points = 200, Width = 1000, Height = 260;
    private const double Reach = 3;

    /// <summary>Draws a panel for each parameter.</summary>
    /// <param name="training">Training networks, two or more.</param>
    /// <param name="generated">Generated networks, two or more.</param>
    /// <param name="parameters">Which parameters of a row.</param>
    /// <param name="labels">Their names.</param>
    /// <returns>The figure; its CSV has a row for each point of each curve.</returns>
    /// <exception cref="ArgumentException">A population has fewer than two networks, or there are no parameters.</exception>
    public static Figure Draw(Population training, Population generated, IReadOnlyList<int> parameters, IReadOnlyList<string> labels)
    {
        if (training.Count < 2 || generated.Count < 2 || parameters.Count == 0 || labels.Count != parameters.Count)
            throw new ArgumentException("densities take two networks of both populations and a label for each parameter");
        var csv = new CsvText("parameter", "population", "value", "density");
        var panels = new List<(string Label, (double X, double Y)[] Training, (double X, double Y)[] Generated)>();
        for (int i = 0; i < parameters.Count; i++)
        {
            (double, double)[] blue = Curve(training, parameters[i]), red = Curve(generated, parameters[i]);
            foreach ((string name, (double X, double Y)[] curve) in new[] { ("training", blue), ("generated", red) })
            {
                foreach ((double x, double y) in curve) csv.Add(labels[i]).Add(name).Add(x).Add(y).EndRow();
            }

            panels.Add((labels[i], blue, red));
        }

        return new Figure(
            Width, Height, "Densities of single parameters over training and generated networks.", csv.ToString(),
            canvas => Draw(canvas, panels));
    }

    private static (double X, double Y)[] Curve(Population population, int parameter)
    {
        double[] values = [.. Enumerable.Range(0, population.Count).Select(i => (double)population.Row(i)[parameter])];
        double mean = values.Average(), deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
        double width = Math.Max(Math.Pow(values.Length, -0.2) * deviation, 1e-9 * Math.Max(1, Math.Abs(mean)));
        double low = values.Min() - Reach * width, high = values.Max() + Reach * width;
        var curve = new (double, double)[Points];
        for (int i = 0; i < Points; i++)
        {
            double x = low + (high - low) * i / (Points - 1);
            curve[i] = (x, values.Sum(v => Math.Exp(-0.5 * Math.Pow((x - v) / width, 2))) / (values.Length * width * Math.Sqrt(2 * Math.PI)));
        }

        return curve;
    }

    private static void Draw(SKCanvas canvas, List<(string Label, (double X, double Y)[] Training, (double X, double Y)[] Generated)> panels)
    {
        var legend = new Legend([Entry("training", FigureStyle.Training), Entry("generated", FigureStyle.Generated)], Width - 40);
        legend.Draw(canvas, Width / 2f, 6);
        double highest = panels.Max(p => Math.Max(p.Training.Max(v => v.Y), p.Generated.Max(v => v.Y)));
        float left = 76, each = (Width - left - 16) / panels.Count;
        for (int i = 0; i < panels.Count; i++)
        {
            (string label, (double X, double Y)[] training, (double X, double Y)[] generated) = panels[i];
            double low = Math.Min(training[0].X, generated[0].X), high = Math.Max(training[^1].X, generated[^1].X);
            var area = new SKRect(left + i * each + (i == 0 ? 0 : 26), 40, left + (i + 1) * each - 6, Height - 58);
            var frame = new PlotFrame(area, Axis.Linear(low, high), Axis.Linear(0, highest * 1.05));
            frame.DrawAxes(canvas, label, i == 0 ? "density" : "");
            Line(canvas, frame, training, FigureStyle.Training);
            Line(canvas, frame, generated, FigureStyle.Generated);
        }
    }

    private static LegendEntry Entry(string text, SKColor colour) => new(text, (canvas, at) =>
    {
        using SKPaint line = FigureStyle.Stroke(colour, 4);
        canvas.DrawLine(at.X - 12, at.Y, at.X + 12, at.Y, line);
    });

    private static void Line(SKCanvas canvas, PlotFrame frame, (double X, double Y)[] curve, SKColor colour)
    {
        using var path = new SKPath();
        path.AddPoly([.. curve.Select(v => frame.Point(v.X, v.Y))], close: false);
        using SKPaint line = FigureStyle.Stroke(colour.WithAlpha(FigureStyle.SeriesAlpha), 3);
        canvas.DrawPath(path, line);
    }
}
