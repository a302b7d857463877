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

    public PairRanking NearestAlignedRows(
        Tensor squared, Tensor index, Tensor order, Tensor queryUnits, Tensor referenceUnits, Tensor queryBiases, Tensor referenceBiases, Tensor? queryMarks,
        Tensor? referenceMarks)
    {
        var search = new NearestAlignedRowsSearch(
            workers, squared, index, order, queryUnits, referenceUnits, queryBiases, referenceBiases, queryMarks, referenceMarks,
            ((CpuDevice)queryUnits.Device).RankPairs);
        search.Run();
        return search.Ranking;
    }

    public void MostSimilarMasks(Tensor similarity, Tensor index, Tensor masks, Tensor referenceMasks, Tensor? queryMarks, Tensor? referenceMarks) =>
        new MostSimilarMasksSearch(similarity, index, masks, referenceMasks, queryMarks, referenceMarks).Run(workers);
}
