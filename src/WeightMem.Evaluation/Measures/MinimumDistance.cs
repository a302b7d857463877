using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// M1: the L2 distance from each query network to its nearest reference networks, in the units of the weights. Near-zero
/// distances are what the question is about, so every reported one is a direct difference accumulated in double precision.
/// </summary>
public static class MinimumDistance
{
    /// <summary>Name of the path that computes every pair directly.</summary>
    public const string DirectPath = "direct-fp64";

    /// <summary>Name of the path that ranks pairs by single-precision products and computes all possible winners directly.</summary>
    public const string RankedPath = "gram-f32+direct-fp64";

    /// <summary>Name of the path that ranks pairs by single-precision differences and computes all possible winners directly.</summary>
    public const string DifferencesPath = "direct-f32+direct-fp64";

    /// <summary>The k nearest references of every query.</summary>
    /// <param name="device">Where to compute. Indices do not depend on it, distances but for rounding in double precision.</param>
    /// <param name="queries">Networks to place, <c>[queries, parameters]</c>.</param>
    /// <param name="references">Networks to compare with, of the same width.</param>
    /// <param name="exclusion">Pairs not to compare.</param>
    /// <param name="k">Neighbours per query, from 1 to <see cref="PairLimits.MostNeighbours"/>.</param>
    /// <exception cref="ArgumentException">The widths differ, a weight is not finite, or the exclusion does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is out of its range.</exception>
    public static Neighbours Nearest(Device device, Population queries, Population references, Exclusion exclusion, int k = 1)
    {
        Rows.RequireNeighbours(k);
        Rows.RequireComparable(queries, references);
        ExclusionTable table = exclusion.Resolve(queries, references);
        if (queries.Count == 0 || references.Count == 0) return new Neighbours(queries.Count, k, DirectPath);
        using Scope scope = device.Scope();
        Tensor rows = device.From(queries.Weights, (queries.Count, queries.Parameters));
        Tensor others = ReferenceEquals(queries.Weights, references.Weights)
            ? rows
            : device.From(references.Weights, (references.Count, references.Parameters));
        Tensor squared = device.Empty((queries.Count, k), DType.F64), index = device.Empty((queries.Count, k), DType.I32);
        (Tensor? queryMarks, Tensor? referenceMarks) = Rows.Marks(device, table);
        PairRanking ranking = device.Kernels.NearestRows(squared, index, rows, others, queryMarks, referenceMarks);
        return new Neighbours(squared, index, Rows.Path(ranking));
    }
}
