using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Reports;
using WeightMem.Formats;
using WeightMem.Formats.Meshes;
using WeightMem.Models;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>One study of a sweep.</summary>
/// <param name="Name">Its folder, such as <c>layers-less</c>.</param>
/// <param name="Label">What the table calls it.</param>
/// <param name="Config">What is computed.</param>
/// <param name="TrainingRuns">Of the sweep's training runs, or of a single run's checkpoints, the first so many; null for all.</param>
/// <param name="Published">What the paper prints, where it has the study.</param>
/// <param name="IsRepetition">Whether the studies differ in a seed alone, so that they can be taken together.</param>
public sealed record SweepVariant(string Name, string Label, StudyConfig Config, int? TrainingRuns = null, PublishedFactor? Published = null, bool IsRepetition = false);

/// <summary>
/// Several studies that differ in one setting each, on one zoo, ending in a table. Each is a study of its own in a subfolder, with its own report; one that is finished is not run again.
/// </summary>
public static class StudySweep
{
    private const int GeneratorSeeds = 3;

    // What a zoo has beside its training and held-out networks.
    private static readonly string[] SharedFiles = ["heldout-later.h5", "pretrained.safetensors"];

    /// <summary>The sweeps by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["factors", "data-scaling", "data-scaling-epochs", "seeds", "permutations", "random-weights"];

    /// <summary>The studies of a sweep.</summary>
    /// <param name="sweep">One of <see cref="Names"/>.</param>
    /// <param name="config">The study that is varied.</param>
    /// <exception cref="ArgumentException">There is no such sweep, or not of the method.</exception>
    public static IReadOnlyList<SweepVariant> Variants(string sweep, StudyConfig config) => (sweep, config.Method) switch
    {
        ("factors", _) => ModellingFactors.Of(config),
        ("data-scaling", _) => DataScaling.Of(config, fixedEpochs: false),
        ("data-scaling-epochs", _) => DataScaling.Of(config, fixedEpochs: true),
        ("seeds", _) => Seeds(config),
        ("permutations", _) => FieldVariations.Permutations(config),
        ("random-weights", _) => FieldVariations.RandomWeights(config),
        _ => throw new ArgumentException($"there is no sweep {sweep}; there are {string.Join(", ", Names)}"),
    };

    /// <summary>Runs what is not done and writes <c>index.html</c>, <c>sweep.csv</c>, <c>sweep.md</c> and <c>figures/</c>.</summary>
    /// <param name="folder">The folder of the sweep.</param>
    /// <param name="variants">Its studies; the first one's zoo, or that of the one with most runs, is the zoo of all.</param>
    /// <param name="run">Runs one study in a folder that holds the zoo, or makes the zoo.</param>
    /// <param name="title">Title of the index page.</param>
    /// <param name="note">Told, in one line, when a stored result is damaged.</param>
    /// <returns>The table as text.</returns>
    /// <exception cref="RunFolderException">Another process works in the folder.</exception>
    public static string Run(string folder, IReadOnlyList<SweepVariant> variants, Func<StudyConfig, RunFolder, EvaluationDocument> run, string title, Action<string> note)
    {
        using FolderLock hold = FolderLock.Take(folder);
        var documents = new Dictionary<string, EvaluationDocument>();
        SweepVariant source = variants.MaxBy(v => v.TrainingRuns ?? int.MaxValue)!;
        foreach (SweepVariant variant in variants.OrderBy(v => v == source ? 0 : 1))
        {
            string path = Path.Combine(folder, variant.Name), done = Path.Combine(path, "evaluation.json");
            using RunFolder study = RunFolder.Open(path, variant.Config);
            if (variant != source) ShareZoo(Path.Combine(folder, source.Name), study, variant, note);
            documents[variant.Name] = StoredResult.ReadEvaluation(done, note) ?? run(variant.Config, study);
            Snapshots.DeletePrevious(study.Generator);
        }

        (string csv, string text) = SweepTable.Of(folder, variants, documents);
        AtomicFile.WriteText(Path.Combine(folder, "sweep.csv"), csv);
        AtomicFile.WriteText(Path.Combine(folder, "sweep.md"), text);
        IndexedStudy[] studies = [.. variants.Select(v => new IndexedStudy(v.Name, documents[v.Name]))];
        StudyIndex.Write(folder, title, studies, [.. Figures(folder, variants, studies)]);
        return text;
    }

