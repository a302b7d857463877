using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>One study of a sweep.</summary>
/// <param name="Name">Its folder, such as <c>layers-less</c>.</param>
/// <param name="Label">What the table calls it.</param>
/// <param name="Config">What is computed.</param>
/// <param name="TrainingRuns">Of the sweep's training runs, or of a single run's checkpoints, the first so many; null for all.</param>
/// <param name="Published">What the paper prints, where it has the study.</param>
public sealed record SweepVariant(string Name, string Label, StudyConfig Config, int? TrainingRuns = null, PublishedFactor? Published = null);

/// <summary>
/// Several studies that differ in one setting each, on one zoo, ending in a table. Each is a study of its own in a subfolder, with its own report; one that is finished is not run again.
/// </summary>
public static class StudySweep
{
    // Beside the training networks, which may be a part.
    private static readonly string[] SharedFiles = ["heldout.h5", "heldout-later.h5", "pretrained.safetensors"];

    /// <summary>The sweeps by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["factors", "data-scaling"];

    /// <summary>The studies of a sweep.</summary>
    /// <param name="sweep">One of <see cref="Names"/>.</param>
    /// <param name="config">The study that is varied.</param>
    /// <exception cref="ArgumentException">There is no such sweep.</exception>
    public static IReadOnlyList<SweepVariant> Variants(string sweep, StudyConfig config) => (sweep, config.Method) switch
    {
        ("factors", _) => ModellingFactors.Of(config),
        ("data-scaling", _) => DataScaling(config),
        _ => throw new ArgumentException($"there is no sweep {sweep}; there are {string.Join(", ", Names)}"),
    };

    /// <summary>Runs what is not done and writes <c>index.html</c>, <c>sweep.csv</c> and <c>sweep.md</c>.</summary>
    /// <param name="folder">The folder of the sweep.</param>
    /// <param name="variants">Its studies; the first one's zoo, or that of the one with most runs, is the zoo of all.</param>
    /// <param name="run">Runs one study in a folder that holds the zoo, or makes the zoo.</param>
    /// <param name="title">Title of the index page.</param>
    /// <returns>The table as text.</returns>
    public static string Run(string folder, IReadOnlyList<SweepVariant> variants, Func<StudyConfig, RunFolder, EvaluationDocument> run, string title)
    {
        var documents = new Dictionary<string, EvaluationDocument>();
        SweepVariant source = variants.MaxBy(v => v.TrainingRuns ?? int.MaxValue)!;
        foreach (SweepVariant variant in variants.OrderBy(v => v == source ? 0 : 1))
        {
            string path = Path.Combine(folder, variant.Name), done = Path.Combine(path, "evaluation.json");
            using RunFolder study = RunFolder.Open(path, variant.Config);
            if (variant != source) ShareZoo(Path.Combine(folder, source.Name), study, variant.TrainingRuns);
            documents[variant.Name] = File.Exists(done) ? EvaluationDocument.Read(done) : run(variant.Config, study);
        }

        (string csv, string text) = Table(variants, documents);
        AtomicFile.WriteText(Path.Combine(folder, "sweep.csv"), csv);
        AtomicFile.WriteText(Path.Combine(folder, "sweep.md"), text);
        StudyIndex.Write(folder, title, [.. variants.Select(v => new IndexedStudy(v.Name, documents[v.Name]))]);
        return text;
    }

    /// <summary>
    /// Nested subsets, 1/8, 1/4, 1/2 and all of the training runs, or of the checkpoints where there is one run; the same held-out networks and the same number of training steps.
    /// </summary>
    private static IReadOnlyList<SweepVariant> DataScaling(StudyConfig config)
    {
        (int all, string what) = config.Trajectory is { } trajectory ? (trajectory.Checkpoints, "checkpoints") : (config.Zoo.Runs - config.HeldoutRuns, "runs");
        int[] sizes = [.. new[] { all / 8, all / 4, all / 2, all }.Where(n => n >= 2).Distinct()];
        return [.. sizes.Select(n => new SweepVariant(
            $"{what}-{n}", $"{n} training {what}",
            n == all
                ? config
                : config with { GeneratedFromKnownStarts = Math.Min(config.GeneratedFromKnownStarts, n), Deviations = [.. config.Deviations, $"Trained on the first {n} of {all} training {what} of one zoo; the held-out networks are the same for all sizes."] },
            n))];
    }

