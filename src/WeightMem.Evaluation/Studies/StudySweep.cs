using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>One study of a sweep.</summary>
/// <param name="Name">Its folder, such as <c>layers-less</c>.</param>
/// <param name="Label">What the table calls it.</param>
/// <param name="Config">What is computed.</param>
/// <param name="TrainingRuns">Of the sweep's training runs the first so many; null for all.</param>
/// <param name="Published">The paper's accuracy and mean distance to the nearest training network, where it has them.</param>
public sealed record SweepVariant(string Name, string Label, StudyConfig Config, int? TrainingRuns = null, (double Accuracy, double Distance)? Published = null);

/// <summary>
/// Several studies that differ in one setting each, on one zoo, ending in a table. Each is a study of its own in a subfolder, with its own report; one that is finished is not run again.
/// </summary>
public static class StudySweep
{
    /// <summary>The sweeps by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["factors", "data-scaling"];

    /// <summary>The studies of a sweep.</summary>
    /// <param name="sweep">One of <see cref="Names"/>.</param>
    /// <param name="config">The study that is varied.</param>
    /// <exception cref="ArgumentException">There is no such sweep, or the method's has not been defined.</exception>
    public static IReadOnlyList<SweepVariant> Variants(string sweep, StudyConfig config) => (sweep, config.Method) switch
    {
        ("factors", "gpt") => GptFactors.Of(config),
        ("factors", _) => throw new ArgumentException($"modelling factors of {config.Method} are not defined; there are those of gpt"),
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

    /// <summary>Nested subsets by runs, 1/8, 1/4, 1/2 and all of the training runs, with the same held-out runs and the same number of training steps.</summary>
    private static IReadOnlyList<SweepVariant> DataScaling(StudyConfig config)
    {
        int runs = config.Zoo.Runs - config.HeldoutRuns;
        int[] sizes = [.. new[] { runs / 8, runs / 4, runs / 2, runs }.Where(n => n >= 2).Distinct()];
        return [.. sizes.Select(n => new SweepVariant(
            $"runs-{n}", $"{n} training runs", n == runs ? config : config with { GeneratedFromKnownStarts = Math.Min(config.GeneratedFromKnownStarts, n), Deviations = [.. config.Deviations, $"Trained on the first {n} of {runs} training runs of one zoo; the held-out runs are the same for all sizes."] }, n))];
    }

    /// <summary>The zoo of one study becomes that of another: the same held-out runs, all or the first of the training runs.</summary>
    private static void ShareZoo(string source, RunFolder study, int? runs)
    {
        string training = Path.Combine(source, "training.h5"), heldout = Path.Combine(source, "heldout.h5");
        if (File.Exists(study.Training) && File.Exists(study.Heldout)) return;
        Population all = PopulationFile.Read(training);
        if (runs is { } count) all = all.OfRuns(all.Run.Distinct().Order().Take(count).ToHashSet());
        PopulationFile.Write(study.Heldout, PopulationFile.Read(heldout));
        PopulationFile.Write(study.Training, all);
    }

    private static (string Csv, string Text) Table(IReadOnlyList<SweepVariant> variants, Dictionary<string, EvaluationDocument> documents)
    {
        var csv = new Figures.CsvText(
            "variant", "label", "accuracy", "accuracy_low", "accuracy_high", "n", "min_l2", "min_l2_low", "min_l2_high", "z_u", "auc", "duplicate_rate", "verdict", "paper_accuracy", "paper_min_l2");
        var text = new System.Text.StringBuilder("| variant | accuracy % | min L2 | n | Z_U | AUC | duplicates | verdict | paper: accuracy | paper: min L2 |\n|---|---|---|---|---|---|---|---|---|---|\n");
        Row("training networks", "training", null, new IndexedStudy("training", documents[variants[0].Name]), variants[0].Published is null ? null : GptFactors.PublishedTraining);
        foreach (SweepVariant v in variants) Row(v.Label, "generated", v.Name, new IndexedStudy(v.Name, documents[v.Name]), v.Published);
        return (csv.ToString(), text.ToString());

        void Row(string label, string population, string? name, IndexedStudy study, (double Accuracy, double Distance)? published)
        {
            Estimate? accuracy = study.Measure(population, "accuracy"), distance = study.Measure(population, "min_l2_aligned") ?? study.Measure(population, "min_l2");
            double? z = name is null ? null : study.Value("z_u"), auc = name is null ? null : study.Value("auc"), duplicates = name is null ? null : study.Value("duplicate_rate");
            string verdict = name is null ? "" : study.Document.Verdict?.Name ?? "";
            csv.Add(name ?? "training").Add(label).Add(accuracy?.Mean ?? double.NaN).Add(accuracy?.CiLow ?? double.NaN).Add(accuracy?.CiHigh ?? double.NaN).Add(distance?.N ?? 0)
                .Add(distance?.Mean ?? double.NaN).Add(distance?.CiLow ?? double.NaN).Add(distance?.CiHigh ?? double.NaN).Add(z ?? double.NaN).Add(auc ?? double.NaN).Add(duplicates ?? double.NaN).Add(verdict)
                .Add(published?.Accuracy ?? double.NaN).Add(published?.Distance ?? double.NaN).EndRow();
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {label} | {Cell(accuracy, "F1")} | {Cell(distance, "F2")} | {distance?.N ?? 0} | {Text(z, "F1")} | {Text(auc, "F2")} | {Text(duplicates, "F2")} | {verdict} | {Text(published?.Accuracy, "F1")} | {Text(published?.Distance, "F2")} |\n");
        }

        static string Text(double? value, string format) => value is { } number && double.IsFinite(number) ? number.ToString(format, System.Globalization.CultureInfo.InvariantCulture) : "";

        static string Cell(Estimate? e, string format) => e is null ? "" : e is { CiLow: { } low, CiHigh: { } high } ? $"{Text(e.Mean, format)} [{Text(low, format)}, {Text(high, format)}]" : Text(e.Mean, format);
    }
}
