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
    private const long DirectWork = 1L << 26;
    private const int MostUnits = 80;

    /// <summary>Whether a target is one that this measure is defined for: one hidden layer with biases.</summary>
    public static bool Supports(ParameterLayout layout) => OneHiddenLayer.Fits(layout);

    /// <summary>The k nearest references of every query, each over all orders of its hidden units.</summary>
    /// <param name="queries">Networks to place.</param>
    /// <param name="references">Networks to compare with.</param>
    /// <param name="exclusion">Pairs not to compare.</param>
    /// <param name="k">Neighbours per query, at least 1.</param>
    /// <param name="threads">Threads to use; 0 is as many as there are cores. The result does not depend on it.</param>
    /// <exception cref="ArgumentException">
    /// The target does not have exactly one hidden layer, the widths differ, a weight is not finite, or the exclusion does not fit.
    /// </exception>
    public static AlignedNeighbours Nearest(Population queries, Population references, Exclusion exclusion, int k = 1, int threads = 0) =>
        Nearest(queries, references, exclusion, k, threads, ranked: null);

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

    internal static AlignedNeighbours Nearest(
        Population queries, Population references, Exclusion exclusion, int k, int threads, bool? ranked)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        Rows.RequireComparable(queries, references);
        OneHiddenLayer parts = OneHiddenLayer.Of(queries.Layout, queries.Target);
        OneHiddenLayer other = OneHiddenLayer.Of(references.Layout, references.Target);
        if (parts.Hidden != other.Hidden || parts.Inputs != other.Inputs)
            throw new ArgumentException($"networks of {queries.Target} and {references.Target} have other layers");
        var search = new Search(parts, queries, references, exclusion.Resolve(queries, references), k, threads, ranked);
        return search.Run();
    }

    /// <summary>One search: the units of both populations as rows, and the two ways through all pairs.</summary>
    private sealed class Search
    {
        private readonly OneHiddenLayer _parts;
        private readonly Population _queries, _references;
        private readonly ExclusionTable _table;
        private readonly float[] _queryUnits, _referenceUnits;
        private readonly double[] _queryNorms, _referenceNorms;
        private readonly int _threads, _k, _hidden, _group;
        private readonly AlignedNeighbours _result;
        private readonly bool _ranked;
        private long _solved;

        public Search(
            OneHiddenLayer parts, Population queries, Population references, ExclusionTable table, int k, int threads, bool? ranked)
        {
            (_parts, _queries, _references, _table, _k, _threads) = (parts, queries, references, table, k, threads);
            (_hidden, _group) = (parts.Hidden, parts.GroupSize);
            _queryUnits = parts.Units(queries);
            _queryNorms = Rows.SquaredNorms(_queryUnits, _group, threads, _hidden);
            bool same = ReferenceEquals(queries.Weights, references.Weights);
            _referenceUnits = same ? _queryUnits : parts.Units(references);
            _referenceNorms = same ? _queryNorms : Rows.SquaredNorms(_referenceUnits, _group, threads, _hidden);
            Rows.SquaredNorms(queries.Weights, queries.Parameters, threads); // the output biases are finite too
            if (!same) Rows.SquaredNorms(references.Weights, references.Parameters, threads);
            _ranked = ranked ?? (double)queries.Count * references.Count * _hidden * _hidden * _group > DirectWork;
            _ranked &= MinimumDistance.FitsSingle(_queryNorms, _referenceNorms);
            string path = _ranked ? MinimumDistance.RankedPath : MinimumDistance.DirectPath;
            _result = new AlignedNeighbours(new Neighbours(queries.Count, k, path), _hidden);
        }

        public AlignedNeighbours Run()
        {
            if (_ranked) Ranked();
            else Parallel.For(0, _queries.Count, Rows.Threads(_threads), () => new Work(_hidden), Direct, _ => { });
            _result.Solved = _solved;
            return _result;
        }

        private Work Direct(int query, ParallelLoopState state, Work work)
        {
            NearestList list = ListOf(query);
            for (int j = 0; j < _references.Count; j++)
            {
                if (!_table.Excludes(query, j)) list.Add(Exact(query, j, work), j);
            }

            Interlocked.Add(ref _solved, _references.Count);
            Finish(query, work);
            return work;
        }

        private void Ranked()
        {
            int most = Math.Max(1, MostUnits / _hidden);
            int block = Math.Min(Rows.BlockSize(_queries.Count, _threads, Math.Max(4, most)), most);
            int rows = block * _hidden, width = most * _hidden;
            Parallel.For(
                0,
                (_queries.Count + block - 1) / block,
                Rows.Threads(_threads),
                () => new Work(_hidden, new double[rows * width], [.. Enumerable.Range(0, block).Select(_ => new RankedCandidates(_k))]),
                (part, _, work) =>
                {
                    int first = part * block, count = Math.Min(block, _queries.Count - first);
                    for (int i = 0; i < count; i++) work.Candidates[i].Clear();
                    for (int from = 0; from < _references.Count; from += most)
                        Tile(first, count, from, Math.Min(most, _references.Count - from), work);
                    for (int i = 0; i < count; i++) Decide(first + i, work.Candidates[i], work);
                    return work;
                },
                _ => { });
        }

        /// <summary>Ranks all pairs of some queries and some references.</summary>
        private void Tile(int first, int count, int from, int width, Work work)
        {
            int stride = width * _hidden;
            PairwiseProducts.Multiply(
                work.Products,
                _queryUnits.AsSpan(first * _hidden * _group, count * _hidden * _group),
                _referenceUnits.AsSpan(from * _hidden * _group, stride * _group),
                count * _hidden,
                stride,
                _group);
            double relative = 2 * PairwiseProducts.RelativeError(_group), absolute = 2 * _hidden * PairwiseProducts.AbsoluteError(_group);
            long solved = 0;
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<double> a = _queryNorms.AsSpan((first + i) * _hidden, _hidden);
                double normA = Sum(a);
                for (int j = 0; j < width; j++)
                {
                    if (_table.Excludes(first + i, from + j)) continue;
                    ReadOnlySpan<double> b = _referenceNorms.AsSpan((from + j) * _hidden, _hidden);
                    double normB = Sum(b);

                    // The errors of the assigned entries add up to at most this, whatever the assignment (Cauchy and Schwarz).
                    double error = relative * Math.Sqrt(normA * normB) + 1e-12 * (normA + normB) + absolute;
                    double bound = LowerBound(work, work.Products.AsSpan(i * _hidden * stride + j * _hidden), stride, a, b, out bool exact);
                    double bias = BiasDistance(first + i, from + j);
                    if (bound + bias - error > work.Candidates[i].Limit) continue;
                    if (!exact)
                    {
                        bound = Assignment.Solve(work.Costs, work.Order);
                        solved++;
                    }

                    work.Candidates[i].Add(bound + bias, error, from + j);
                }
            }

            Interlocked.Add(ref _solved, solved);
        }

        /// <summary>
        /// Fills the costs of one pair from its products, and bounds their least assignment from below: every row takes at least its
        /// smallest entry, and so does every column. Where the smallest entries lie in different columns, they are the assignment.
        /// </summary>
        private double LowerBound(
            Work work, ReadOnlySpan<double> products, int stride, ReadOnlySpan<double> a, ReadOnlySpan<double> b, out bool exact)
        {
            Span<double> columns = work.ColumnMinima;
            columns.Fill(double.PositiveInfinity);
            Span<int> taken = work.Order;
            taken.Clear();
            double rows = 0;
            exact = true;
            for (int i = 0; i < _hidden; i++)
            {
                ReadOnlySpan<double> row = products.Slice(i * stride, _hidden);
                Span<double> costs = work.Costs.AsSpan(i * _hidden, _hidden);
                double least = double.PositiveInfinity;
                int at = 0;
                for (int j = 0; j < costs.Length; j++)
                {
                    double cost = Math.Max(0, a[i] + b[j] - 2 * row[j]);
                    costs[j] = cost;
                    if (cost < least) (least, at) = (cost, j);
                    if (cost < columns[j]) columns[j] = cost;
                }

                rows += least;
                exact &= taken[at]++ == 0;
            }

            return exact ? rows : Math.Max(rows, Sum(columns));
        }

        private void Decide(int query, RankedCandidates candidates, Work work)
        {
            NearestList list = ListOf(query);
            foreach ((double lower, int index) in candidates.Ordered())
            {
                if (lower > list.Worst) break;
                list.Add(Exact(query, index, work), index);
            }

            Finish(query, work);
        }

        /// <summary>Squared distance by direct differences; leaves the order of the reference's units in the work space.</summary>
        private double Exact(int query, int reference, Work work)
        {
            for (int i = 0; i < _hidden; i++)
            {
                ReadOnlySpan<float> unit = _queryUnits.AsSpan((query * _hidden + i) * _group, _group);
                for (int j = 0; j < _hidden; j++)
                {
                    work.Costs[i * _hidden + j] =
                        DirectDistance.Squared(unit, _referenceUnits.AsSpan((reference * _hidden + j) * _group, _group));
                }
            }

            return Assignment.Solve(work.Costs, work.Order) + BiasDistance(query, reference);
        }

        private void Finish(int query, Work work)
        {
            for (int rank = 0; rank < _k; rank++)
            {
                int at = query * _k + rank, reference = _result.Neighbours.Indices[at];
                if (reference < 0) continue;
                _result.Neighbours.Distances[at] = Math.Sqrt(Exact(query, reference, work));
                work.Order.CopyTo(_result.Permutations, at * _hidden);
            }
        }

        private NearestList ListOf(int query) =>
            new(_result.Neighbours.Distances.AsSpan(query * _k, _k), _result.Neighbours.Indices.AsSpan(query * _k, _k));

        private double BiasDistance(int query, int reference) =>
            DirectDistance.Squared(_parts.OutputBias(_queries.Row(query)), _parts.OutputBias(_references.Row(reference)));

        private static double Sum(ReadOnlySpan<double> values)
        {
            double sum = 0;
            foreach (double value in values) sum += value;
            return sum;
        }
    }

    /// <summary>What one thread needs: the costs of one pair and the products of one tile.</summary>
    private sealed class Work(int hidden, double[] products, RankedCandidates[] candidates)
    {
        public Work(int hidden)
            : this(hidden, [], [])
        {
        }

        public double[] Costs { get; } = new double[hidden * hidden];

        public double[] ColumnMinima { get; } = new double[hidden];

        public int[] Order { get; } = new int[hidden];

        public double[] Products { get; } = products;

        public RankedCandidates[] Candidates { get; } = candidates;
    }
}
