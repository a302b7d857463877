using System.Numerics;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>What shapes say of a study.</summary>
/// <param name="Summaries">Estimates by population and measure.</param>
/// <param name="Figures">Panels and scatter.</param>
/// <param name="Remark">In words.</param>
/// <param name="Quality">Chamfer distance of each field's surface to the nearest test shape, by population; infinite without a surface.</param>
internal sealed record ShapeFindings(
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Estimate>> Summaries, IReadOnlyList<MethodFigure> Figures, string Remark, IReadOnlyDictionary<string, double[]> Quality)
{
    /// <summary>The measures with the performance of their fields: of the training networks that of the surfaces of their fields, not of the shapes these were fitted to.</summary>
    public IReadOnlyList<PopulationMeasures> Rated(IReadOnlyList<PopulationMeasures> measured) =>
        [.. measured.Select(m => m with { Performance = new Performance(PerformanceScale.ChamferToTest, Quality[m.Name == "training" ? "training-fields" : m.Name]) })];
}

/// <summary>
/// Makes a surface and a cloud of every field and compares them with those of training and test shapes (HyperDiffusion specification, sections 4 and 5). Clouds of
/// training and test shapes come from the shapes themselves; the population <c>training-fields</c> has the surfaces of the fields fitted to them, which is what
/// a copy of a field can reach at best.
/// </summary>
internal sealed class ShapeEvaluation(StudyContext context, FieldTarget target, IShapeSource source)
{
    private static readonly int[] Percentiles = [0, 25, 50, 75, 100];

    private static readonly string[] Shown = ["training", "heldout", "generated"];

    private readonly ShapeStudySettings _settings = context.Config.Shapes ?? new ShapeStudySettings();
    private readonly RandomStream _bootstrap = new(context.Config.Seed, "bootstrap of shapes"), _subsets = new(context.Config.Seed, "subsets of shapes");

    /// <summary>Measures populations of fields: training first.</summary>
    public ShapeFindings Run(IReadOnlyList<PopulationMeasures> measured)
    {
        string[] heldoutIds = [.. source.Validation, .. source.Test];
        CloudSet training = Clouds(source.Training), test = Clouds(heldoutIds);
        double[] trainingToTraining = training.Chamfer(context.Device, training), testToTest = test.Chamfer(context.Device, test);
        int[] trainingRows = [.. Enumerable.Range(0, training.Count)], testRows = [.. Enumerable.Range(0, test.Count)];
        var surfaces = new Dictionary<string, FieldSurfaces>();
        foreach (PopulationMeasures m in measured) surfaces[m.Name] = Surfaces(m.Name, m.Population);

        var sets = new List<ShapeSet> { new("training", training, trainingRows, null), new("training-fields", surfaces["training"].Clouds, null, null) };
        sets.AddRange(measured.Skip(1).Select(m => new ShapeSet(m.Name, surfaces[m.Name].Clouds, null, m.Name == "heldout" && m.Population.Count == test.Count ? testRows : null)));
        int equal = Math.Max(1, sets.Select(s => s.Clouds.Filled.Count).Where(n => n > 0).DefaultIfEmpty(1).Min());
        var summaries = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>();
        var scattered = new List<NoveltyPopulation>();
        var qualities = new Dictionary<string, double[]>();
        foreach (ShapeSet set in sets)
        {
            PopulationMeasures? fields = set.Name == "training-fields" ? null : measured.First(m => m.Name == set.Name);
            summaries[set.Name] = Summarize(set, fields, equal, training, test, testToTest, surfaces, scattered, qualities);
        }

        WriteMeshes(surfaces.GetValueOrDefault("generated"));
        List<MethodFigure> figures = [.. Panels(measured, surfaces, summaries)];
        if (scattered.Count > 0)
        {
            figures.Add(new MethodFigure(
                "shape-novelty", "Distance to test shapes against distance to training shapes",
                "Right is new, down is good. Chamfer distances of normalised clouds; training points are the shapes themselves, all others the surfaces of fields.",
                NoveltyPerformanceFigure.Draw(scattered, new RandomStream(context.Config.Seed, "scatter"), axes: NoveltyAxes.Shapes)));
        }

        return new ShapeFindings(summaries, figures, Remark(summaries), qualities);
    }

