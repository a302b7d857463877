using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public PairRanking NearestRows(Tensor squared, Tensor index, Tensor queries, Tensor references, Tensor? queryMarks, Tensor? referenceMarks)
    {
        var search = new NearestRowsSearch(
            workers, squared, index, queries, references, queryMarks, referenceMarks, ((CpuDevice)queries.Device).RankPairs);
        search.Run();
        return search.Ranking;
    }
}
