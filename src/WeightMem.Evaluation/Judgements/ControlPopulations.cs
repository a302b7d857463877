using WeightMem.Engine.Random;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Judgements;

/// <summary>A control and the verdicts that it may get.</summary>
internal sealed record ControlPopulation(string Name, Population Population, IReadOnlyList<string> Expected);

/// <summary>The populations of known nature that every report runs beside the generator (evaluation specification, section 10).</summary>
internal static class ControlPopulations
{
    /// <summary>What controls' names begin with.</summary>
    public const string Prefix = "control-";

    /// <summary>The networks of each control.</summary>
    public const int Networks = 64;

    /// <summary>
    /// All that can be made. Noise is told in units of what separates fresh networks: 0.05 of it is a copy, 0.7 a noisy copy at about half the distance of fresh ones.
    /// </summary>
    /// <param name="training">The training networks.</param>
    /// <param name="distance">Median distance of fresh networks.</param>
    /// <param name="coordinates">Orders of hidden units, where there are any.</param>
    /// <param name="target">The target, which initialises; null leaves that control out.</param>
    /// <param name="seed">Seed of all of them.</param>
    public static IEnumerable<ControlPopulation> Make(Population training, double distance, Coordinates? coordinates, ITarget? target, long seed)
    {
        double unit = distance / Math.Sqrt(2.0 * training.Parameters);
        if (unit > 0)
        {
            yield return new("replica", Sample(new ReplicaBaseline(0.05 * unit)), ["replica"]);
            yield return new("noisy-copy", Sample(new NoiseBaseline(0.7 * unit)), ["replica", "inconclusive"]);
        }
        else
        {
            yield return new("replica", Sample(new ReplicaBaseline()), ["replica"]);
        }

        if (training.Count >= 3) yield return new("interpolation", Sample(new InterpolationBaseline()), ["interpolation"]);
        if (training.Count >= 4) yield return new("average", Sample(new AverageBaseline(Math.Min(AverageBaseline.DefaultNetworks, training.Count / 2))), ["interpolation"]);
        if (coordinates is not null) yield return new("permuted-replica", Permuted(training, coordinates.Structure, seed), ["replica"]);
        if (target is not null && target.Layout.Count == training.Parameters) yield return new("random-init", Sample(new RandomInitialisationBaseline(target)), ["inconclusive"]);

        Population Sample(BaselineGenerator baseline)
        {
            baseline.Fit(training, CancellationToken.None);
            return baseline.Sample(Networks, seed, CancellationToken.None);
        }
    }

    /// <summary>Held-out runs in two halves: the second is judged as if a generator had made it, against the first. Null with fewer than eight runs.</summary>
    public static (Population Yardstick, Population Control)? Halves(Population heldout)
    {
        int[] runs = [.. heldout.Run.Distinct().Order()];
        if (runs.Length < 8) return null;
        return (heldout.OfRuns(runs.Where((_, i) => i % 2 == 0).ToHashSet()), heldout.OfRuns(runs.Where((_, i) => i % 2 == 1).ToHashSet()));
    }

    private static Population Permuted(Population training, PermutationStructure structure, long seed)
    {
        var stream = new RandomStream(seed, "control permutations");
        int[] sources = stream.Permutation(training.Count);
        var rows = new Population(training.Target, training.Layout, new float[(long)Networks * training.Parameters]);
        for (int i = 0; i < Networks; i++)
        {
            int[][] orders = [.. structure.Layers.Select((layer, l) => stream.At(i + 1).Sub("layer", l).Permutation(layer.Units))];
            structure.Permuted(training.Row(sources[i % sources.Length]), orders).CopyTo(rows.Row(i));
        }

        return rows;
    }
}
