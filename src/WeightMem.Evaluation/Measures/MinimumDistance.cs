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

    // Below this many multiply-adds the direct way takes tens of milliseconds.
    private const long DirectWork = 1L << 27;
    private const int MostQueries = 64, ReferenceBlock = 64;

    /// <summary>The k nearest references of every query.</summary>
    /// <param name="queries">Networks to place, <c>[queries, parameters]</c>.</param>
    /// <param name="references">Networks to compare with, of the same width.</param>
    /// <param name="exclusion">Pairs not to compare.</param>
    /// <param name="k">Neighbours per query, at least 1.</param>
    /// <param name="threads">Threads to use; 0 is as many as there are cores. The result does not depend on it.</param>
    /// <exception cref="ArgumentException">The widths differ, a weight is not finite, or the exclusion does not fit.</exception>
    public static Neighbours Nearest(Population queries, Population references, Exclusion exclusion, int k = 1, int threads = 0) =>
        Nearest(queries, references, exclusion, k, threads, ranked: null);

    internal static Neighbours Nearest(
        Population queries, Population references, Exclusion exclusion, int k, int threads, bool? ranked)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        Rows.RequireComparable(queries, references);
        ExclusionTable table = exclusion.Resolve(queries, references);
        double[] queryNorms = Rows.SquaredNorms(queries.Weights, queries.Parameters, threads);
        double[] referenceNorms = ReferenceEquals(queries.Weights, references.Weights)
            ? queryNorms
            : Rows.SquaredNorms(references.Weights, references.Parameters, threads);
        bool rank = ranked ?? (double)queries.Count * references.Count * queries.Parameters > DirectWork;
        rank &= FitsSingle(queryNorms, referenceNorms);
        var result = new Neighbours(queries.Count, k, rank ? RankedPath : DirectPath);
        if (rank) Ranked(result, queries, references, table, queryNorms, referenceNorms, threads);
        else Direct(result, queries, references, table, threads);
        return result;
    }

    /// <summary>Whether products of the rows stay far from the largest single-precision number.</summary>
    internal static bool FitsSingle(double[] squaredNorms, double[] otherSquaredNorms) =>
        squaredNorms.DefaultIfEmpty().Max() < 1e36 && otherSquaredNorms.DefaultIfEmpty().Max() < 1e36;

    private static void Direct(Neighbours result, Population queries, Population references, ExclusionTable table, int threads)
    {
        int k = result.PerQuery;
        Parallel.For(0, queries.Count, Rows.Threads(threads), i =>
        {
            var list = new NearestList(result.Distances.AsSpan(i * k, k), result.Indices.AsSpan(i * k, k));
            for (int j = 0; j < references.Count; j++)
            {
                if (!table.Excludes(i, j)) list.Add(DirectDistance.Squared(queries.Row(i), references.Row(j)), j);
            }

            Roots(result, i);
        });
    }

    private static void Ranked(
        Neighbours result,
        Population queries,
        Population references,
        ExclusionTable table,
        double[] queryNorms,
        double[] referenceNorms,
        int threads)
    {
        int columns = queries.Parameters, k = result.PerQuery;
        int block = Rows.BlockSize(queries.Count, threads, MostQueries);
        double relative = 2 * PairwiseProducts.RelativeError(columns), absolute = 2 * PairwiseProducts.AbsoluteError(columns);
        Parallel.For(
            0,
            (queries.Count + block - 1) / block,
            Rows.Threads(threads),
            () => (Products: new double[block * ReferenceBlock], Candidates: NewCandidates(block, k)),
            (part, _, local) =>
            {
                int first = part * block, count = Math.Min(block, queries.Count - first);
                for (int i = 0; i < count; i++) local.Candidates[i].Clear();
                for (int from = 0; from < references.Count; from += ReferenceBlock)
                {
                    int width = Math.Min(ReferenceBlock, references.Count - from);
                    PairwiseProducts.Multiply(
                        local.Products,
                        queries.Weights.AsSpan(first * columns, count * columns),
                        references.Weights.AsSpan(from * columns, width * columns),
                        count,
                        width,
                        columns);
                    for (int i = 0; i < count; i++)
                    {
                        for (int j = 0; j < width; j++)
                        {
                            if (table.Excludes(first + i, from + j)) continue;
                            double a = queryNorms[first + i], b = referenceNorms[from + j];
                            double error = relative * Math.Sqrt(a * b) + 1e-12 * (a + b) + absolute;
                            local.Candidates[i].Add(a + b - 2 * local.Products[i * width + j], error, from + j);
                        }
                    }
                }

                for (int i = 0; i < count; i++) Decide(result, queries, references, local.Candidates[i], first + i);
                return local;
            },
            _ => { });
    }

    private static void Decide(Neighbours result, Population queries, Population references, RankedCandidates candidates, int query)
    {
        int k = result.PerQuery;
        var list = new NearestList(result.Distances.AsSpan(query * k, k), result.Indices.AsSpan(query * k, k));
        foreach ((double lower, int index) in candidates.Ordered())
        {
            if (lower > list.Worst) break;
            list.Add(DirectDistance.Squared(queries.Row(query), references.Row(index)), index);
        }

        Roots(result, query);
    }

    private static void Roots(Neighbours result, int query)
    {
        foreach (ref double value in result.Distances.AsSpan(query * result.PerQuery, result.PerQuery)) value = Math.Sqrt(value);
    }

    private static RankedCandidates[] NewCandidates(int count, int k)
    {
        var candidates = new RankedCandidates[count];
        for (int i = 0; i < count; i++) candidates[i] = new RankedCandidates(k);
        return candidates;
    }
}
