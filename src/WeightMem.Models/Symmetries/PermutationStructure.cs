using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Symmetries;

/// <summary>One hidden layer, or one stream of channels that several layers share: which parameters belong to each of its units.</summary>
/// <param name="Units">Number of units.</param>
/// <param name="Slots">Positions in a weight row, <c>[units][slots]</c>: slot s of all units moves together.</param>
/// <param name="Incoming">Which slots are weights into the unit or its bias; the others are weights out of it.</param>
public sealed record PermutableLayer(int Units, int[][] Slots, bool[] Incoming);

/// <summary>
/// Which parameters of a target move when hidden units change places, found out from <see cref="ITarget.PermutationIndex"/> alone: alignment, balancing and controls
/// then work for any target. Layers of one unit, which cannot be permuted, have no slots.
/// </summary>
public sealed class PermutationStructure
{
    private readonly ITarget _target;

    private PermutationStructure(ITarget target, PermutableLayer[] layers) => (_target, Layers) = (target, layers);

    /// <summary>The layers, as many as <see cref="ITarget.HiddenWidths"/>.</summary>
    public IReadOnlyList<PermutableLayer> Layers { get; }

    /// <summary>Hidden units in all.</summary>
    public int Units => Layers.Sum(l => l.Units);

    /// <summary>Whether there is anything to permute. Not where a frozen trunk fixes the order, as for the networks of P-diff.</summary>
    public bool CanPermute => Layers.Any(l => l.Units > 1);

    /// <summary>The structure of a target.</summary>
    /// <exception cref="ArgumentException">Its permutations are no exchange of equal sets of parameters.</exception>
    public static PermutationStructure Of(ITarget target)
    {
        int[][] identity = [.. target.HiddenWidths.Select(w => Enumerable.Range(0, w).ToArray())];
        var layers = new PermutableLayer[identity.Length];
        for (int layer = 0; layer < layers.Length; layer++) layers[layer] = Layer(target, identity, layer);
        var structure = new PermutationStructure(target, layers);
        int[][] random = [.. identity.Select((order, i) => new RandomStream(0, "permutation structure").Sub("layer", i).Permutation(order.Length))];
        int[] row = [.. Enumerable.Range(0, (int)target.Layout.Count)], wanted = target.PermutationIndex(random);
        for (int layer = 0; layer < layers.Length; layer++) row = Reordered(row, layers[layer], random[layer]);
        return row.AsSpan().SequenceEqual(wanted)
            ? structure
            : throw new ArgumentException($"the permutations of {target.Name} are no exchange of its units' parameters");
    }

    /// <summary>A copy of a row whose unit j of layer l is the row's unit <c>order[l][j]</c>.</summary>
    public float[] Permuted(ReadOnlySpan<float> row, IReadOnlyList<int[]> order)
    {
        int[] index = _target.PermutationIndex(order);
        var permuted = new float[index.Length];
        for (int i = 0; i < index.Length; i++) permuted[i] = row[index[i]];
        return permuted;
    }

    /// <summary>The orders of all layers, one after the other, as <see cref="Units"/> numbers.</summary>
    public int[][] Split(ReadOnlySpan<int> orders)
    {
        var split = new int[Layers.Count][];
        int at = 0;
        for (int layer = 0; layer < split.Length; layer++)
        {
            split[layer] = orders.Slice(at, Layers[layer].Units).ToArray();
            at += split[layer].Length;
        }

        return split;
    }

    /// <summary>A copy of a row with the units of one layer in another order.</summary>
    internal static T[] Reordered<T>(T[] row, PermutableLayer layer, int[] order)
    {
        T[] copy = [.. row];
        for (int unit = 0; unit < layer.Units; unit++)
        {
            if (order[unit] == unit) continue;
            int[] to = layer.Slots[unit], from = layer.Slots[order[unit]];
            for (int s = 0; s < to.Length; s++) copy[to[s]] = row[from[s]];
        }

        return copy;
    }

    /// <summary>
    /// Moving every unit of a layer one place on leaves the other parameters alone and carries slot s of unit j to slot s of unit j + 1: following it around
    /// gives the slot. Rows are row-major, so the first unit's parameter is the first of them.
    /// </summary>
    private static PermutableLayer Layer(ITarget target, int[][] identity, int layer)
    {
        int units = identity[layer].Length;
        int[][] rotation = [.. identity];
        rotation[layer] = [.. Enumerable.Range(0, units).Select(u => (u + 1) % units)];
        int[] index = target.PermutationIndex(rotation);
        List<int>[] slots = [.. identity[layer].Select(_ => new List<int>())];
        var incoming = new List<bool>();
        var seen = new bool[index.Length];
        for (int first = 0; first < index.Length; first++)
        {
            if (seen[first] || index[first] == first) continue;
            int at = first;
            for (int unit = 0; unit < units; unit++, at = index[at])
            {
                if (seen[at]) throw new ArgumentException($"the permutations of {target.Name} move sets of unequal size");
                seen[at] = true;
                slots[unit].Add(at);
            }

            if (at != first) throw new ArgumentException($"the permutations of {target.Name} move sets of unequal size");
            incoming.Add(IsIncoming(target.Layout, first, index[first] - first));
        }

        return new PermutableLayer(units, [.. slots.Select(s => s.ToArray())], [.. incoming]);
    }

    /// <summary>Into a unit goes a row of its layer's weight, or its bias: units are then a whole row apart.</summary>
    private static bool IsIncoming(ParameterLayout layout, int position, int stride)
    {
        ParameterEntry entry = layout.Entries.Last(e => e.Offset <= position);
        return entry.Shape.Rank == 1 || stride == entry.Count / entry.Shape[0];
    }
}
