namespace WeightMem.Evaluation.Reports;

/// <summary>A section of the page: one question, the figures and the tests that answer it.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Figures">Which figures stand there.</param>
/// <param name="Tests">What the names of its tests begin with.</param>
internal sealed record TestSection(string Heading, string Question, ReportSection Figures, IReadOnlyList<string> Tests)
{
    /// <summary>Whether a test of the generated networks stands here.</summary>
    public bool Has(string test) => !TestSections.IsVariant(test) && Tests.Any(t => test.StartsWith(t, StringComparison.Ordinal));
}

/// <summary>The sections in the order of the evaluation specification, section 12.</summary>
internal static class TestSections
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<TestSection> All { get; } =
    [
        new("Distances", "Are the generated networks nearer to the training networks than networks that no generator made?", ReportSection.Distances,
            ["data_copying", "duplicates", "cell_copying", "neighbour_ratio", "third_of_second", "support", "nearest_neighbour", "two_sample", "rescaling", "trajectory"]),
        new("Mixtures", "Are they made of training networks?", ReportSection.Mixtures, ["mixture", "contraction"]),
        new("Performance and novelty", "Are they better than trivial networks that are as new?", ReportSection.Performance,
            ["pass_rate", "matched_", "novelty_score", "score_distribution", "error_similarity"]),
        new("Function", "Do they do the same as a training network?", ReportSection.Function, ["disagreement", "functional_duplicates", "ensemble_gain", "barrier"]),
    ];

    /// <summary>Whether a test is of a further generated population: its name ends in what that one's name ends in, such as <c>-recursive</c>.</summary>
    public static bool IsVariant(string test) => test.Contains('-', StringComparison.Ordinal);

    /// <summary>Whether a test belongs to no section and to no further population.</summary>
    public static bool IsOther(string test) => !IsVariant(test) && !All.Any(s => s.Has(test));
}