    /// <summary>The generator trained from several seeds on the same networks: how much of a result is the seed's.</summary>
    private static IReadOnlyList<SweepVariant> Seeds(StudyConfig config) =>
        [.. Enumerable.Range(0, GeneratorSeeds).Select(i => new SweepVariant($"seed-{config.Seed + i}", $"generator's seed {config.Seed + i}", config.WithGeneratorSeed(config.Seed + i), IsRepetition: true))];

    /// <summary>
    /// The zoo of one study becomes that of another: the same held-out networks, all or the first of the training runs, or of a single run's checkpoints; layers made random where
    /// the other study says so.
    /// </summary>
    private static void ShareZoo(string source, RunFolder study, SweepVariant variant, Action<string> note)
    {
        if (StoredResult.IsWhole(study.Training, note) && StoredResult.IsWhole(study.Heldout, note)) return;
        var zoo = new StoredZoo(source);
        Population training = PopulationFile.Read(zoo.Training), heldout = PopulationFile.Read(zoo.Heldout);
        if (variant.TrainingRuns is { } count)
        {
            training = training.RunCount > 1
                ? training.OfRuns(training.Run.Distinct().Order().Take(count).ToHashSet())
                : training.Select([.. Enumerable.Range(0, Math.Min(count, training.Count))]);
        }

        if (variant.Config.Field is { RandomLayers: > 0 } field)
        {
            var target = TargetCatalog.Create<FieldTarget>(variant.Config.Target, null);
            foreach (Population fields in new[] { training, heldout }) FieldZoo.RandomizeLayers(fields, target, field.RandomLayers, variant.Config.Zoo.Seed);
        }

        foreach (string name in SharedFiles.Where(name => File.Exists(Path.Combine(source, name)))) File.Copy(Path.Combine(source, name), study.File(name), overwrite: true);
        PopulationFile.Write(study.Heldout, heldout);
        PopulationFile.Write(study.Training, training);
    }

    private static IEnumerable<ReportFigure> Figures(string folder, IReadOnlyList<SweepVariant> variants, IReadOnlyList<IndexedStudy> studies)
    {
        if (DataScaling.IsOf(variants))
        {
            yield return ReportFigure.Write(folder, "data-scaling", "Signs of copying against the number of training networks",
                "Dashed: what networks as new as held-out ones have. Where copying is learning by heart, the lines reach it as the training set grows.", DataScaling.Figure(variants, studies));
        }

        if (variants[0].Config.Method == "hyperdiffusion") yield return ReportFigure.Write(folder, "shapes", "Generated shapes", "Four of each study, a column each.", Shapes(folder, variants));
    }

    /// <summary>Four generated shapes of each study, a column each.</summary>
    private static Figure Shapes(string folder, IReadOnlyList<SweepVariant> variants)
    {
        const int Rows = 4;
        var rows = new ShapeCell?[Rows][];
        for (int r = 0; r < Rows; r++)
        {
            rows[r] = [.. variants.Select(v =>
            {
                string path = Path.Combine(folder, v.Name, "meshes", $"generated-{r:D4}.ply");
                return File.Exists(path) ? new ShapeCell(PlyFile.Read(path), ShapeRole.Generated, "") : null;
            })];
        }

        return ShapePanelFigure.Draw([.. variants.Select(v => v.Label)], rows, "Renders of shapes that the generators of the sweep made, a column each.");
    }
}
