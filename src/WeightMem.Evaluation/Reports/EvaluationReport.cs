using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Judgements;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;
using WeightMem.Models.Data;
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

    /// <summary>A method's own tests, by name.</summary>
    public IReadOnlyDictionary<string, TestResult> Tests { get; init; } = new Dictionary<string, TestResult>();

    /// <summary>A method's own figures, after the common ones.</summary>
    public IReadOnlyList<MethodFigure> Figures { get; init; } = [];

    /// <summary>Points along each axis of decision boundaries.</summary>
    public int GridResolution { get; init; } = DecisionGrid.DefaultResolution;

    /// <summary>A method's own estimates, by population and measure; a population that was not measured otherwise gets a row of its own.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, Estimate>> Estimates { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>();

    /// <summary>Target and images, to run networks that controls need, compare functions and draw decision boundaries; without them weights alone speak.</summary>
    public (Device Device, IImageTarget Target, ImageSet Test)? Networks { get; init; }

    /// <summary>Where to compute when there are no <see cref="Networks"/>; a CPU device of its own if null.</summary>
    public Device? Device { get; init; }

    /// <summary>The target when there are no <see cref="Networks"/>: its symmetries and its initialisation. May be null.</summary>
    public ITarget? Target { get; init; }

    /// <summary>Resamples of every interval.</summary>
    public int Resamples { get; init; } = Bootstrap.DefaultResamples;

    /// <summary>Training loss by step, if there is any.</summary>
    public IReadOnlyList<LossPoint> TrainingLoss { get; init; } = [];

    /// <summary>Test loss by step, if there is any.</summary>
    public IReadOnlyList<LossPoint> TestLoss { get; init; } = [];
}

/// <summary>A figure that a method adds to its report.</summary>
/// <param name="Name">Name of its files.</param>
/// <param name="Heading">Its heading on the page.</param>
/// <param name="Caption">What to see in it.</param>
/// <param name="Figure">The figure.</param>
/// <param name="Section">Where on the page.</param>
public sealed record MethodFigure(string Name, string Heading, string Caption, Figure Figure, ReportSection Section = ReportSection.Figures);

/// <summary>
/// Turns measures into what a reader gets: the whole battery of tests, <c>evaluation.json</c>, <c>networks.csv</c>, the figures and <c>report.html</c>, all in one folder.
/// </summary>
public static class EvaluationReport
{
    /// <summary>Writes everything into a folder and returns the document.</summary>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="measured">What <see cref="Evaluator.Measure"/> returned: training first.</param>
    /// <param name="context">Title, provenance and so on.</param>
    public static EvaluationDocument Write(string folder, IReadOnlyList<PopulationMeasures> measured, ReportContext context)
    {
        using Device? own = context.Networks is null && context.Device is null ? new CpuDevice() : null;
        Device device = context.Networks?.Device ?? context.Device ?? own!;
        FunctionProbe? probe = context.Networks is { } networks ? new FunctionProbe(networks.Device, networks.Target, networks.Test) : null;
        (Battery? battery, string? missing) = Battery.Run(device, measured, probe, context.Target, context.Seed, context.Resamples);
        EvaluationDocument document = Document(measured, battery, missing, context);
        var figures = new List<ReportFigure>();
        foreach ((string name, ReportSection section, string heading, string caption, Figure figure) in
            ReportFigures.Draw(measured, battery, context).Concat(context.Figures.Select(f => (f.Name, f.Section, f.Heading, f.Caption, f.Figure))))
        {
            figures.Add(ReportFigure.Write(folder, name, heading, caption, figure, section));
        }

        AtomicFile.WriteText(Path.Combine(folder, "networks.csv"), NetworkTable.Of(measured, battery));
        ReportPage.Write(Path.Combine(folder, "report.html"), new ReportContent
        {
            Title = context.Title,
            Answer = context.Remark is { } remark ? Reading.Of(measured) + " " + remark : Reading.Of(measured),
            Document = document,
            Figures = figures,
            PopulationLabels = Labels(document),
            Deviations = context.Deviations,
            CommandLine = context.CommandLine,
            Files = ["networks.csv"],
        });
        document.Write(Path.Combine(folder, "evaluation.json")); // last: whoever finds it finds the rest
        return document;
    }

    private static EvaluationDocument Document(IReadOnlyList<PopulationMeasures> measured, Battery? battery, string? missing, ReportContext context)
    {
        var populations = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>();
        foreach (PopulationMeasures m in measured) populations[m.Name] = m.Summaries;
        foreach ((string name, IReadOnlyDictionary<string, Estimate> further) in context.Estimates)
        {
            var joined = new Dictionary<string, Estimate>(populations.GetValueOrDefault(name) ?? new Dictionary<string, Estimate>());
            foreach ((string measure, Estimate estimate) in further) joined[measure] = estimate;
            populations[name] = joined;
        }

        Judgement[] generated = [.. battery?.Judgements.Where(j => j.Role == PopulationRole.Generated) ?? []];
        Judgement? main = generated.FirstOrDefault(j => j.Name == "generated") ?? generated.FirstOrDefault();
        return new EvaluationDocument
        {
            Populations = populations,
            Tests = Tests(generated, main, context.Tests),
            Battery = battery?.Judgements.ToDictionary(j => j.Name, j => new BatteryRow(j.Role.ToString().ToLowerInvariant(), j.Verdict.Name, j.Expected, j.Values)) ?? [],
            Verdict = main?.Verdict ?? (missing is null ? null : new Verdict("inconclusive", missing)),
            Provenance = context.Provenance,
        };
    }

    /// <summary>The tests of all generated populations, with p-values corrected for their number (Holm).</summary>
    private static Dictionary<string, TestResult> Tests(Judgement[] generated, Judgement? main, IReadOnlyDictionary<string, TestResult> further)
    {
        (string Name, TestResult Test)[] all = [.. generated.SelectMany(j => j.Tests.Select(t => (t.Key + (j == main ? "" : Suffix(j.Name)), t.Value)))];
        double[] adjusted = Holm.Adjust([.. all.Select(t => t.Test.P)]);
        var tests = new Dictionary<string, TestResult>(further);
        for (int i = 0; i < all.Length; i++)
        {
            (string name, TestResult test) = all[i];
            tests[name] = double.IsNaN(test.P) ? test : test with { Details = new Dictionary<string, double?>(test.Details) { ["p_holm"] = adjusted[i] } };
        }

        return tests;

        static string Suffix(string name) => name.StartsWith("generated", StringComparison.Ordinal) ? name["generated".Length..] : "-" + name;
    }

    private static Dictionary<string, string> Labels(EvaluationDocument document) =>
        document.Populations.Keys.Union(document.Battery.Keys).ToDictionary(name => name, Reading.Label);
}
