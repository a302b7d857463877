using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Judgements;

/// <summary>
/// The orders of hidden units that a target leaves open, and how they are taken out before a distance: every network is re-ordered to match its nearest training network, so that plain distances
/// to the training networks are the aligned ones and a permuted copy is a copy.
/// </summary>
internal sealed class Coordinates
{
    private Coordinates(PermutationStructure structure, IReadOnlyList<UnitSymmetry>? units) => (Structure, Units) = (structure, units);

    /// <summary>Which parameters move together.</summary>
    public PermutationStructure Structure { get; }

    /// <summary>Symmetries of single units, where the target has any.</summary>
    public IReadOnlyList<UnitSymmetry>? Units { get; }

    /// <summary>Whether the exact assignment of one hidden layer serves.</summary>
    private bool IsExact { get; init; }

    /// <summary>Of a target, or of weights whose names and shapes are those of a perceptron with one hidden layer; null where nothing can be permuted.</summary>
    public static Coordinates? Of(ITarget? target, ParameterLayout layout)
    {
        if (target is null && OneHiddenLayer.Fits(layout)) target = new Mlp(layout.Entries[0].Shape[1], layout.Entries[0].Shape[0], layout.Entries[2].Shape[0]);
        if (target is null || target.Layout.Count != layout.Count) return null;
        var structure = PermutationStructure.Of(target);
        if (!structure.CanPermute) return null;
        return new Coordinates(structure, target is IRescalableTarget rescalable && UnitBalance.Applies(rescalable) ? rescalable.UnitSymmetries : null) { IsExact = OneHiddenLayer.Fits(target.Layout) };
    }

    /// <summary>The nearest references up to the order of units: exactly with one hidden layer, by weight matching with more.</summary>
    public AlignedNeighbours Nearest(Engine.Devices.Device device, Population queries, Population references, Exclusion exclusion, int k = 1) => IsExact
        ? AlignedDistance.Nearest(device, queries, references, exclusion, k)
        : MatchedDistance.Nearest(Structure, queries, references, exclusion, k);

    /// <summary>The networks, each re-ordered to match its nearest training network.</summary>
    public Population ToNearest(Population networks, AlignedNeighbours nearest)
    {
        var weights = new float[networks.Weights.Length];
        Parallel.For(0, networks.Count, i =>
        {
            Span<float> to = weights.AsSpan(i * networks.Parameters, networks.Parameters);
            if (nearest.Neighbours.Index(i) < 0)
            {
                networks.Row(i).CopyTo(to);
                return;
            }

            // What puts the reference's units where the network's are, the other way round.
            int[][] orders = Structure.Split(nearest.Permutation(i)), inverse = [.. orders.Select(o => new int[o.Length])];
            for (int layer = 0; layer < orders.Length; layer++)
            {
                for (int unit = 0; unit < orders[layer].Length; unit++) inverse[layer][orders[layer][unit]] = unit;
            }

            Structure.Permuted(networks.Row(i), inverse).CopyTo(to);
        });
        return new Population(networks.Target, networks.Layout, weights, networks.Run, networks.Step);
    }

    /// <summary>A reference in the order of a query.</summary>
    public float[] Aligned(ReadOnlySpan<float> reference, ReadOnlySpan<int> orders) => Structure.Permuted(reference, Structure.Split(orders));
}
