using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Populations;

/// <summary>
/// Networks of one target as a matrix of weight rows <c>[count, parameters]</c>, with what is known of each: the run it belongs to,
/// the training step, a score, its error mask. The currency of every command.
/// </summary>
public sealed class Population
{
    /// <summary>A population of rows in state units (not normalised).</summary>
    /// <param name="target">Name of the target, such as <c>mlp-784-10-10</c>.</param>
    /// <param name="layout">The dense parameter layout of a row.</param>
    /// <param name="weights">All rows, one after the other.</param>
    /// <param name="run">Run of each row, or null when each row is a run of its own.</param>
    /// <param name="step">Training step of each row, or null for zeros.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public Population(string target, ParameterLayout layout, float[] weights, int[]? run = null, int[]? step = null)
    {
        if (layout.Extent != layout.Count) throw new ArgumentException("a population's layout is dense");
        if (layout.Count == 0 || weights.Length % layout.Count != 0)
            throw new ArgumentException($"{weights.Length} weights are no whole number of rows of {layout.Count} parameters");
        Target = target;
        Layout = layout;
        Weights = weights;
        Parameters = checked((int)layout.Count);
        Count = weights.Length / Parameters;
        Run = run ?? [.. Enumerable.Range(0, Count)];
        Step = step ?? new int[Count];
        if (Run.Length != Count || Step.Length != Count)
            throw new ArgumentException($"{Count} rows need as many runs and steps, not {Run.Length} and {Step.Length}");
    }

    /// <summary>Name of the target.</summary>
    public string Target { get; }

    /// <summary>Names, shapes and offsets within a row.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All rows, <c>[count, parameters]</c>.</summary>
    public float[] Weights { get; }

    /// <summary>Number of networks.</summary>
    public int Count { get; }

    /// <summary>Number of parameters of each.</summary>
    public int Parameters { get; }

    /// <summary>Run of each row: rows of one run are steps of one training.</summary>
    public int[] Run { get; }

    /// <summary>Training step of each row.</summary>
    public int[] Step { get; }

    /// <summary>Accuracy of each row in percent, when it has been measured.</summary>
    public float[]? Score { get; set; }

    /// <summary>Mean test cross-entropy of each row in nats, when it has been measured.</summary>
    public float[]? Loss { get; set; }

    /// <summary>Error masks, when they have been measured.</summary>
    public ErrorMasks? Wrong { get; set; }

    /// <summary>Further numbers of each row, by name, such as <c>train_loss</c>: as many values as there are rows.</summary>
    public Dictionary<string, float[]> Metrics { get; init; } = [];

    /// <summary>Where the population comes from: seeds, settings, hashes. Written to files as it stands.</summary>
    public Dictionary<string, string> Provenance { get; init; } = [];

    /// <summary>One row.</summary>
    public Span<float> Row(int index) => Weights.AsSpan(index * Parameters, Parameters);

    /// <summary>Number of different runs.</summary>
    public int RunCount => Run.Distinct().Count();

    /// <summary>Some rows in the given order, with everything known of them.</summary>
    public Population Select(ReadOnlySpan<int> rows)
    {
        var weights = new float[(long)rows.Length * Parameters];
        for (int i = 0; i < rows.Length; i++) Row(rows[i]).CopyTo(weights.AsSpan(i * Parameters));
        return PopulationFacts.Of(this).Select([.. rows]).With(weights);
    }

    /// <summary>The same networks with their parameters in another order, under another target's name.</summary>
    /// <param name="target">Name of the target.</param>
    /// <param name="layout">A dense layout of the same names and shapes.</param>
    /// <exception cref="KeyNotFoundException">A name is not there.</exception>
    public Population InLayout(string target, ParameterLayout layout)
    {
        if (target == Target && layout.Entries.SequenceEqual(Layout.Entries)) return this;
        var weights = new float[Weights.LongLength];
        for (int i = 0; i < Count; i++)
        {
            Span<float> to = weights.AsSpan(i * Parameters, Parameters);
            foreach (ParameterEntry entry in layout.Entries) Layout.Of(Row(i), entry.Name).CopyTo(layout.Of(to, entry.Name));
        }

        return new Population(target, layout, weights, Run, Step)
        {
            Metrics = Metrics,
            Score = Score,
            Loss = Loss,
            Wrong = Wrong,
            Provenance = new Dictionary<string, string>(Provenance),
        };
    }

    /// <summary>The last step of every run, in increasing run.</summary>
    public Population Finals() => Select(PopulationFacts.Of(this).FinalRows());

    /// <summary>The rows whose runs are in a set.</summary>
    public Population OfRuns(IReadOnlySet<int> runs) =>
        Select([.. Enumerable.Range(0, Count).Where(i => runs.Contains(Run[i]))]);

    /// <summary>One population of several, in the given order, such as the groups of a zoo: with what all of them know.</summary>
    /// <exception cref="ArgumentException">There is none, or they are of different targets.</exception>
    public static Population Join(IReadOnlyList<Population> parts)
    {
        if (parts.Count == 1) return parts[0];
        PopulationFacts facts = PopulationFacts.Join([.. parts.Select(PopulationFacts.Of)]);
        var weights = new float[parts.Sum(p => p.Weights.LongLength)];
        int at = 0;
        foreach (Population part in parts)
        {
            part.Weights.CopyTo(weights, at);
            at += part.Weights.Length;
        }

        return facts.With(weights);
    }
}
