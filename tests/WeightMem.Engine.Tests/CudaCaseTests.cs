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
    /// <summary>Names the ops whose rows are run, with commas between them: for mutations, which concern a few. Without it, as always in CI, all are run.</summary>
    private const string OpsVariable = "WEIGHTMEM_TESTS_OPS";

    /// <summary>Every row of the table by its name.</summary>
    public static TheoryData<string> Cases => [.. OpCases.All.Select(c => c.ToString())];

    /// <summary>The rows with gradients.</summary>
    public static TheoryData<string> DifferentiableCases => [.. OpCases.All.Where(c => c.Differentiable).Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Cuda_agrees_with_the_reference(string name)
    {
        if (!CudaStandin.IsThere() || !IsWanted(name)) return;
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
        if (!CudaStandin.IsThere() || !IsWanted(name)) return;
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
        if (!CudaStandin.IsThere() || !IsWanted(name)) return;
        OpCase opCase = Find(name);
        using CudaDevice first = new(), second = new();
        Assert.Equal(CaseRunner.Outputs(opCase, first), CaseRunner.Outputs(opCase, second));
        if (opCase.Differentiable) Assert.Equal(CaseRunner.Gradients(opCase, first), CaseRunner.Gradients(opCase, second));
    }

    /// <summary>The rows that are run in modes of fewer bits too, and those modes.</summary>
    public static TheoryData<string, MatrixMath> Modes
    {
        get
        {
            var rows = new TheoryData<string, MatrixMath>();
            foreach (OpCase opCase in OpCases.All)
            {
                foreach (MatrixMath math in opCase.Modes.Keys) rows.Add(opCase.ToString(), math);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Modes_of_fewer_bits_are_as_right_as_their_bits(string name, MatrixMath math)
    {
        if (!CudaStandin.IsThere() || !IsWanted(name)) return;
        OpCase opCase = Find(name);
        double most = opCase.Modes[math].Tolerance, least = math == MatrixMath.Tf32 ? 1e-5 : 1e-4; // float32 would be below: then the mode did nothing
        using Device reference = new ReferenceDevice();
        double[][] expected = [.. CaseRunner.Outputs(opCase, reference), .. CaseRunner.Gradients(opCase, reference)], found = Run();
        for (int i = 0; i < expected.Length; i++)
        {
            double error = CaseRunner.Error(expected[i], found[i]);
            Assert.True(error >= least && error <= most, $"{opCase} in {math}, output {i}: error {error:G3} is not from {least:G3} to {most:G3} ({opCase.Modes[math].Reason})");
        }

        Assert.Equal(found, Run());

        double[][] Run()
        {
            using var device = new CudaDevice(math: math) { GuardWords = true };
            double[][] results = [.. CaseRunner.Outputs(opCase, device), .. CaseRunner.Gradients(opCase, device)];
            Assert.Equal(0, device.LiveBytes);
            return results;
        }
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

    private static bool IsWanted(string name) =>
        Environment.GetEnvironmentVariable(OpsVariable) is not { Length: > 0 } ops || ops.Split(',').Contains(Find(name).Op);

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
