using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Tests.Measures;

/// <summary>The measures on a CPU with so many threads, with or without ranking; null leaves that to the amount of work.</summary>
internal static class OnCpu
{
    public static Neighbours Nearest(Population q, Population r, Exclusion exclusion, int k = 1, int threads = 2, bool? ranked = null)
    {
        using var device = new CpuDevice(threads) { RankPairs = ranked };
        Neighbours found = MinimumDistance.Nearest(device, q, r, exclusion, k);
        return device.LiveBytes == 0 ? found : throw new InvalidOperationException("the measure left tensors behind");
    }

    public static AlignedNeighbours Aligned(Population q, Population r, Exclusion exclusion, int k = 1, int threads = 2, bool? ranked = null)
    {
        using var device = new CpuDevice(threads) { RankPairs = ranked };
        AlignedNeighbours found = AlignedDistance.Nearest(device, q, r, exclusion, k);
        return device.LiveBytes == 0 ? found : throw new InvalidOperationException("the measure left tensors behind");
    }

    public static Similarities Maximum(Population q, Population r, Exclusion exclusion, SimilarityRule rule = SimilarityRule.Exact)
    {
        using var device = new CpuDevice(2);
        return ErrorSimilarity.Maximum(device, q, r, exclusion, rule);
    }

    public static Similarities Maximum(ErrorMasks q, ErrorMasks r, Exclusion exclusion, SimilarityRule rule = SimilarityRule.Exact)
    {
        using var device = new CpuDevice(2);
        return ErrorSimilarity.Maximum(device, q, r, exclusion, rule);
    }
}