    /// <summary>The zoo of one study becomes that of another: the same held-out networks, all or the first of the training runs, or of a single run's checkpoints.</summary>
    private static void ShareZoo(string source, RunFolder study, int? share)
    {
        if (File.Exists(study.Training) && File.Exists(study.Heldout)) return;
        Population all = PopulationFile.Read(Path.Combine(source, "training.h5"));
        if (share is { } count)
            all = all.RunCount > 1 ? all.OfRuns(all.Run.Distinct().Order().Take(count).ToHashSet()) : all.Select([.. Enumerable.Range(0, Math.Min(count, all.Count))]);
        foreach (string name in SharedFiles.Where(name => File.Exists(Path.Combine(source, name))))
            File.Copy(Path.Combine(source, name), study.File(name), overwrite: true);
        PopulationFile.Write(study.Training, all);
    }

    private static (string Csv, string Text) Table(IReadOnlyList<SweepVariant> variants, Dictionary<string, EvaluationDocument> documents)
    {
        // Shapes have no accuracy: their quality is the distance at which test shapes find a like one.
        bool areShapes = variants[0].Config.Method == "hyperdiffusion";
        (string quality, string heading, string format) = areShapes ? ("mmd_test", "MMD", "F4") : ("accuracy", "accuracy %", "F1");
        var csv = new Figures.CsvText(
            "variant", "label", "quality", "quality_low", "quality_high", "n", "min_l2", "min_l2_low", "min_l2_high", "z_u", "auc", "duplicate_rate", "verdict", "paper_quality", "paper_min_l2");
        var text = new System.Text.StringBuilder($"| variant | {heading} | min L2 | n | Z_U | AUC | duplicates | verdict | paper: {heading} | paper: min L2 |\n|---|---|---|---|---|---|---|---|---|---|\n");
        Row("training networks", "training", null, new IndexedStudy("training", documents[variants[0].Name]), variants[0].Published is null ? null : ModellingFactors.Training(variants[0].Config.Method));
        foreach (SweepVariant v in variants) Row(v.Label, "generated", v.Name, new IndexedStudy(v.Name, documents[v.Name]), v.Published);
        return (csv.ToString(), text.ToString());

        void Row(string label, string population, string? name, IndexedStudy study, PublishedFactor? published)
        {
            Estimate? value = study.Measure(population, quality), distance = study.Measure(population, "min_l2");
            double? z = name is null ? null : study.Value("z_u"), auc = name is null ? null : study.Value("auc"), duplicates = name is null ? null : study.Value("duplicate_rate");
            string verdict = name is null ? "" : study.Document.Verdict?.Name ?? "";
            csv.Add(name ?? "training").Add(label).Add(value?.Mean ?? double.NaN).Add(value?.CiLow ?? double.NaN).Add(value?.CiHigh ?? double.NaN).Add(distance?.N ?? 0)
                .Add(distance?.Mean ?? double.NaN).Add(distance?.CiLow ?? double.NaN).Add(distance?.CiHigh ?? double.NaN).Add(z ?? double.NaN).Add(auc ?? double.NaN).Add(duplicates ?? double.NaN).Add(verdict)
                .Add(published?.Quality ?? double.NaN).Add(published?.Distance ?? double.NaN).EndRow();
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {label} | {Cell(value, format)} | {Cell(distance, "F2")} | {distance?.N ?? 0} | {Text(z, "F1")} | {Text(auc, "F2")} | {Text(duplicates, "F2")} | {verdict} | {Text(published?.Quality, areShapes ? "F3" : format)} | {Text(published?.Distance, "F2")} |\n");
        }

        static string Text(double? value, string format) => value is { } number && double.IsFinite(number) ? number.ToString(format, System.Globalization.CultureInfo.InvariantCulture) : "";

        static string Cell(Estimate? e, string format) => e is null ? "" : e is { CiLow: { } low, CiHigh: { } high } ? $"{Text(e.Mean, format)} [{Text(low, format)}, {Text(high, format)}]" : Text(e.Mean, format);
    }
}
