using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Reports;

/// <summary>What a report is made of besides the measures.</summary>
public sealed record ReportContext
{
    /// <summary>Title of the page.</summary>
    public required string Title { get; init; }

    /// <summary>Seed of the choices that figures make.</summary>
    public long Seed { get; init; }

    /// <summary>How the numbers were made, by name.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; init; } = new Dictionary<string, string>();

    /// <summary>What was done otherwise than in the paper.</summary>
    public IReadOnlyList<string> Deviations { get; init; } = [];

    /// <summary>What the method's own populations say, after the answer.</summary>
    public string? Remark { get; init; }

    /// <summary>The command that repeats the run.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Target and images for decision boundaries; without them there is no such figure.</summary>
    public (Device Device, IImageTarget Target, ImageSet Test)? Networks { get; init; }

    /// <summary>Training loss by step, if there is any.</summary>
    public IReadOnlyList<LossPoint> TrainingLoss { get; init; } = [];

    /// <summary>Test loss by step, if there is any.</summary>
    public IReadOnlyList<LossPoint> TestLoss { get; init; } = [];
}

/// <summary>
/// Turns measures into what a reader gets: <c>evaluation.json</c>, the figures and <c>report.html</c>, all in one folder.
/// </summary>
public static class EvaluationReport
{
    private const int Shown = 3;

    /// <summary>Writes everything into a folder and returns the document.</summary>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="measured">What <see cref="Evaluator.Measure"/> returned: training first.</param>
    /// <param name="context">Title, provenance and so on.</param>
    public static EvaluationDocument Write(string folder, IReadOnlyList<PopulationMeasures> measured, ReportContext context)
    {
        EvaluationDocument document = Document(measured, context);
        var figures = new List<ReportFigure>();
        foreach ((string name, string heading, string caption, Figure figure) in Figures(measured, context))
        {
            FigureFiles.Write(Path.Combine(folder, "figures"), name, figure);
            figures.Add(ReportFigure.Of(heading, caption, figure, $"figures/{name}"));
        }

        ReportPage.Write(Path.Combine(folder, "report.html"), new ReportContent
        {
            Title = context.Title,
            Answer = context.Remark is { } remark ? Reading.Of(measured) + " " + remark : Reading.Of(measured),
            Document = document,
            Figures = figures,
            PopulationLabels = measured.ToDictionary(m => m.Name, m => Reading.Label(m.Name)),
            Deviations = context.Deviations,
            CommandLine = context.CommandLine,
        });
        document.Write(Path.Combine(folder, "evaluation.json")); // last: whoever finds it finds the rest
        return document;
    }

    private static EvaluationDocument Document(IReadOnlyList<PopulationMeasures> measured, ReportContext context)
    {
        var populations = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>();
        foreach (PopulationMeasures m in measured) populations[m.Name] = m.Summaries;
        return new EvaluationDocument { Populations = populations, Tests = Tests(measured), Provenance = context.Provenance };
    }

    private static Dictionary<string, TestResult> Tests(IReadOnlyList<PopulationMeasures> measured)
    {
        var tests = new Dictionary<string, TestResult>();
        PopulationMeasures? heldout = measured.FirstOrDefault(m => m.Name == "heldout");
        if (heldout is null) return tests;
        foreach (PopulationMeasures m in measured.Where(m => m.Name.StartsWith("generated", StringComparison.Ordinal)))
        {
            string suffix = m.Name == "generated" ? "" : m.Name["generated".Length..];
            if (MannWhitney.Compare(m.MinL2.Nearest(), heldout.MinL2.Nearest()) is { } plain) tests["data_copying" + suffix] = Copying(plain, "L2");
            if (m.MinL2Aligned is { } mine && heldout.MinL2Aligned is { } theirs
                && MannWhitney.Compare(mine.Neighbours.Nearest(), theirs.Neighbours.Nearest()) is { } aligned)
            {
                tests["data_copying_aligned" + suffix] = Copying(aligned, "permutation-aware L2");
            }
        }

        return tests;
    }

    private static TestResult Copying(MannWhitney test, string distance)
    {
        string closer = FormattableString.Invariant($"{100 * (1 - test.Auc):F0} % of pairs of a generated and a held-out network have the generated one closer to the training set ({distance})");
        // By the p-value and not by a fixed Z: with a few networks Z cannot leave [-3, 3] whatever the distances are.
        string reading = test.PValue > 0.01 ? "no clear difference between the distances of generated and of fresh networks to the training networks" :
            test.Z < 0 ? "generated networks lie closer to the training networks than fresh ones do" :
            "generated networks lie farther from the training networks than fresh ones do";
        return new TestResult
        {
            Value = test.Z,
            P = test.PValue,
            N = test.Generated,
            Details = new Dictionary<string, double?> { ["auc"] = test.Auc, ["floor"] = test.Floor, ["n_heldout"] = test.HeldOut },
            Reading = $"Z_U of Meehan et al.: {reading}; {closer}.",
        };
    }

