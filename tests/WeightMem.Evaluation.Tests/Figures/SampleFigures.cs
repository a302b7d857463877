using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Tests.Figures;

/// <summary>Small figures of made-up numbers, one of each kind.</summary>
internal static class SampleFigures
{
    public const int Resolution = 30;

    public static IEnumerable<string> Names => ["histogram", "heatmap", "boundary", "novelty", "invariance", "loss", "plane", "gallery"];

    public static Figure Of(string name) => name switch
    {
        "histogram" => DistanceHistogramFigure.Draw(
            Numbers(90, "training", 5, 8), Numbers(40, "generated", 2, 4), Numbers(20, "heldout", 5, 8)),
        "heatmap" => Heatmap(),
        "boundary" => DecisionBoundaryFigure.Draw([Pair(0.9), Pair(null)], Resolution, new BoundaryExtent(-3, 5, -2, 4), 10),
        "novelty" => NoveltyPerformanceFigure.Draw(
            [Population("training", 150), Population("generated", 40), Population("noise-0.05", 100)], new RandomStream(1, "figure"), lines:
            [new NoveltyLine("noise-curve", [0.9, 0.7, 0.5], [89, 86, 80], "training + any noise")]),
        "invariance" => InvarianceFigure.Draw(
            [.. new[] { "original", "permuted", "scaled" }.Select((name, i) => new InvarianceBar(name, Estimate(12 - 3 * i), Estimate(0.5 + 0.1 * i)))]),
        "plane" => InterpolationPlaneFigure.Draw(
            [
                new PlanePopulation("heldout", Numbers(60, "pd", 0.8, 1.2), Numbers(60, "pr", 0.9, 1.1), Numbers(60, "pn", 10, 40), "held-out networks"),
                new PlanePopulation("generated", Numbers(40, "gd", 0.2, 0.8), Numbers(40, "gr", 0, 0.4), Numbers(40, "gn", 1, 4)),
                new PlanePopulation("control-replica", Numbers(40, "cd", 0, 0.05), Numbers(40, "cr", 0, 0.05), Numbers(40, "cn", 1, 1.1), "control: copies", IsFaint: true),
            ], 0.3, new RandomStream(2, "figure")),
        "gallery" => PercentileGalleryFigure.Draw(
            [.. Enumerable.Range(0, 5).Select(i => new GalleryEntry(25 * i, 1 + i, 90 - i, i == 4 ? null : 0.9 - 0.1 * i, Pair(null)))], Resolution),
        _ => LossCurveFigure.Draw(
            [.. Enumerable.Range(0, 900).Select(i => new LossPoint(i, 1.0 / (i + 1)))], [new LossPoint(100, 0.2), new LossPoint(800, 0.1)]),
    };

    private static Estimate Estimate(double mean) => new(mean, mean, 0.9 * mean, 1.1 * mean, 50, "");

    public static double[] Numbers(int count, string name, double low, double high)
    {
        var stream = new RandomStream(5, name);
        return [.. Enumerable.Range(0, count).Select(i => low + (high - low) * stream.Double(i))];
    }

    public static NoveltyPopulation Population(string name, int count) =>
        new(name, Numbers(count, name + "-x", 0.5, 0.9), Numbers(count, name + "-y", 80, 90));

    public static BoundaryPair Pair(double? testAgreement)
    {
        var first = new byte[Resolution * Resolution];
        var second = new byte[first.Length];
        for (int i = 0; i < first.Length; i++)
        {
            first[i] = (byte)(i % Resolution / 10);
            second[i] = (byte)(i % Resolution / 10 == 2 ? 2 : i / Resolution / 15);
        }

        return new BoundaryPair(first, second, testAgreement);
    }

    private static Figure Heatmap()
    {
        HeatmapBlock[] blocks = [.. Enumerable.Range(0, 3).Select(b => new HeatmapBlock($"generated {b}", Row(b), [.. Enumerable.Range(0, 3)
            .Select(n => new HeatmapNeighbour($"run {n}", Row(10 * b + n + 3), n + 1.5))]))];
        return HeatmapFigure.Draw(blocks, [.. Enumerable.Range(0, 64)], 7960);
    }

    private static float[] Row(int index) => [.. Numbers(64, "row" + index, -0.4, 0.4).Select(value => (float)value)];
}
