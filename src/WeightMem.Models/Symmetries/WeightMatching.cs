using WeightMem.Engine.Random;

namespace WeightMem.Models.Symmetries;

/// <summary>
/// Orders of hidden units that bring one network near to another: weight matching of Git Re-Basin (Ainsworth et al. 2023). Layer by layer, in random order, the best order
/// of a layer's units with all other layers held is found by exact assignment, until no layer gains; from the order as it is and from random ones. Exact for one hidden layer; for
/// more a good order, not surely the best.
/// </summary>
public sealed class WeightMatching
{
    /// <summary>Starts by default: the order as it is, that of like values, and random ones.</summary>
    public const int DefaultStarts = 5;

    /// <summary>Starts of an estimate: the order as it is, which finds a copy, and that of like values, which finds a permuted copy.</summary>
    public const int EstimateStarts = 2;

    /// <summary>Sweeps over the layers that one start may take; it ends sooner when none gains.</summary>
    internal const int MostSweeps = 50;

    /// <summary>Matching of networks of one structure.</summary>
    /// <param name="structure">Which parameters move together.</param>
    /// <param name="seed">Seed of the orders of layers and of the random starts.</param>
    /// <param name="starts">How many starts, from 1.</param>
    public WeightMatching(PermutationStructure structure, long seed = 0, int starts = DefaultStarts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(starts, 1);
        (Structure, Stream) = (structure, new RandomStream(seed, "weight matching"));
        Starts = structure.Layers.Count(l => l.Units > 1) > 1 ? starts : 1; // one layer's assignment is exact from anywhere
    }

    /// <summary>Which parameters move together.</summary>
    internal PermutationStructure Structure { get; }

    /// <summary>Seeded; one of its own for every start.</summary>
    internal RandomStream Stream { get; }

    /// <summary>How many orders the search begins from.</summary>
    internal int Starts { get; }

    /// <summary>Multiply-adds of one sweep over all layers, about.</summary>
    public double SweepCost => Structure.Layers.Sum(l => (double)l.Units * l.Units * (l.Incoming.Length + l.Units));

    /// <summary>The orders of <paramref name="other"/>'s units, layer by layer, that bring it nearest to <paramref name="network"/>, and the squared distance then.</summary>
    public (double Squared, int[][] Orders) Match(ReadOnlySpan<float> network, ReadOnlySpan<float> other) => To(network).Match(other, UnitKeys.Of(Structure, other));

    /// <summary>Matching of many networks with one that stays as it is.</summary>
    public WeightMatcher To(ReadOnlySpan<float> network) => new(this, network.ToArray());
}