    private static IEnumerable<(string Name, string Heading, string Caption, Figure Figure)> Figures(IReadOnlyList<PopulationMeasures> measured, ReportContext context)
    {
        PopulationMeasures training = measured[0];
        PopulationMeasures? heldout = measured.FirstOrDefault(m => m.Name == "heldout"), generated = measured.FirstOrDefault(m => m.Name == "generated");
        if (generated is not null && training.Population.Count > 1)
        {
            yield return (
                "min-distance-histogram", "Distance to the nearest training network",
                "Red left of blue and of the held-out line: generated networks sit closer to the training networks than independent networks do.",
                DistanceHistogramFigure.Draw(training.MinL2.Nearest(), generated.MinL2.Nearest(), heldout is null ? [] : heldout.MinL2.Nearest()));
            if (training.MinL2Aligned is { } a && generated.MinL2Aligned is { } b)
            {
                yield return (
                    "min-distance-aligned-histogram", "The same distance up to a permutation of hidden units",
                    "Relabelling hidden units changes no function; what is novel only by its labels moves to the left here.",
                    DistanceHistogramFigure.Draw(
                        a.Neighbours.Nearest(), b.Neighbours.Nearest(), heldout?.MinL2Aligned is { } h ? h.Neighbours.Nearest() : [], aligned: true));
            }

            yield return (
                "heatmap", "Weights of generated networks above their nearest training networks",
                "A first black row that equals the red one is a copy. The first three generated networks, 64 random parameters.", Heatmap(generated, training, context.Seed));
            if (context.Networks is { } networks)
            {
                yield return (
                    "decision-boundary", "Decision boundaries of generated networks and their nearest training networks",
                    "The plane of the first two principal components of the test images. Images there are blurred, so agreement on the test images says more.",
                    Boundaries(generated, training, networks.Device, networks.Target, networks.Test));
            }
        }

        List<NoveltyPopulation> scattered = [.. measured.Where(m => m.MaxSimilarity is not null && m.Population.Score is not null)
            .Select(m => new NoveltyPopulation(m.Name, m.MaxSimilarity!.Values, Array.ConvertAll(m.Population.Score!, s => (double)s), Reading.Label(m.Name)))];
        if (scattered.Count > 1)
        {
            yield return (
                "performance-novelty", "Performance against novelty",
                "Left is new, up is good. A generator earns its keep where its points are above, or left of, noisy copies. Up to 100 networks of each population are drawn; the table uses all.",
                NoveltyPerformanceFigure.Draw(scattered, new RandomStream(context.Seed, "scatter"), 1 - training.Population.Score!.Average() / 100));
        }

        if (context.TrainingLoss.Count > 0)
        {
            yield return (
                "loss-curve", "Loss of the generator", "A test loss that rises while the training loss falls is learning by heart.",
                LossCurveFigure.Draw(context.TrainingLoss, context.TestLoss));
        }
    }

    private static Figure Heatmap(PopulationMeasures generated, PopulationMeasures training, long seed)
    {
        Population all = training.Population;
        int[] parameters = HeatmapSelection.Parameters(all.Parameters, new RandomStream(seed, "heatmap parameters"));
        var blocks = new List<HeatmapBlock>();
        for (int i = 0; i < Math.Min(Shown, generated.Population.Count); i++)
        {
            Neighbours neighbours = generated.MinL2Aligned?.Neighbours ?? generated.MinL2;
            var rows = new List<HeatmapNeighbour>();
            for (int rank = 0; rank < Math.Min(Shown, neighbours.PerQuery); rank++)
            {
                int index = neighbours.Index(i, rank);
                float[] row = generated.MinL2Aligned is { } aligned
                    ? AlignedDistance.Align(all.Layout, all.Row(index), aligned.Permutation(i, rank))
                    : all.Row(index).ToArray();
                rows.Add(new HeatmapNeighbour($"run {all.Run[index]}", Pick(row, parameters), neighbours.Distance(i, rank)));
            }

            blocks.Add(new HeatmapBlock($"generated {i + 1}", Pick(generated.Population.Row(i), parameters), rows));
        }

        return HeatmapFigure.Draw(blocks, parameters, all.Parameters);
    }

    private static float[] Pick(ReadOnlySpan<float> row, int[] indices)
    {
        var picked = new float[indices.Length];
        for (int i = 0; i < indices.Length; i++) picked[i] = row[indices[i]];
        return picked;
    }

    private static Figure Boundaries(PopulationMeasures generated, PopulationMeasures training, Device device, IImageTarget target, ImageSet test)
    {
        int count = Math.Min(Shown, generated.Population.Count);
        Neighbours neighbours = generated.MinL2Aligned?.Neighbours ?? generated.MinL2;
        int[] first = [.. Enumerable.Range(0, count)], nearest = [.. first.Select(i => neighbours.Index(i))];
        PrincipalComponents components = PrincipalComponents.Fit(test.Pixels, test.Features);
        DecisionGrid grid = DecisionGrid.Over(components, test.Pixels);
        Population mine = generated.Population.Select(first), theirs = training.Population.Select(nearest);
        float[] points = grid.Images();
        int[][] mineOnGrid = target.PredictLabels(device, mine, points), theirsOnGrid = target.PredictLabels(device, theirs, points);
        int[][] mineOnTest = target.PredictLabels(device, mine, test.Pixels), theirsOnTest = target.PredictLabels(device, theirs, test.Pixels);
        var pairs = first.Select(i => new BoundaryPair(
            Array.ConvertAll(mineOnGrid[i], c => (byte)c), Array.ConvertAll(theirsOnGrid[i], c => (byte)c), DecisionGrid.Agreement(mineOnTest[i], theirsOnTest[i]))).ToList();
        var extent = new BoundaryExtent(grid.Horizontal[0], grid.Horizontal[^1], grid.Vertical[0], grid.Vertical[^1]);
        return DecisionBoundaryFigure.Draw(pairs, grid.Resolution, extent, test.Classes);
    }
}
