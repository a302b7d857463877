using System.Buffers;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// M2: the L2 distance between networks of one hidden layer, minimised over all orders of the hidden units by exact assignment.
/// Nothing is changed in place: <see cref="Align"/> returns a copy.
/// </summary>
/// <remarks>
/// The group of a hidden unit is its incoming weights, its bias and its outgoing weights (inputs + 1 + outputs values). The squared
/// distance is the least total of squared group distances plus the squared distance of the output biases.
/// </remarks>
public static class AlignedDistance
{
    /// <summary>Whether a target is one that this measure is defined for: one hidden layer with biases.</summary>
    public static bool Supports(ParameterLayout layout) => OneHiddenLayer.Fits(layout);

    /// <summary>The k nearest references of every query, each over all orders of its hidden units.</summary>
    /// <param name="device">
    /// Where to compute; networks of more than <see cref="PairLimits.MostUnits"/> hidden units are compared on the CPU. Indices do not depend on it,
    /// distances but for rounding in double precision.
    /// </param>
    /// <param name="queries">Networks to place.</param>
    /// <param name="references">Networks to compare with.</param>
    /// <param name="exclusion">Pairs not to compare.</param>
    /// <param name="k">Neighbours per query, from 1 to <see cref="PairLimits.MostNeighbours"/>.</param>
    /// <exception cref="ArgumentException">
    /// The target does not have exactly one hidden layer, the widths differ, a weight is not finite, or the exclusion does not fit.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is out of its range.</exception>
    public static AlignedNeighbours Nearest(Device device, Population queries, Population references, Exclusion exclusion, int k = 1)
    {
        Rows.RequireNeighbours(k);
        Rows.RequireComparable(queries, references);
        OneHiddenLayer parts = OneHiddenLayer.Of(queries.Layout, queries.Target);
        OneHiddenLayer other = OneHiddenLayer.Of(references.Layout, references.Target);
        if (parts.Hidden != other.Hidden || parts.Inputs != other.Inputs)
            throw new ArgumentException($"networks of {queries.Target} and {references.Target} have other layers");
        ExclusionTable table = exclusion.Resolve(queries, references);
        if (queries.Count == 0 || references.Count == 0)
            return new AlignedNeighbours(new Neighbours(queries.Count, k, MinimumDistance.DirectPath), parts.Hidden, NoOrders(queries.Count * k * parts.Hidden));
        if (parts.Hidden <= PairLimits.MostUnits || device is CpuDevice) return Search(device, parts, queries, references, table, k);
        using var processor = new CpuDevice();
        return Search(processor, parts, queries, references, table, k);
    }

    /// <summary>A copy of a network whose hidden unit j is the network's unit <c>permutation[j]</c>. The same function, in another order.</summary>
    /// <exception cref="ArgumentException">
    /// The target does not have exactly one hidden layer, the row does not fit it, or this is no permutation of its units.
    /// </exception>
    public static float[] Align(ParameterLayout layout, ReadOnlySpan<float> row, ReadOnlySpan<int> permutation)
    {
        OneHiddenLayer parts = OneHiddenLayer.Of(layout, "the target");
        if (row.Length != layout.Extent) throw new ArgumentException($"a row of {layout.Extent} parameters was expected, not one of {row.Length}");
        if (permutation.Length != parts.Hidden)
            throw new ArgumentException($"an order of {parts.Hidden} hidden units was expected, not one of {permutation.Length}");
        var seen = new bool[parts.Hidden];
        foreach (int unit in permutation)
        {
            if ((uint)unit >= (uint)seen.Length || seen[unit])
                throw new ArgumentException($"[{string.Join(", ", permutation.ToArray())}] is no order of {parts.Hidden} hidden units");
            seen[unit] = true;
        }

        return parts.Permuted(row, permutation);
    }

    private static AlignedNeighbours Search(
        Device device, OneHiddenLayer parts, Population queries, Population references, ExclusionTable table, int k)
    {
        using Scope scope = device.Scope();
        (Tensor units, Tensor biases) = Upload(device, parts, queries);
        (Tensor otherUnits, Tensor otherBiases) = ReferenceEquals(queries.Weights, references.Weights) ? (units, biases) : Upload(device, parts, references);
        Tensor squared = device.Empty((queries.Count, k), DType.F64), index = device.Empty((queries.Count, k), DType.I32);
        Tensor order = device.Empty((queries.Count, k, parts.Hidden), DType.I32);
        (Tensor? queryMarks, Tensor? referenceMarks) = Rows.Marks(device, table);
        PairRanking ranking = device.Kernels.NearestAlignedRows(
            squared, index, order, units, otherUnits, biases, otherBiases, queryMarks, referenceMarks);
        return new AlignedNeighbours(new Neighbours(squared, index, Rows.Path(ranking)), parts.Hidden, order.ToArray<int>());
    }

    private static (Tensor Units, Tensor Biases) Upload(Device device, OneHiddenLayer parts, Population population)
    {
        int count = checked(population.Count * parts.Hidden * parts.GroupSize);
        float[] units = ArrayPool<float>.Shared.Rent(count); // fresh memory of this size takes longer than the search
        try
        {
            parts.Units(population, units.AsSpan(0, count));
            return (device.From(units.AsSpan(0, count), (population.Count * parts.Hidden, parts.GroupSize)), device.From(parts.OutputBiases(population), (population.Count, parts.Outputs)));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(units);
        }
    }

    private static int[] NoOrders(int count)
    {
        var orders = new int[count];
        Array.Fill(orders, -1);
        return orders;
    }
}
