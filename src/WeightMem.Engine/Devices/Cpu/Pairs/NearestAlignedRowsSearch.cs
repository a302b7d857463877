using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// The nearest networks of every query over all orders of their hidden units. Ranked like plain rows, with one step more: the least sum of a pair's
/// entries by rows and by columns bounds its assignment from below, and most pairs are left out by that bound before they are solved.
/// </summary>
internal sealed unsafe class NearestAlignedRowsSearch
{
    // Below this many multiply-adds the direct way takes tens of milliseconds.
    private const long DirectWork = 1L << 26;
    private const int MostUnits = 80;

    private readonly double* _squared;
    private readonly int* _index, _order, _queryMarks, _referenceMarks;
    private readonly float* _queryUnits, _referenceUnits, _queryBiases, _referenceBiases;
    private readonly int _k, _count, _referenceCount, _hidden, _group, _outputs, _width, _block;
    private readonly double[] _queryNorms, _referenceNorms;
    private readonly WorkerPool _workers;
    private long _solved;

    public NearestAlignedRowsSearch(
        WorkerPool workers, Tensor squared, Tensor index, Tensor order, Tensor queryUnits, Tensor referenceUnits, Tensor queryBiases, Tensor referenceBiases,
        Tensor? queryMarks, Tensor? referenceMarks, bool? rank)
    {
        _workers = workers;
        _squared = (double*)squared.Address;
        _index = (int*)index.Address;
        _order = (int*)order.Address;
        _queryUnits = (float*)queryUnits.Address;
        _referenceUnits = (float*)referenceUnits.Address;
        _queryBiases = (float*)queryBiases.Address;
        _referenceBiases = (float*)referenceBiases.Address;
        _queryMarks = queryMarks is null ? null : (int*)queryMarks.Address;
        _referenceMarks = referenceMarks is null ? null : (int*)referenceMarks.Address;
        (_count, _k, _hidden) = (queryBiases.Shape[0], squared.Shape[1], order.Shape[2]);
        (_referenceCount, _group, _outputs) = (referenceBiases.Shape[0], queryUnits.Shape[1], queryBiases.Shape[1]);
        (_queryNorms, _referenceNorms) = ([], []);
        if (rank ?? (double)_count * _referenceCount * _hidden * _hidden * _group > DirectWork)
        {
            _queryNorms = SquaredNorms.Of(workers, _queryUnits, _count * _hidden, _group);
            _referenceNorms = _queryUnits == _referenceUnits
                ? _queryNorms
                : SquaredNorms.Of(workers, _referenceUnits, _referenceCount * _hidden, _group);
            if (SquaredNorms.FitSingle(_queryNorms) && SquaredNorms.FitSingle(_referenceNorms)) Ranking = PairRanking.Products;
        }

        _width = Math.Max(1, MostUnits / _hidden);
        _block = Ranking == PairRanking.Products ? Math.Min(SearchBlocks.Size(_count, workers.Threads, Math.Max(4, _width)), _width) : 1;
    }

    /// <summary>How pairs are ranked, decided from the sizes and the norms.</summary>
    public PairRanking Ranking { get; }

    /// <summary>How many pairs the lower bound left to be solved.</summary>
    public long Solved => _solved;

    /// <summary>Fills the outputs.</summary>
    public void Run()
    {
        var job = new Job(this);
        _workers.Run((_count + _block - 1) / _block, ref job);
    }

    private void Block(int part)
    {
        int first = part * _block, count = Math.Min(_block, _count - first);
        var work = new Work(_hidden);
        if (Ranking == PairRanking.Exhaustive) Direct(first, work);
        else Ranked(first, count, work);
    }

    private void Direct(int query, Work work)
    {
        NearestList list = ListOf(query);
        list.Clear();
        for (int j = 0; j < _referenceCount; j++)
        {
            if (!Excludes(query, j)) list.Add(Exact(query, j, work), j);
        }

        Interlocked.Add(ref _solved, _referenceCount);
        Finish(query, work);
    }