    private CloudSet Clouds(IReadOnlyList<string> ids)
    {
        var clouds = new float[]?[ids.Count];
        ShapeLoop.For(clouds.Length, i => clouds[i] = PointClouds.Normalize(source.Cloud(ids[i], _settings.CloudPoints)), CancellationToken.None);
        return new CloudSet(clouds);
    }

    /// <summary>The surface, the inside nodes and the cloud of every field of a population.</summary>
    private FieldSurfaces Surfaces(string name, Population population)
    {
        SampleGrid grid = SampleGrid.UnitCube(_settings.Nodes);
        var meshes = new MeshData[population.Count];
        var inside = new ulong[population.Count][];
        for (int i = 0; i < meshes.Length; i++)
        {
            float[] logits = _settings.ReferenceShear
                ? target.ShearedGridLogits(context.Device, population.Row(i), grid)
                : target.GridLogits(context.Device, population.Row(i), grid);
            bool sound = Array.TrueForAll(logits, float.IsFinite);
            meshes[i] = sound ? MarchingCubes.Extract(logits, grid, _settings.Level) : new MeshData([], []);
            inside[i] = new ulong[(logits.Length + 63) / 64];
            for (int n = 0; n < logits.Length; n++) inside[i][n >> 6] |= logits[n] > _settings.Level ? 1UL << (n & 63) : 0;
            context.Progress.Advance(i + 1, meshes.Length, $"surfaces of {name}");
        }

        return new FieldSurfaces(meshes, inside, CloudSet.OfMeshes(meshes, _settings.CloudPoints, new RandomStream(context.Config.Seed, "clouds of fields").Sub(name)));
    }

