using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// The nearest rows of every query. Little work is done directly; else single-precision products rank the pairs of a block, and whatever may
/// be among the nearest is decided by a direct difference, so that both ways give equal bits.
/// </summary>
internal sealed unsafe class NearestRowsSearch
{
    // Below this many multiply-adds the direct way takes tens of milliseconds.
    private const long DirectWork = 1L << 27;
    private const int MostQueries = 128, ReferenceBlock = 512;

    private readonly double* _squared;
    private readonly int* _index, _queryMarks, _referenceMarks;
    private readonly float* _queries, _references;
    private readonly int _k, _count, _referenceCount, _columns, _block;
    private readonly double[] _queryNorms, _referenceNorms;
    private readonly WorkerPool _workers;

    public NearestRowsSearch(
        WorkerPool workers, Tensor squared, Tensor index, Tensor queries, Tensor references, Tensor? queryMarks, Tensor? referenceMarks, bool? rank)
    {
        _workers = workers;
        _squared = (double*)squared.Address;
        _index = (int*)index.Address;
        _queries = (float*)queries.Address;
        _references = (float*)references.Address;
        _queryMarks = queryMarks is null ? null : (int*)queryMarks.Address;
        _referenceMarks = referenceMarks is null ? null : (int*)referenceMarks.Address;
        (_count, _k, _columns, _referenceCount) = (queries.Shape[0], squared.Shape[1], queries.Shape[1], references.Shape[0]);
        (_queryNorms, _referenceNorms) = ([], []);
        if (rank ?? (double)_count * _referenceCount * _columns > DirectWork)
        {
            _queryNorms = SquaredNorms.Of(workers, _queries, _count, _columns);
            _referenceNorms = _queries == _references ? _queryNorms : SquaredNorms.Of(workers, _references, _referenceCount, _columns);
            if (SquaredNorms.FitSingle(_queryNorms) && SquaredNorms.FitSingle(_referenceNorms)) Ranking = PairRanking.Products;
        }

        _block = Ranking == PairRanking.Products ? SearchBlocks.Size(_count, workers.Threads, MostQueries) : 1;
    }

    /// <summary>How pairs are ranked, decided from the sizes and the norms.</summary>
    public PairRanking Ranking { get; }

    /// <summary>Fills the outputs.</summary>
    public void Run()
    {
        var job = new Job(this);
        _workers.Run((_count + _block - 1) / _block, ref job);
    }

    private void Block(int part)
    {
        int first = part * _block, count = Math.Min(_block, _count - first);
        if (Ranking == PairRanking.Exhaustive) Direct(first);
        else Ranked(first, count);
    }

    private void Direct(int query)
    {
        NearestList list = ListOf(query);
        list.Clear();
        ReadOnlySpan<float> row = Row(_queries, query);
        for (int j = 0; j < _referenceCount; j++)
        {
            if (!Excludes(query, j)) list.Add(DirectDistance.Squared(row, Row(_references, j)), j);
        }
    }

    private void Ranked(int first, int count)
    {
        double relative = 2 * PairwiseProducts.RelativeError(_columns), absolute = 2 * PairwiseProducts.AbsoluteError(_columns);
        using var multiplier = new PairwiseProducts(count, Math.Min(ReferenceBlock, _referenceCount));
        RankedCandidates[] candidates = SearchBlocks.Candidates(count, _k);
        for (int from = 0; from < _referenceCount; from += ReferenceBlock)
        {
            int width = Math.Min(ReferenceBlock, _referenceCount - from);
            ReadOnlySpan<double> products = multiplier.Multiply(Rows(_queries, first, count), Rows(_references, from, width), count, width, _columns);
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < width; j++)
                {
                    if (Excludes(first + i, from + j)) continue;
                    double a = _queryNorms[first + i], b = _referenceNorms[from + j];
                    double error = relative * Math.Sqrt(a * b) + 1e-12 * (a + b) + absolute;
                    candidates[i].Add(a + b - 2 * products[i * width + j], error, from + j);
                }
            }
        }

        for (int i = 0; i < count; i++) Decide(first + i, candidates[i]);
    }

    private void Decide(int query, RankedCandidates candidates)
    {
        NearestList list = ListOf(query);
        list.Clear();
        foreach ((double lower, int index) in candidates.Ordered())
        {
            if (lower > list.Worst) break;
            list.Add(DirectDistance.Squared(Row(_queries, query), Row(_references, index)), index);
        }
    }

    private bool Excludes(int query, int reference) => _queryMarks != null && _queryMarks[query] == _referenceMarks[reference];

    private ReadOnlySpan<float> Row(float* matrix, int row) => new(matrix + (long)row * _columns, _columns);

    private ReadOnlySpan<float> Rows(float* matrix, int first, int count) => new(matrix + (long)first * _columns, checked(count * _columns));

    private NearestList ListOf(int query) => new(new Span<double>(_squared + (long)query * _k, _k), new Span<int>(_index + (long)query * _k, _k));

    private readonly struct Job(NearestRowsSearch search) : IParallelJob
    {
        public void Run(int part) => search.Block(part);
    }
}
