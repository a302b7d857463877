using WeightMem.Models.Populations;

namespace WeightMem.Models.Zoos;

/// <summary>What a filter left.</summary>
/// <param name="Kept">The rows of the sound runs.</param>
/// <param name="DroppedRuns">The runs that were dropped, in increasing order.</param>
public sealed record FilteredRuns(Population Kept, IReadOnlyList<int> DroppedRuns);

/// <summary>
/// Drops a whole run when any of its checkpoints is not finite or has a weight beyond a limit: the filter of the published
/// MNIST checkpoints.
/// </summary>
public static class RunFilter
{
    /// <summary>The largest magnitude of a weight in the published data.</summary>
    public const float PublishedLimit = 10;

    /// <summary>Keeps the sound runs, in their order.</summary>
    /// <param name="population">Checkpoints of runs.</param>
    /// <param name="limit">Largest magnitude that a weight may have.</param>
    public static FilteredRuns Apply(Population population, float limit = PublishedLimit)
    {
        var dropped = new SortedSet<int>();
        for (int i = 0; i < population.Count; i++)
        {
            if (!IsWithin(population.Row(i), limit)) dropped.Add(population.Run[i]);
        }

        if (dropped.Count == 0) return new FilteredRuns(population, []);
        int[] kept = [.. Enumerable.Range(0, population.Count).Where(i => !dropped.Contains(population.Run[i]))];
        return new FilteredRuns(population.Select(kept), [.. dropped]);
    }

    private static bool IsWithin(ReadOnlySpan<float> row, float limit)
    {
        foreach (float value in row)
        {
            if (!(MathF.Abs(value) <= limit)) return false; // written so that NaN fails too
        }

        return true;
    }
}
