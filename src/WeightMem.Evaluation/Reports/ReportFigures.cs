using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Judgements;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Reports;

/// <summary>The figures that every evaluation has, as far as its populations go.</summary>
internal static class ReportFigures
{
    private const int Shown = 3, GalleryResolution = 150;

    private static readonly double[] GalleryPercentiles = [0, 25, 50, 75, 100];

    /// <summary>Draws them in the order of the page.</summary>
    public static IEnumerable<(string Name, ReportSection Section, string Heading, string Caption, Figure Figure)> Draw(
        IReadOnlyList<PopulationMeasures> measured, Battery? battery, ReportContext context)
    {
        PopulationMeasures training = measured[0];
        PopulationMeasures? heldout = measured.FirstOrDefault(m => m.Name == "heldout" && m.Population.Count > 0), generated = measured.FirstOrDefault(m => m.Name == "generated" && m.Population.Count > 0);
        bool compared = generated is not null && training.Population.Count > 1;
        if (compared)
        {
            yield return (
                "min-distance-histogram", ReportSection.Distances, "Distance to the nearest training network",
                "Red left of blue and of the held-out line: generated networks sit closer to the training networks than independent networks do.",
                DistanceHistogramFigure.Draw(training.MinL2.Nearest(), generated!.MinL2.Nearest(), heldout is null ? [] : heldout.MinL2.Nearest()));
            if (training.MinL2Aligned is { } a && generated.MinL2Aligned is { } b)
            {
                yield return (
                    "min-distance-aligned-histogram", ReportSection.Distances, "The same distance up to a permutation of hidden units",
                    "Relabelling hidden units changes no function; what is novel only by its labels moves to the left here.",
                    DistanceHistogramFigure.Draw(
                        a.Neighbours.Nearest(), b.Neighbours.Nearest(), heldout?.MinL2Aligned is { } h ? h.Neighbours.Nearest() : [], aligned: true));
            }
        }

        if (battery is not null && Plane(battery) is { Count: > 0 } plane)
        {
            yield return (
                "interpolation-plane", ReportSection.Mixtures, "Copies, mixtures and new networks",
                "At the left below are copies, in the grey band mixtures of training networks, and where the dashed lines cross networks that are as new as " +
                (battery.HasHeldout ? "held-out ones" : "training networks are to each other") + ". Pale: controls whose place is known.",
                InterpolationPlaneFigure.Draw(plane, Thresholds.InterpolationResidual, new RandomStream(context.Seed, "plane")));
        }

        List<NoveltyPopulation> scattered = [.. measured.Where(m => m.Population.Count > 0 && m.MaxSimilarity is not null && m.Population.Score is not null && m.MaxSimilarity.Values.All(double.IsFinite))
            .Select(m => new NoveltyPopulation(m.Name, m.MaxSimilarity!.Values, Array.ConvertAll(m.Population.Score!, s => (double)s), Reading.Label(m.Name)))];
        if (scattered.Count > 1)
        {
            NoveltyLine[] lines = [.. battery?.Curves.Where(c => c.Family == "noise" && c.Similarities.All(g => g.Length > 0))
                .Select(c => new NoveltyLine(c.Family + "-curve", [.. c.Similarities.Select(g => g.Average())], [.. c.Scores.Select(g => g.Average())], "training + any noise")) ?? []];
            yield return (
                "performance-novelty", ReportSection.Performance, "Performance against novelty",
                "Left is new, up is good. A generator earns its keep where its points are above the line that noisy copies of training networks reach. Up to 100 networks of each population are drawn; the tests use all.",
                NoveltyPerformanceFigure.Draw(scattered, new RandomStream(context.Seed, "scatter"), 1 - training.Population.Score!.Average() / 100, lines: lines));
        }

        if (compared && context.Networks is { } networks)
        {
            var boundaries = new Boundaries(networks.Device, networks.Target, networks.Test, context.GridResolution);
            yield return (
                "decision-boundary", ReportSection.Function, "Decision boundaries of generated networks and their nearest training networks",
                "The plane of the first two principal components of the test images. Images there are blurred, so agreement on the test images says more.",
                boundaries.Pairs(generated!, training));
            yield return (
                "percentile-gallery", ReportSection.Function, "From the nearest generated network to the farthest",
                "Generated networks at 0, 25, 50, 75 and 100 % of the distances, above their nearest training networks. Far and good is new; far and bad is broken.",
                boundaries.Gallery(generated!, training));
        }

        if (compared)
        {
            yield return (
                "heatmap", ReportSection.Figures, "Weights of generated networks above their nearest training networks",
                "A first black row that equals the red one is a copy. The first three generated networks, 64 random parameters.", Heatmap(generated!, training, battery, context.Seed));
        }

        if (context.TrainingLoss.Count > 0)
        {
            yield return (
                "loss-curve", ReportSection.Figures, "Loss of the generator", "A test loss that rises while the training loss falls is learning by heart.",
                LossCurveFigure.Draw(context.TrainingLoss, context.TestLoss));
        }
    }

