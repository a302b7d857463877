using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>
/// The case table on the CUDA device: the same kernels, launches and bindings as on a GPU. Without one they run on the CPU stand-in, which says that they are
/// right and nothing about their speed.
/// </summary>
public sealed class CudaCaseTests
{
    /// <summary>Every row of the table by its name.</summary>
    public static TheoryData<string> Cases => [.. OpCases.All.Select(c => c.ToString())];

    /// <summary>The rows with gradients.</summary>
    public static TheoryData<string> DifferentiableCases => [.. OpCases.All.Where(c => c.Differentiable).Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Cuda_agrees_with_the_reference(string name)
    {
        if (!CudaStandin.IsThere()) return;
        OpCase opCase = Find(name);
        using Device reference = new ReferenceDevice();
        double[][] expected = CaseRunner.Outputs(opCase, reference);
        foreach (bool cublas in new[] { true, false })
        {
            using var device = new CudaDevice(useCublas: cublas) { GuardWords = true };
            Compare(opCase, device, expected, CaseRunner.Outputs(opCase, device), opCase.Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(DifferentiableCases))]
    public void Cuda_gradients_agree_with_the_reference(string name)
    {
        if (!CudaStandin.IsThere()) return;
        OpCase opCase = Find(name);
        using Device reference = new ReferenceDevice();
        double[][] expected = CaseRunner.Gradients(opCase, reference);
        using var device = new CudaDevice { GuardWords = true };

        // A gradient is two or three ops deep: four times the op's own bound.
        Compare(opCase, device, expected, CaseRunner.Gradients(opCase, device), 4 * opCase.Tolerance);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equal_calls_give_equal_bits(string name)
    {
        if (!CudaStandin.IsThere()) return;
        OpCase opCase = Find(name);
        using CudaDevice first = new(), second = new();
        Assert.Equal(CaseRunner.Outputs(opCase, first), CaseRunner.Outputs(opCase, second));
        if (opCase.Differentiable) Assert.Equal(CaseRunner.Gradients(opCase, first), CaseRunner.Gradients(opCase, second));
    }

    [Fact]
    public void Random_numbers_are_the_cpus_to_the_bit()
    {
        if (!CudaStandin.IsThere()) return;
        using Device cpu = new CpuDevice();
        using var cuda = new CudaDevice();
        Assert.Equal(Draw(cpu), Draw(cuda));

        static float[][] Draw(Device device)
        {
            using Scope scope = device.Scope();
            Tensor normal = device.Empty(10_007), uniform = device.Empty(10_007);
            device.Kernels.Normal(normal, new RandomStream(5, "numbers").At(3));
            device.Kernels.Uniform(uniform, new RandomStream(5, "numbers").At(3));
            return [normal.ToArray<float>(), uniform.ToArray<float>()];
        }
    }

    [Fact]
    public void Memory_that_the_device_does_not_have_is_one_line()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice();
        using Scope scope = device.Scope();
        var error = Assert.ThrowsAny<OutOfMemoryException>(() => device.Empty((1 << 20, 1 << 12), DType.F32));
        Assert.Contains("has no block of", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.LiveBytes);
    }

    private static void Compare(OpCase opCase, CudaDevice device, double[][] expected, double[][] found, double bound)
    {
        Assert.NotEmpty(expected);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = CaseRunner.Error(expected[i], found[i]);
            Assert.True(error <= bound, $"{opCase} on {device.Name}, {device.MatrixProducts}, output {i}: error {error:G3} > {bound:G3} ({opCase.Reason})");
        }

        Assert.Equal(0, device.LiveBytes);
    }

    private static OpCase Find(string name) => OpCases.All.Single(c => c.ToString() == name);
}
