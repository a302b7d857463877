using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Populations;

/// <summary>Everything of a population but its weights.</summary>
internal sealed record PopulationFacts(string Target, ParameterLayout Layout, int[] Run, int[] Step)
{
    /// <summary>Accuracy of each row in percent, where measured.</summary>
    public float[]? Score { get; init; }

    /// <summary>Mean test cross-entropy of each row in nats, where measured.</summary>
    public float[]? Loss { get; init; }

    /// <summary>Error masks, where measured.</summary>
    public ErrorMasks? Wrong { get; init; }

    /// <summary>Further numbers of each row, by name.</summary>
    public Dictionary<string, float[]> Metrics { get; init; } = [];

    /// <summary>Where the population comes from.</summary>
    public Dictionary<string, string> Provenance { get; init; } = [];

    /// <summary>Number of rows.</summary>
    public int Count => Run.Length;

    /// <summary>Number of weights of a row.</summary>
    public int Parameters => (int)Layout.Count;

    /// <summary>What is known of a population.</summary>
    public static PopulationFacts Of(Population population) => new(population.Target, population.Layout, population.Run, population.Step)
    {
        Score = population.Score,
        Loss = population.Loss,
        Wrong = population.Wrong,
        Metrics = population.Metrics,
        Provenance = population.Provenance,
    };

    /// <summary>The facts of the rows of several populations in the given order: what all of them know.</summary>
    /// <exception cref="ArgumentException">There is none, or they are of different targets.</exception>
    public static PopulationFacts Join(IReadOnlyList<PopulationFacts> parts)
    {
        if (parts.Count == 0) throw new ArgumentException("no populations to join");
        PopulationFacts first = parts[0];
        if (parts.Count == 1) return first;
        if (parts.FirstOrDefault(p => p.Target != first.Target || p.Parameters != first.Parameters) is { } other)
            throw new ArgumentException($"populations of {first.Target} and {other.Target} cannot be joined");

        var metrics = new Dictionary<string, float[]>();
        foreach (string name in first.Metrics.Keys)
        {
            if (parts.All(p => p.Metrics.ContainsKey(name))) metrics[name] = [.. parts.SelectMany(p => p.Metrics[name])];
        }

        int? images = parts.All(p => p.Wrong is not null && p.Wrong.Images == first.Wrong?.Images) ? first.Wrong!.Images : null;
        int[] run = [.. parts.SelectMany(p => p.Run)];
        return new PopulationFacts(first.Target, first.Layout, run, [.. parts.SelectMany(p => p.Step)])
        {
            Score = parts.All(p => p.Score is not null) ? [.. parts.SelectMany(p => p.Score!)] : null,
            Loss = parts.All(p => p.Loss is not null) ? [.. parts.SelectMany(p => p.Loss!)] : null,
            Wrong = images is null ? null : new ErrorMasks([.. parts.SelectMany(p => p.Wrong!.Words)], run.Length, images.Value),
            Metrics = metrics,
            Provenance = new Dictionary<string, string>(first.Provenance),
        };
    }

    /// <summary>
    /// What keeps two parts from being parts of one population, or null. Where they were made may differ: a provenance that ends in
    /// <c>.device</c> is not compared.
    /// </summary>
    public string? DifferenceTo(PopulationFacts other)
    {
        if (Target != other.Target) return "target";
        if (!Layout.Entries.SequenceEqual(other.Layout.Entries)) return "parameter layout";
        return Provenance.Keys.Union(other.Provenance.Keys).Order(StringComparer.Ordinal).FirstOrDefault(key =>
            !key.EndsWith(".device", StringComparison.Ordinal) && Provenance.GetValueOrDefault(key) != other.Provenance.GetValueOrDefault(key));
    }

    /// <summary>The row of the last step of every run, in increasing run.</summary>
    public int[] FinalRows()
    {
        var last = new SortedDictionary<int, int>();
        for (int i = 0; i < Count; i++)
        {
            if (!last.TryGetValue(Run[i], out int best) || Step[i] > Step[best]) last[Run[i]] = i;
        }

        return [.. last.Values];
    }

    /// <summary>What is known of some rows, in the given order.</summary>
    public PopulationFacts Select(int[] rows) => new(Target, Layout, Pick(Run, rows), Pick(Step, rows))
    {
        Score = Score is null ? null : Pick(Score, rows),
        Loss = Loss is null ? null : Pick(Loss, rows),
        Wrong = Wrong?.Select(rows),
        Metrics = Metrics.ToDictionary(m => m.Key, m => Pick(m.Value, rows)),
        Provenance = new Dictionary<string, string>(Provenance),
    };

    /// <summary>The population with these weights.</summary>
    public Population With(float[] weights) => new(Target, Layout, weights, Run, Step)
    {
        Score = Score,
        Loss = Loss,
        Wrong = Wrong,
        Metrics = Metrics,
        Provenance = Provenance,
    };

    private static T[] Pick<T>(T[] values, int[] rows) => [.. rows.Select(row => values[row])];
}
