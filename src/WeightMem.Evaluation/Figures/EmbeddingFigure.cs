using SkiaSharp;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Figures;

/// <summary>Networks of one population to be mapped.</summary>
/// <param name="Name">Its name in <c>evaluation.json</c>; sets colour and shape.</param>
/// <param name="Population">The networks.</param>
/// <param name="Label">What the legend says.</param>
public sealed record EmbeddedPopulation(string Name, Population Population, string Label);

/// <summary>
/// t-SNE of raw weights (evaluation specification, M9): where generated networks lie beside the trajectory, its averages and Gaussian draws.
/// </summary>
public static class EmbeddingFigure
{
    /// <summary>The most networks of one population.</summary>
    public const int MostPoints = 100;

    private const int Width = 640, Height = 520;

    /// <summary>Draws the map.</summary>
    /// <param name="populations">The populations, in drawing order.</param>
    /// <param name="stream">Chooses the networks of a population of more than <see cref="MostPoints"/>.</param>
    /// <returns>The figure; its CSV has a row for each network drawn.</returns>
    /// <exception cref="ArgumentException">There are fewer than four networks in all.</exception>
    public static Figure Draw(IReadOnlyList<EmbeddedPopulation> populations, RandomStream stream)
    {
        var rows = new List<float[]>();
        var members = new List<(int Population, int Index, int Step)>();
        for (int p = 0; p < populations.Count; p++)
        {
            Population from = populations[p].Population;
            int[] chosen = from.Count <= MostPoints ? [.. Enumerable.Range(0, from.Count)] : stream.Sub(populations[p].Name).Choose(from.Count, MostPoints);
            Array.Sort(chosen);
            foreach (int i in chosen)
            {
                rows.Add(from.Row(i).ToArray());
                members.Add((p, i, from.Step[i]));
            }
        }

        double[] map = NeighbourEmbedding.Map(rows);
        var csv = new CsvText("population", "index", "step", "x", "y");
        for (int i = 0; i < members.Count; i++)
            csv.Add(populations[members[i].Population].Name).Add(members[i].Index).Add(members[i].Step).Add(map[2 * i]).Add(map[2 * i + 1]).EndRow();
        return new Figure(Width, Height, "t-SNE of the weights of networks, by population.", csv.ToString(), canvas => Draw(canvas, populations, members, map));
    }

    private static void Draw(SKCanvas canvas, IReadOnlyList<EmbeddedPopulation> populations, List<(int Population, int Index, int Step)> members, double[] map)
    {
        int others = 0;
        (SKColor Colour, Marker Marker)[] looks = [.. populations.Select(p =>
        {
            int place = FigureStyle.HasFixedColour(p.Name) ? 0 : others++;
            return (FigureStyle.Population(p.Name, place), MarkerDrawing.Of(p.Name, place));
        })];
        var legend = new Legend(
            [.. populations.Select((p, i) => new LegendEntry(p.Label, (c, at) => Mark(c, looks[i], at.X + 4, at.Y, 6)))], Width - 30);
        (double xLow, double xHigh) = Axis.Padded(Values(map, 0).Min(), Values(map, 0).Max(), 0.04);
        (double yLow, double yHigh) = Axis.Padded(Values(map, 1).Min(), Values(map, 1).Max(), 0.04);
        var frame = new PlotFrame(new SKRect(84, 12 + legend.Height + 10, Width - 20, Height - 60), Axis.Linear(xLow, xHigh), Axis.Linear(yLow, yHigh));
        legend.Draw(canvas, Width / 2f, 10);
        frame.DrawAxes(canvas, "t-SNE dim 1", "t-SNE dim 2");
        for (int i = 0; i < members.Count; i++) Mark(canvas, looks[members[i].Population], frame.X(map[2 * i]), frame.Y(map[2 * i + 1]), 5);
    }

    private static IEnumerable<double> Values(double[] map, int axis) => map.Where((_, i) => i % 2 == axis);

    private static void Mark(SKCanvas canvas, (SKColor Colour, Marker Marker) look, float x, float y, float radius)
    {
        using SKPaint fill = FigureStyle.Fill(look.Colour.WithAlpha(FigureStyle.SeriesAlpha));
        using SKPaint edge = FigureStyle.Stroke(SKColors.Black, 0.5f);
        MarkerDrawing.Draw(canvas, look.Marker, x, y, radius, fill, edge);
    }
}
