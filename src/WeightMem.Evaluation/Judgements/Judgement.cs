using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;

namespace WeightMem.Evaluation.Judgements;

/// <summary>What a population is in an evaluation.</summary>
internal enum PopulationRole
{
    /// <summary>What a generator made.</summary>
    Generated,

    /// <summary>A trivial generator that the study compares with.</summary>
    Baseline,

    /// <summary>A population whose verdict is known beforehand: it shows that the tests work on these networks.</summary>
    Control,
}

/// <summary>Everything that is said of one population.</summary>
internal sealed record Judgement
{
    /// <summary>The population's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required PopulationRole Role { get; init; }

    /// <summary>The verdict by fixed thresholds.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Of a control: the verdicts that are right.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    /// <summary>The numbers of all tests by name; null for what there are too few networks for.</summary>
    public required IReadOnlyDictionary<string, double?> Values { get; init; }

    /// <summary>The tests with intervals, p-values and readings.</summary>
    public IReadOnlyDictionary<string, TestResult> Tests { get; init; } = new Dictionary<string, TestResult>();

    /// <summary>What was measured of the population.</summary>
    public required PopulationMeasures Measures { get; init; }

    /// <summary>What its weights say, as they are.</summary>
    public required WeightStatistics Raw { get; init; }

    /// <summary>What its weights say up to the order of hidden units.</summary>
    public WeightStatistics? Aligned { get; init; }

    /// <summary>In the coordinates that tests of distance speak of: aligned where there is an alignment.</summary>
    public WeightStatistics Weights => Aligned ?? Raw;
}
