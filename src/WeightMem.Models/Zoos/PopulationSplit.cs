using WeightMem.Models.Populations;

namespace WeightMem.Models.Zoos;

/// <summary>A population divided by run: no run has checkpoints on both sides.</summary>
/// <param name="Training">What generators are fitted to.</param>
/// <param name="Heldout">What they never see.</param>
public sealed record PopulationSplit(Population Training, Population Heldout)
{
    /// <summary>Holds the last runs out, as the published data do.</summary>
    /// <param name="population">Checkpoints of runs.</param>
    /// <param name="testRuns">How many runs to hold out.</param>
    /// <exception cref="ArgumentException">No run would be left for training, or the number is negative.</exception>
    public static PopulationSplit ByRun(Population population, int testRuns)
    {
        int[] runs = [.. population.Run.Distinct().Order()];
        Require(runs.Length, testRuns);
        var heldout = runs[(runs.Length - testRuns)..].ToHashSet();
        return new PopulationSplit(population.OfRuns(runs[..(runs.Length - testRuns)].ToHashSet()), population.OfRuns(heldout));
    }

    /// <summary>Refuses to hold so many runs out.</summary>
    /// <param name="runs">How many runs there are.</param>
    /// <param name="testRuns">How many to hold out.</param>
    /// <exception cref="ArgumentException">No run would be left for training, or the number is negative.</exception>
    public static void Require(int runs, int testRuns)
    {
        if (testRuns < 0 || testRuns >= runs) throw new ArgumentException($"{testRuns} of {runs} runs cannot be held out: at least one is left for training");
    }
}