    private static List<PlanePopulation> Plane(Battery battery)
    {
        var populations = new List<PlanePopulation>();
        Yardstick fresh = battery.Yardstick;
        if (battery.HasHeldout && fresh.Distance > 0 && fresh.Residual > 0)
        {
            populations.Add(new PlanePopulation(
                "heldout", Array.ConvertAll(fresh.Distances, d => d / fresh.Distance), [.. fresh.Mixtures.Select(m => (m?.Residual ?? double.NaN) / fresh.Residual)],
                [.. fresh.Mixtures.Select(m => m?.EffectiveParents ?? double.NaN)], Reading.Label("heldout")));
        }

        foreach (Judgement j in battery.Judgements.Where(j => j.Role != PopulationRole.Baseline && j.Name is not "control-independent" and not "control-random-init"))
        {
            populations.Add(new PlanePopulation(
                j.Name, Array.ConvertAll(j.Weights.Distances, d => d / fresh.Distance), j.Weights.ResidualRatios, j.Weights.EffectiveParents, Reading.Label(j.Name), j.Role == PopulationRole.Control));
        }

        return [.. populations.Where(p => p.Distance.Length > 0 && p.Distance.Concat(p.Residual).Concat(p.Parents).All(double.IsFinite))];
    }

    private static Figure Heatmap(PopulationMeasures generated, PopulationMeasures training, Battery? battery, long seed)
    {
        Population all = training.Population;
        int[] parameters = HeatmapSelection.Parameters(all.Parameters, new RandomStream(seed, "heatmap parameters"));
        var blocks = new List<HeatmapBlock>();
        for (int i = 0; i < Math.Min(Shown, generated.Population.Count); i++)
        {
            Neighbours neighbours = generated.MinL2Aligned?.Neighbours ?? generated.MinL2;
            var rows = new List<HeatmapNeighbour>();
            for (int rank = 0; rank < Math.Min(Shown, neighbours.PerQuery) && neighbours.Index(i, rank) >= 0; rank++)
            {
                int index = neighbours.Index(i, rank);
                float[] row = generated.MinL2Aligned is { } aligned && battery?.Coordinates is { } coordinates
                    ? coordinates.Aligned(all.Row(index), aligned.Permutation(i, rank))
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

    /// <summary>Class maps of networks in the plane of the test images.</summary>
    private sealed class Boundaries(Device device, IImageTarget target, ImageSet test, int resolution)
    {
        private readonly PrincipalComponents _components = PrincipalComponents.Fit(test.Pixels, test.Features);

        public Figure Pairs(PopulationMeasures generated, PopulationMeasures training)
        {
            int[] first = [.. Enumerable.Range(0, Math.Min(Shown, generated.Population.Count))];
            DecisionGrid grid = DecisionGrid.Over(_components, test.Pixels, resolution);
            var extent = new BoundaryExtent(grid.Horizontal[0], grid.Horizontal[^1], grid.Vertical[0], grid.Vertical[^1]);
            return DecisionBoundaryFigure.Draw(Maps(grid, generated, training, first), grid.Resolution, extent, test.Classes);
        }

        public Figure Gallery(PopulationMeasures generated, PopulationMeasures training)
        {
            Neighbours neighbours = generated.MinL2Aligned?.Neighbours ?? generated.MinL2;
            double[] distances = neighbours.Nearest();
            int[] order = [.. Enumerable.Range(0, distances.Length).OrderBy(i => distances[i])];
            int[] chosen = [.. GalleryPercentiles.Select(p => order[(int)Math.Round(p / 100 * (order.Length - 1))])];
            DecisionGrid grid = DecisionGrid.Over(_components, test.Pixels, Math.Min(resolution, GalleryResolution));
            IReadOnlyList<BoundaryPair> maps = Maps(grid, generated, training, chosen);
            return PercentileGalleryFigure.Draw(
                [.. chosen.Select((row, i) => new GalleryEntry(
                    GalleryPercentiles[i], distances[row], generated.Population.Score is { } score ? score[row] : null, generated.MaxSimilarity is { } s ? s.Values[row] : null, maps[i]))],
                grid.Resolution);
        }

        private IReadOnlyList<BoundaryPair> Maps(DecisionGrid grid, PopulationMeasures generated, PopulationMeasures training, int[] rows)
        {
            Neighbours neighbours = generated.MinL2Aligned?.Neighbours ?? generated.MinL2;
            Population mine = generated.Population.Select(rows), theirs = training.Population.Select([.. rows.Select(i => neighbours.Index(i))]);
            float[] points = grid.Images();
            int[][] mineOnGrid = target.PredictLabels(device, mine, points), theirsOnGrid = target.PredictLabels(device, theirs, points);
            int[][] mineOnTest = target.PredictLabels(device, mine, test.Pixels), theirsOnTest = target.PredictLabels(device, theirs, test.Pixels);
            return [.. rows.Select((_, i) => new BoundaryPair(
                Array.ConvertAll(mineOnGrid[i], c => (byte)c), Array.ConvertAll(theirsOnGrid[i], c => (byte)c), DecisionGrid.Agreement(mineOnTest[i], theirsOnTest[i])))];
        }
    }
}