    private Dictionary<string, Estimate> Summarize(
        ShapeSet set, PopulationMeasures? fields, int equal, CloudSet training, CloudSet test, double[] testToTest, Dictionary<string, FieldSurfaces> surfaces,
        List<NoveltyPopulation> scattered, Dictionary<string, double[]> qualities)
    {
        var found = new Dictionary<string, Estimate>();
        const string Path = "chamfer f32 differences, f64 means";
        CloudSet clouds = set.Clouds;
        double[] toTraining = clouds.Chamfer(context.Device, training), toTest = clouds.Chamfer(context.Device, test);
        double[] novelty = CloudComparison.MinimumToReferences(toTraining, training.Count, set.OwnTraining);
        double[] quality = CloudComparison.MinimumToReferences(toTest, test.Count, set.OwnTest);
        Add("min_cd_train", novelty, Path);
        Add("min_cd_test", quality, Path);
        qualities[set.Name] = quality;
        int[] drawn = [.. Enumerable.Range(0, clouds.Count).Where(i => double.IsFinite(novelty[i]) && double.IsFinite(quality[i]))];
        if (drawn.Length > 0)
            scattered.Add(new NoveltyPopulation(set.Name, [.. drawn.Select(i => novelty[i])], [.. drawn.Select(i => quality[i])], set.Name == "training" ? "training shapes" : Reading.Label(set.Name)));

        // Minima over a population shrink with its size: all are compared as random subsets of one size.
        int[] subset = [.. _subsets.Sub(set.Name).Choose(clouds.Filled.Count, Math.Min(equal, clouds.Filled.Count)).Select(i => clouds.Filled[i]).Order()];
        if (subset.Length > 0)
        {
            double[] Rows(double[] matrix, int columns) => [.. subset.SelectMany(i => matrix[(i * columns)..((i + 1) * columns)])];
            int[]? Own(int[]? own) => own is null ? null : [.. subset.Select(i => own[i])];
            string of = $"{Path}; {subset.Length} shapes of each population";
            Add("mmd_test", CloudComparison.Matching(Rows(toTest, test.Count), test.Count, Own(set.OwnTest)), of);
            Add("mmd_train", CloudComparison.Matching(Rows(toTraining, training.Count), training.Count, Own(set.OwnTraining)), of);
            if (clouds.Filled.Count > subset.Length)
                Add("mmd_test_reference", CloudComparison.Matching(toTest, test.Count, set.OwnTest), $"{Path}; all {clouds.Count} shapes, as published");
            Add("coverage_test", CloudComparison.Covered(Rows(toTest, test.Count), test.Count, Own(set.OwnTest)), of);
            CloudSet part = clouds.Select(subset);
            double[] emd = EarthMover.Matrix(part, test, _settings.EarthMoverPoints, _subsets.Sub("earth mover " + set.Name));
            Add("mmd_emd_test", CloudComparison.Matching(emd, test.Count, Own(set.OwnTest)), $"exact assignment of {Math.Min(_settings.EarthMoverPoints, _settings.CloudPoints)} points; {subset.Length} shapes");
            if (set.OwnTest is null)
            {
                int pairs = Math.Min(subset.Length, test.Count);
                int[] refs = [.. _subsets.Sub("references").Choose(test.Count, pairs).Order()];
                CloudSet mine = clouds.Select(subset.Take(pairs));
                double[] across = mine.Chamfer(context.Device, test.Select(refs));
                double[] within = [.. refs.SelectMany(i => refs.Select(j => testToTest[i * test.Count + j]))];
                Add("one_nn_accuracy", CloudComparison.OwnKindNearest(mine.Chamfer(context.Device, mine), across, within), $"{Path}; {pairs} against {pairs}");
            }

            double[] among = clouds.Select(subset).Chamfer(context.Device, clouds.Select(subset));
            Add("pairwise_cd", [.. Enumerable.Range(0, subset.Length).Select(i => among.AsSpan(i * subset.Length, subset.Length).ToArray().Where((_, j) => j != i).DefaultIfEmpty(0).Average())], of);
        }

        if (set.Name != "training")
            Add("empty_meshes", [.. clouds.Clouds.Select(c => c is null ? 1.0 : 0)], "share of fields without a surface");
        if (fields is null) return found;
        if (fields.Population.Metrics.TryGetValue("iou", out float[]? fit)) Add("iou", Array.ConvertAll(fit, v => (double)v), "points within 0.01 of the surface, logit 0");
        ulong[][] nodes = surfaces[set.Name].Inside, reference = surfaces["training"].Inside;
        Add("iou_nearest", [.. Enumerable.Range(0, nodes.Length).Select(i => fields.MinL2.Index(i) is var j and >= 0 ? Overlap(nodes[i], reference[j]) : 0)],
            FormattableString.Invariant($"{_settings.Nodes} nodes each way, logit {_settings.Level}, nearest in L2"));
        return found;

        void Add(string measure, double[] values, string path)
        {
            double[] finite = [.. values.Where(double.IsFinite)];
            string counted = finite.Length < values.Length ? $"{path}; {values.Length - finite.Length} of {values.Length} infinite" : path;
            found[measure] = Bootstrap.Mean(finite, _bootstrap.Sub(set.Name).Sub(measure), context.Config.Resamples, path: counted);
        }
    }

    private static double Overlap(ulong[] a, ulong[] b)
    {
        long both = 0, either = 0;
        for (int i = 0; i < a.Length; i++) (both, either) = (both + BitOperations.PopCount(a[i] & b[i]), either + BitOperations.PopCount(a[i] | b[i]));
        return either == 0 ? 1 : (double)both / either;
    }

    private void WriteMeshes(FieldSurfaces? generated)
    {
        if (generated is null) return;
        string folder = context.Folder.File("meshes");
        Directory.CreateDirectory(folder);
        for (int i = 0; i < generated.Meshes.Length; i++) PlyFile.Write(Path.Combine(folder, $"generated-{i:D4}.ply"), generated.Meshes[i]);
    }

