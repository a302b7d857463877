using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

/// <summary>The measures of one evaluation on every device.</summary>
public sealed class DeviceTests
{
    [Fact]
    public void The_reference_and_the_cpu_measure_the_same()
    {
        using Device reference = new ReferenceDevice();
        Equal(Measured(reference), Processor(ranked: true), MinimumDistance.RankedPath);
    }

    [Fact]
    public void Cuda_and_the_cpu_measure_the_same()
    {
        if (!CudaStandin.IsThere()) return;
        using Device cuda = new CudaDevice();
        IReadOnlyList<PopulationMeasures> found = Measured(cuda);
        Equal(Processor(ranked: false), found, MinimumDistance.DifferencesPath);
        Assert.Equal(0, cuda.LiveBytes);
    }

    [Fact]
    public void Networks_too_wide_for_a_gpu_are_aligned_on_the_cpu()
    {
        if (!CudaStandin.IsThere()) return;
        using Device cuda = new CudaDevice();
        Population p = Made.Population(Made.Mlp(3, 70, 2), 4, 95);
        AlignedNeighbours found = AlignedDistance.Nearest(cuda, p, p, Exclusion.SameRow);
        Assert.Equal(MinimumDistance.DirectPath, found.Neighbours.Path);
        Assert.Equal(OnCpu.Aligned(p, p, Exclusion.SameRow).Neighbours.Distances, found.Neighbours.Distances);
    }

    private static IReadOnlyList<PopulationMeasures> Processor(bool ranked)
    {
        using Device device = new CpuDevice(2) { RankPairs = ranked };
        return Measured(device);
    }

    private static IReadOnlyList<PopulationMeasures> Measured(Device device)
    {
        ParameterLayout layout = Made.Mlp(7, 5, 3);
        Population training = Made.Population(layout, 70, 90), generated = Made.Population(layout, 9, 91);
        training.Row(4).CopyTo(generated.Row(2));
        AlignedDistance.Align(layout, training.Row(66), [3, 0, 4, 1, 2]).CopyTo(generated.Row(5));
        training.Wrong = Made.Masks(Made.Errors(70, 200, 92, i => 0.01 * i));
        generated.Wrong = Made.Masks(Made.Errors(9, 200, 93, i => 0.1 * i));
        return Evaluator.Measure(device, training, [new("generated", generated)], seed: 94, resamples: 100);
    }

    private static void Equal(IReadOnlyList<PopulationMeasures> expected, IReadOnlyList<PopulationMeasures> found, string path)
    {
        Assert.Equal(2, found.Count);
        foreach ((PopulationMeasures e, PopulationMeasures f) in expected.Zip(found))
        {
            Assert.Equal(path, f.MinL2.Path);
            Assert.Equal(e.MinL2.Indices, f.MinL2.Indices);
            Assert.Equal(e.MinL2Aligned!.Neighbours.Indices, f.MinL2Aligned!.Neighbours.Indices);
            Assert.Equal(e.MinL2Aligned.Permutations, f.MinL2Aligned.Permutations);
            Assert.Equal(e.MaxSimilarity!.Values, f.MaxSimilarity!.Values);
            Assert.Equal(e.MaxSimilarity.Indices, f.MaxSimilarity.Indices);
            foreach ((double a, double b) in e.MinL2.Distances.Zip(f.MinL2.Distances)) Assert.Equal(a, b, 1e-12 * a);
            foreach ((double a, double b) in e.MinL2Aligned.Neighbours.Distances.Zip(f.MinL2Aligned.Neighbours.Distances)) Assert.Equal(a, b, 1e-12 * a);
        }
    }
}
