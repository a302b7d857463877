namespace WeightMem.Evaluation.Reports;

/// <summary>All that a report page says.</summary>
public sealed record ReportContent
{
    /// <summary>The title, such as <c>G.pt on Fashion-MNIST, preset small</c>.</summary>
    public required string Title { get; init; }

    /// <summary>One paragraph that answers the question: what the distances say.</summary>
    public required string Answer { get; init; }

    /// <summary>The numbers of the tables.</summary>
    public required EvaluationDocument Document { get; init; }

    /// <summary>The figures in order; the page numbers them.</summary>
    public IReadOnlyList<ReportFigure> Figures { get; init; } = [];

    /// <summary>Names for people, by population name; a population without one is shown by its own name.</summary>
    public IReadOnlyDictionary<string, string> PopulationLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>What was done otherwise than in the paper, one sentence each.</summary>
    public IReadOnlyList<string> Deviations { get; init; } = [];

    /// <summary>The command that repeats the run; null leaves it out.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Further files of the run beside the page, by relative path; <c>evaluation.json</c> is linked always.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}