    private void Ranked(int first, int count, Work work)
    {
        RankedCandidates[] candidates = SearchBlocks.Candidates(count, _k);
        using var multiplier = new PairwiseProducts(count * _hidden, _width * _hidden);
        for (int from = 0; from < _referenceCount; from += _width)
            Tile(first, count, from, Math.Min(_width, _referenceCount - from), candidates, work, multiplier);
        for (int i = 0; i < count; i++) Decide(first + i, candidates[i], work);
    }

    /// <summary>Ranks all pairs of some queries and some references.</summary>
    private void Tile(int first, int count, int from, int width, RankedCandidates[] candidates, Work work, PairwiseProducts multiplier)
    {
        int stride = width * _hidden;
        ReadOnlySpan<double> products = multiplier.Multiply(
            Units(_queryUnits, first * _hidden, count * _hidden), Units(_referenceUnits, from * _hidden, stride), count * _hidden, stride, _group);
        double relative = 2 * PairwiseProducts.RelativeError(_group), absolute = 2 * _hidden * PairwiseProducts.AbsoluteError(_group);
        long solved = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<double> a = _queryNorms.AsSpan((first + i) * _hidden, _hidden);
            double normA = Sum(a);
            for (int j = 0; j < width; j++)
            {
                if (Excludes(first + i, from + j)) continue;
                ReadOnlySpan<double> b = _referenceNorms.AsSpan((from + j) * _hidden, _hidden);
                double normB = Sum(b);

                // The errors of the assigned entries add up to at most this, whatever the assignment (Cauchy and Schwarz).
                double error = relative * Math.Sqrt(normA * normB) + 1e-12 * (normA + normB) + absolute;
                double bound = LowerBound(work, products[(i * _hidden * stride + j * _hidden)..], stride, a, b, out bool exact);
                double bias = BiasDistance(first + i, from + j);
                if (bound + bias - error > candidates[i].Limit) continue;
                if (!exact)
                {
                    bound = Assignment.Solve(work.Costs, work.Order);
                    solved++;
                }

                candidates[i].Add(bound + bias, error, from + j);
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
        list.Clear();
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
            ReadOnlySpan<float> unit = Units(_queryUnits, query * _hidden + i, 1);
            for (int j = 0; j < _hidden; j++)
                work.Costs[i * _hidden + j] = DirectDistance.Squared(unit, Units(_referenceUnits, reference * _hidden + j, 1));
        }

        return Assignment.Solve(work.Costs, work.Order) + BiasDistance(query, reference);
    }

    private void Finish(int query, Work work)
    {
        for (int rank = 0; rank < _k; rank++)
        {
            long at = (long)query * _k + rank;
            var order = new Span<int>(_order + at * _hidden, _hidden);
            int reference = _index[at];
            if (reference < 0)
            {
                order.Fill(-1);
                continue;
            }

            Exact(query, reference, work);
            work.Order.CopyTo(order);
        }
    }

    private NearestList ListOf(int query) => new(new Span<double>(_squared + (long)query * _k, _k), new Span<int>(_index + (long)query * _k, _k));

    private bool Excludes(int query, int reference) => _queryMarks != null && _queryMarks[query] == _referenceMarks[reference];

    private ReadOnlySpan<float> Units(float* units, int first, int count) => new(units + (long)first * _group, checked(count * _group));

    private double BiasDistance(int query, int reference) => DirectDistance.Squared(
        new ReadOnlySpan<float>(_queryBiases + (long)query * _outputs, _outputs), new ReadOnlySpan<float>(_referenceBiases + (long)reference * _outputs, _outputs));

    private static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values) sum += value;
        return sum;
    }

    private readonly struct Job(NearestAlignedRowsSearch search) : IParallelJob
    {
        public void Run(int part) => search.Block(part);
    }

    /// <summary>What solving one pair needs.</summary>
    private sealed class Work(int hidden)
    {
        public double[] Costs { get; } = new double[hidden * hidden];

        public double[] ColumnMinima { get; } = new double[hidden];

        public int[] Order { get; } = new int[hidden];
    }
}
