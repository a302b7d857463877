using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>One study of a series.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Label">What a table calls it.</param>
/// <param name="Config">What it computes.</param>
public sealed record Variation(string Name, string Label, StudyConfig Config);

/// <summary>
/// A series of studies of HyperDiffusion that differ in one thing and learn from the same fields: relabelled hidden units (<c>permutations</c>, evaluation
/// specification 7.5) and layers replaced by random ones (<c>random-weights</c>, 7.2). Each has a folder and a report of its own; a table and, for permutations, a panel of
/// shapes stand beside them.
/// </summary>
public static class VariationStudy
{
    private static readonly int[] AddedPermutations = [0, 1, 3, 7];

    private static readonly string[] Columns =
        ["min_l2", "min_l2_augmented", "mmd_test", "mmd_train", "empty_meshes", "pairwise_cd", "min_cd_train", "iou_nearest"];

    /// <summary>The series.</summary>
    public static IReadOnlyList<string> Names { get; } = ["permutations", "random-weights"];

    /// <summary>The studies of a series, the plain one first.</summary>
    /// <exception cref="ArgumentException">There is no series or preset of that name.</exception>
    public static IReadOnlyList<Variation> Of(string series, string preset, long seed)
    {
        StudyConfig plain = StudyPresets.Create("hyperdiffusion", preset).WithSeed(seed);
        FieldTarget target = TargetCatalog.Create<FieldTarget>(plain.Target, null);
        return series switch
        {
            "permutations" =>
            [
                new("plain", "no added permutation", plain),
                .. from mode in new[] { PermutationMode.Shared, PermutationMode.PerNet }
                   from count in AddedPermutations.Where(k => k > 0)
                   select new Variation(
                       $"{(mode == PermutationMode.Shared ? "shared" : "per-net")}-{count}", $"+{count}, {(mode == PermutationMode.Shared ? "shared" : "each its own")}",
                       plain with { HyperDiffusion = plain.HyperDiffusion! with { PermutationMode = mode, Permutations = count } }),
            ],
            "random-weights" =>
            [
                new("plain", "fitted fields", plain),
                .. new[] { 1, target.Net.Hidden + 1 }.Select(layers => new Variation(
                    $"random-{layers}", layers > target.Net.Hidden ? "all layers random" : $"last {layers} layer(s) random", plain with { Field = plain.Field! with { RandomLayers = layers } })),
            ],
            _ => throw new ArgumentException($"there is no series {series}; there are {string.Join(", ", Names)}"),
        };
    }

    /// <summary>Runs what is not done of a series, and writes <c>summary.csv</c> and, for permutations, <c>figures/permutations.*</c>.</summary>
    /// <param name="series">One of <see cref="Names"/>.</param>
    /// <param name="variations">Its studies.</param>
    /// <param name="root">Folder of the series; a folder of each study is made in it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="dataFolder">Folder of the data's files, or null.</param>
    /// <param name="commandLine">The command that repeats the series.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops; the same call goes on.</param>
    /// <returns>The documents by study.</returns>
    public static IReadOnlyDictionary<string, EvaluationDocument> Run(
        string series, IReadOnlyList<Variation> variations, string root, Device device, string? dataFolder, string commandLine, IStudyProgress progress,
        CancellationToken cancellation)
    {
        var documents = new Dictionary<string, EvaluationDocument>();
        foreach (Variation variation in variations)
        {
            progress.Note($"{series}: {variation.Label}");
            using RunFolder folder = RunFolder.Open(Path.Combine(root, variation.Name), variation.Config);
            if (documents.Count > 0) ShareFields(Path.Combine(root, variations[0].Name), folder, variation.Config);
            using var study = new Study(variation.Config, folder, device, dataFolder, commandLine, progress);
            documents[variation.Name] = File.Exists(folder.Evaluation) ? EvaluationDocument.Read(folder.Evaluation) : study.Run(cancellation);
        }

        WriteSummary(Path.Combine(root, "summary.csv"), variations, documents);
        if (series == "permutations") FigureFiles.Write(Path.Combine(root, "figures"), "permutations", Panel(variations, root));
        return documents;
    }

    /// <summary>Gives a study the fields that the first one fitted, changed as its configuration says: fitting them again would give the same bits.</summary>
    private static void ShareFields(string plain, RunFolder folder, StudyConfig config)
    {
        foreach ((string from, string to) in new[] { ("training.h5", folder.Training), ("heldout.h5", folder.Heldout) })
        {
            if (File.Exists(to)) continue;
            Population fields = PopulationFile.Read(Path.Combine(plain, from));
            if (config.Field is { RandomLayers: > 0 } field)
                FieldZoo.RandomizeLayers(fields, TargetCatalog.Create<FieldTarget>(config.Target, null), field.RandomLayers, config.Zoo.Seed);
            PopulationFile.Write(to, fields);
        }
    }

    private static void WriteSummary(string path, IReadOnlyList<Variation> variations, Dictionary<string, EvaluationDocument> documents)
    {
        var csv = new CsvText(["study", "population", "measure", "mean", "ci_low", "ci_high", "n"]);
        foreach (Variation variation in variations)
        {
            foreach ((string name, IReadOnlyDictionary<string, Estimate> measures) in documents[variation.Name].Populations)
            {
                foreach (string column in Columns.Where(measures.ContainsKey))
                {
                    Estimate e = measures[column];
                    csv.Add(variation.Label).Add(name).Add(column).Add(e.Mean).Add(e.CiLow ?? double.NaN).Add(e.CiHigh ?? double.NaN).Add(e.N).EndRow();
                }
            }

            foreach ((string name, TestResult test) in documents[variation.Name].Tests)
                csv.Add(variation.Label).Add("generated").Add(name).Add(test.Value).Add(double.NaN).Add(double.NaN).Add(test.N).EndRow();
        }

        AtomicFile.WriteText(path, csv.ToString());
    }

    /// <summary>Four generated shapes of each study, a column each.</summary>
    private static Figure Panel(IReadOnlyList<Variation> variations, string root)
    {
        const int Shapes = 4;
        var rows = new ShapeCell?[Shapes][];
        for (int r = 0; r < Shapes; r++)
        {
            rows[r] = [.. variations.Select(v =>
            {
                string path = Path.Combine(root, v.Name, "meshes", $"generated-{r:D4}.ply");
                return File.Exists(path) ? new ShapeCell(PlyFile.Read(path), ShapeRole.Generated, "") : null;
            })];
        }

        return ShapePanelFigure.Draw([.. variations.Select(v => v.Label)], rows, "Renders of generated shapes by the number of added permutations of hidden units.");
    }
}