    private static IEnumerable<MethodFigure> Panels(
        IReadOnlyList<PopulationMeasures> measured, Dictionary<string, FieldSurfaces> surfaces, Dictionary<string, IReadOnlyDictionary<string, Estimate>> summaries)
    {
        MeshData[] training = surfaces["training"].Meshes;
        if (measured.FirstOrDefault(m => m.Name == "generated") is not { } generated) yield break;
        MeshData[] made = surfaces["generated"].Meshes;
        var rows = new List<IReadOnlyList<ShapeCell?>>();
        for (int i = 0; i < Math.Min(8, made.Length); i += 2) rows.Add([.. Pair(i), .. i + 1 < made.Length ? Pair(i + 1) : new ShapeCell?[2]]);
        yield return new MethodFigure(
            "shape-neighbours", "Generated shapes beside their nearest training shapes",
            "Each red shape stands left of the training field whose weights are nearest to its own. Where the two look alike, the generator has copied.",
            ShapePanelFigure.Draw(["generated", "nearest training", "generated", "nearest training"], rows, "Renders of generated shapes beside the training shapes with the nearest weights.", 2));

        int[] order = [.. Enumerable.Range(0, made.Length).OrderBy(i => generated.MinL2.Distance(i))];
        int[] at = [.. Percentiles.Select(p => order[(int)Math.Round(p / 100.0 * (order.Length - 1))])];
        yield return new MethodFigure(
            "shape-percentiles", "Generated shapes by distance to their nearest training network",
            "From the nearest to the farthest. Shapes at the far end are new only where they are still airplanes.",
            ShapePanelFigure.Draw(
                ["nearest", "25 %", "median", "75 %", "farthest"],
                [[.. at.Select(i => Pair(i)[0])], [.. at.Select(i => Pair(i)[1])]], "Renders of generated shapes by percentile of distance, above their nearest training shapes."));

        string[] names = [.. Shown.Concat(measured.Select(m => m.Name).Where(n => n.StartsWith("noise-", StringComparison.Ordinal))).Where(surfaces.ContainsKey)];
        yield return new MethodFigure(
            "shape-populations", "What the fields of each population look like", "Surfaces of the first fields of each population.",
            ShapePanelFigure.Draw(
                [.. names.Select(Reading.Label)],
                [.. Enumerable.Range(0, 3).Select(r => names.Select(n => r < surfaces[n].Meshes.Length ? new ShapeCell(surfaces[n].Meshes[r], Role(n), "") : null).ToArray())],
                "Renders of shapes of each population."));

        ShapeCell?[] Pair(int i)
        {
            int nearest = generated.MinL2.Index(i);
            return
            [
                new ShapeCell(made[i], ShapeRole.Generated, FormattableString.Invariant($"sample {i + 1}")),
                new ShapeCell(training[nearest], ShapeRole.Training, FormattableString.Invariant($"shape {nearest + 1}, L₂ {generated.MinL2.Distance(i):F2}")),
            ];
        }
    }

    private static ShapeRole Role(string name) => name switch
    {
        "training" => ShapeRole.Training,
        "heldout" => ShapeRole.HeldOut,
        "generated" => ShapeRole.Generated,
        _ => ShapeRole.Noise,
    };

    private static string Remark(Dictionary<string, IReadOnlyDictionary<string, Estimate>> found)
    {
        if (!found.TryGetValue("generated", out IReadOnlyDictionary<string, Estimate>? generated)) return "";
        Estimate empty = generated["empty_meshes"], novelty = generated["min_cd_train"], copies = found["training-fields"]["min_cd_train"], fresh = found["training"]["min_cd_train"];
        return FormattableString.Invariant(
            $"As shapes, {empty.N - Math.Round(empty.Mean * empty.N):F0} of {empty.N} generated fields have a surface. Their Chamfer distance to the nearest training shape is {novelty.Mean:F4} on average; the surface of a training field is {copies.Mean:F4} from its shapes, and training shapes are {fresh.Mean:F4} from each other. ")
            + FormattableString.Invariant($"From the nearest test shape they are {generated["min_cd_test"].Mean:F4} away, and the surfaces of training fields {found["training-fields"]["min_cd_test"].Mean:F4}: less is better. ")
            + FormattableString.Invariant($"Inside the cube they overlap with their nearest training field by {generated["iou_nearest"].Mean:F2} (training fields with each other: {found["training"]["iou_nearest"].Mean:F2}).");
    }

    /// <summary>A population's clouds, and which reference each shape is itself.</summary>
    private sealed record ShapeSet(string Name, CloudSet Clouds, int[]? OwnTraining, int[]? OwnTest);

    /// <summary>A population's surfaces.</summary>
    private sealed record FieldSurfaces(MeshData[] Meshes, ulong[][] Inside, CloudSet Clouds);
}
