using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>The most similar mask of every query. The numbers of set bits alone bound a similarity, so most pairs are never counted.</summary>
internal sealed unsafe class MostSimilarMasksSearch
{
    private readonly double* _similarity;
    private readonly int* _index, _queryMarks, _referenceMarks;
    private readonly ulong* _masks, _references;
    private readonly int _words, _referenceCount;
    private readonly int[] _bits, _referenceBits;

    public MostSimilarMasksSearch(Tensor similarity, Tensor index, Tensor masks, Tensor referenceMasks, Tensor? marks, Tensor? referenceMarks)
    {
        _similarity = (double*)similarity.Address;
        _index = (int*)index.Address;
        _masks = (ulong*)masks.Address;
        _references = (ulong*)referenceMasks.Address;
        _queryMarks = marks is null ? null : (int*)marks.Address;
        _referenceMarks = referenceMarks is null ? null : (int*)referenceMarks.Address;
        (_words, _referenceCount) = (masks.Shape[1], referenceMasks.Shape[0]);
        _bits = Bits(_masks, masks.Shape[0]);
        _referenceBits = Bits(_references, _referenceCount);
    }

    /// <summary>Fills the outputs.</summary>
    public void Run(WorkerPool workers)
    {
        var job = new Job(this);
        workers.Run(_bits.Length, ref job);
    }

    private void Query(int i)
    {
        ReadOnlySpan<ulong> mask = Row(_masks, i);
        double best = 0;
        int at = -1, a = _bits[i];
        for (int j = 0; j < _referenceCount; j++)
        {
            if (_queryMarks != null && _queryMarks[i] == _referenceMarks[j]) continue;
            int b = _referenceBits[j];

            // Only a strictly better pair is of interest, the first of equals stays.
            if (at >= 0 && (a + b == 0 ? 1 : (double)Math.Min(a, b) / Math.Max(a, b)) <= best) continue;
            int common = CommonBits.Count(mask, Row(_references, j));
            double similarity = a + b == 0 ? 1 : (double)common / (a + b - common);
            if (at < 0 || similarity > best) (best, at) = (similarity, j);
        }

        (_similarity[i], _index[i]) = (best, at);
    }

    private int[] Bits(ulong* masks, int count)
    {
        var bits = new int[count];
        for (int i = 0; i < count; i++) bits[i] = CommonBits.Count(Row(masks, i), Row(masks, i));
        return bits;
    }

    private ReadOnlySpan<ulong> Row(ulong* masks, int row) => new(masks + (long)row * _words, _words);

    private readonly struct Job(MostSimilarMasksSearch search) : IParallelJob
    {
        public void Run(int part) => search.Query(part);
    }
}
