using System.Text.Json.Serialization;

namespace WeightMem.Evaluation.Reports;

/// <summary>An interval; in JSON the array <c>[lo, hi]</c>.</summary>
/// <param name="Lo">The lower end.</param>
/// <param name="Hi">The upper end.</param>
[JsonConverter(typeof(IntervalConverter))]
public readonly record struct Interval(double Lo, double Hi);

/// <summary>One statistical test: <c>tests.NAME</c> of <c>evaluation.json</c>.</summary>
public sealed record TestResult
{
    /// <summary>The statistic; NaN (null in JSON) where it is not defined.</summary>
    [JsonConverter(typeof(FiniteDoubleConverter))]
    public required double Value { get; init; }

    /// <summary>The 95 % interval of the statistic, if there is one.</summary>
    public Interval? Interval { get; init; }

    /// <summary>The p-value, if the test has one.</summary>
    [JsonConverter(typeof(FiniteDoubleConverter))]
    public double P { get; init; } = double.NaN;

    /// <summary>How many networks of the tested population took part.</summary>
    public required int N { get; init; }

    /// <summary>Further numbers of the test by name, such as <c>auc</c>, <c>floor</c> or <c>n_heldout</c>.</summary>
    public IReadOnlyDictionary<string, double?> Details { get; init; } = new Dictionary<string, double?>();

    /// <summary>What the number says, in one plain sentence.</summary>
    public required string Reading { get; init; }
}

/// <summary>What the whole evaluation says: <c>verdict</c> of <c>evaluation.json</c>.</summary>
/// <param name="Name">One word: <c>replica</c>, <c>interpolation</c>, <c>novel-and-useful</c> or <c>inconclusive</c>.</param>
/// <param name="Sentence">Why, in one plain sentence.</param>
public sealed record Verdict(string Name, string Sentence);

/// <summary>One judged population: <c>battery.NAME</c> of <c>evaluation.json</c>.</summary>
/// <param name="Role"><c>generated</c>, <c>baseline</c> or <c>control</c>.</param>
/// <param name="Verdict">One word, as in <see cref="Reports.Verdict"/>.</param>
/// <param name="Expected">Of a control the verdicts that are right; null of others.</param>
/// <param name="Values">Numbers by the name of their test; null for what there are too few networks for.</param>
public sealed record BatteryRow(string Role, string Verdict, IReadOnlyList<string>? Expected, IReadOnlyDictionary<string, double?> Values)
{
    /// <summary>Whether a control got a verdict that it must not get.</summary>
    [JsonIgnore]
    public bool IsWrong => Expected is { } expected && !expected.Contains(Verdict);
}
