using SkiaSharp;
using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Figures;

/// <summary>The networks of one population in the plane of distance and residual.</summary>
/// <param name="Name">Its name in <c>evaluation.json</c>; sets colour and shape.</param>
/// <param name="Distance">Distance of each network to its nearest training network, over the median of fresh networks.</param>
/// <param name="Residual">Distance to the nearest mixture of training networks, over the median of fresh networks.</param>
/// <param name="Parents">Effective parents of that mixture.</param>
/// <param name="Label">What the legend says; the name if null.</param>
/// <param name="IsFaint">Drawn small and pale: a control.</param>
public sealed record PlanePopulation(string Name, double[] Distance, double[] Residual, double[] Parents, string? Label = null, bool IsFaint = false);

/// <summary>
/// Copies, mixtures and new networks apart (evaluation specification, 9.5): copies lie at the origin, mixtures of training networks on the horizontal axis, new networks where held-out ones
/// do, at (1, 1). Distance alone cannot tell the last two apart.
/// </summary>
public static class InterpolationPlaneFigure
{
    private const string Name = "interpolation plane";
    private const int Width = 640, Height = 480, MostPoints = 100;

    /// <summary>Draws the plane.</summary>
    /// <param name="populations">The populations; generated ones are drawn last, on top.</param>
    /// <param name="band">Residual below which mixtures lie, as the verdict has it.</param>
    /// <param name="stream">Chooses the points drawn of a population of more than 100.</param>
    /// <returns>The figure; its CSV has one row per network.</returns>
    /// <exception cref="ArgumentException">No population, an empty one, unequal lengths, or a number that is not finite.</exception>
    public static Figure Draw(IReadOnlyList<PlanePopulation> populations, double band, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(populations);
        if (populations.Count == 0) throw new ArgumentException($"{Name}: no population.", nameof(populations));
        var csv = new CsvText("population", "index", "distance_ratio", "residual_ratio", "effective_parents", "drawn");
        var series = new List<Series>();
        int others = 0;
        foreach (PlanePopulation p in populations)
        {
            FigureInput.RequireFinite(p.Distance, p.Name, Name);
            FigureInput.RequireFinite(p.Residual, p.Name, Name);
            FigureInput.RequireFinite(p.Parents, p.Name, Name);
            int count = p.Distance.Length;
            if (p.Residual.Length != count || p.Parents.Length != count) throw new ArgumentException($"{Name}: '{p.Name}' has {count} distances, {p.Residual.Length} residuals and {p.Parents.Length} parents.");
            int[] chosen = count <= MostPoints ? [.. Enumerable.Range(0, count)] : stream.Sub(p.Name).Choose(count, MostPoints);
            var drawn = new bool[count];
            foreach (int i in chosen) drawn[i] = true;
            for (int i = 0; i < count; i++) csv.Add(p.Name).Add(i).Add(p.Distance[i]).Add(p.Residual[i]).Add(p.Parents[i]).Add(drawn[i] ? 1 : 0).EndRow();
            int place = FigureStyle.HasFixedColour(p.Name) ? 0 : others++;
            series.Add(new Series(p, FigureStyle.Population(p.Name, place), MarkerDrawing.Of(p.Name, place), [.. chosen.Order()]));
        }

        return new Figure(Width, Height, "Distance to the nearest training network against distance to the nearest mixture of training networks, both in units of fresh networks.",
            csv.ToString(), canvas => Draw(canvas, series, band));
    }

    private static void Draw(SKCanvas canvas, List<Series> series, double band)
    {
        // What is drawn sets the axes; a few networks far outside would press all others together, so they stop at 2.5.
        double xHigh = Math.Clamp(series.Max(s => s.Drawn.Max(i => s.Population.Distance[i])) * 1.05, 1.25, 2.5);
        double yHigh = Math.Clamp(series.Max(s => s.Drawn.Max(i => s.Population.Residual[i])) * 1.05, 1.25, 2.5);
        var entries = series.Select(s => new LegendEntry(s.Population.Label ?? s.Population.Name, (c, at) =>
        {
            using SKPaint fill = FigureStyle.Fill(s.Fill);
            using SKPaint edge = FigureStyle.Stroke(s.Edge, 0.6f);
            MarkerDrawing.Draw(c, s.Marker, at.X + 4, at.Y, s.Population.IsFaint ? 4.5f : 6, fill, edge);
        })).ToList();
        var legend = new Legend(entries, Width - 30);
        var frame = new PlotFrame(new SKRect(84, 12 + legend.Height + 10, Width - 20, Height - 60), Axis.Linear(-0.04, xHigh, 2), Axis.Linear(-0.06, yHigh, 2));
        legend.Draw(canvas, Width / 2f, 10);
        using (SKPaint shade = FigureStyle.Fill(SKColor.Parse("#f1f2f4")))
            canvas.DrawRect(new SKRect(frame.Area.Left, frame.Y(band), frame.Area.Right, frame.Area.Bottom), shade);
        using (SKPaint line = FigureStyle.Stroke(FigureStyle.Faint, 1))
        using (SKPathEffect dash = SKPathEffect.CreateDash([4, 4], 0))
        {
            line.PathEffect = dash;
            canvas.DrawLine(frame.Area.Left, frame.Y(1), frame.Area.Right, frame.Y(1), line);
            canvas.DrawLine(frame.X(1), frame.Area.Top, frame.X(1), frame.Area.Bottom, line);
        }

        Note(canvas, "copies", frame.X(0) + 10, frame.Y(band) + 18);
        Note(canvas, "mixtures of training networks", frame.X(0.5), frame.Y(band) + 18);
        Note(canvas, "as fresh networks", frame.X(1) + 8, frame.Y(1) - 8);
        foreach (Series s in series.OrderBy(s => s.Population.Name == "generated" ? 2 : s.Population.IsFaint ? 0 : 1))
        {
            using SKPaint fill = FigureStyle.Fill(s.Fill);
            using SKPaint edge = FigureStyle.Stroke(s.Edge, 0.5f);
            foreach (int i in s.Drawn)
            {
                float x = frame.X(Math.Min(s.Population.Distance[i], xHigh)), y = frame.Y(Math.Min(s.Population.Residual[i], yHigh));
                MarkerDrawing.Draw(canvas, s.Marker, x, y, s.Population.IsFaint ? 3.2f : 5, fill, edge);
            }
        }

        frame.DrawAxes(canvas, "distance to the nearest training network", "distance to the nearest mixture");
    }

    private static void Note(SKCanvas canvas, string text, float x, float y) => FigureFont.Draw(canvas, text, x, y, FigureStyle.NoteSize, colour: FigureStyle.Faint);

    private sealed record Series(PlanePopulation Population, SKColor Colour, Marker Marker, int[] Drawn)
    {
        public SKColor Fill => Colour.WithAlpha(Population.IsFaint ? (byte)90 : FigureStyle.SeriesAlpha);

        public SKColor Edge => Population.IsFaint ? Colour : SKColors.Black;
    }
}
