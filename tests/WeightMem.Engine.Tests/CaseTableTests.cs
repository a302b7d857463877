using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>The case table in its modes test, gradient and support.</summary>
public sealed class CaseTableTests
{
    /// <summary>Every row of the table by its name, so that a failure names it.</summary>
    public static TheoryData<string> Cases => [.. OpCases.All.Select(c => c.ToString())];

    /// <summary>The rows with gradients.</summary>
    public static TheoryData<string> DifferentiableCases => [.. OpCases.All.Where(c => c.Differentiable).Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Cpu_agrees_with_the_reference_at_every_width(string name)
    {
        OpCase opCase = Find(name);
        using Device reference = new ReferenceDevice { GuardWords = true };
        double[][] expected = CaseRunner.Outputs(opCase, reference);
        Assert.NotEmpty(expected);
        foreach (SimdLevel level in Levels())
        {
            using Device device = new CpuDevice(2, level) { GuardWords = true };
            double[][] found = CaseRunner.Outputs(opCase, device);
            for (int i = 0; i < expected.Length; i++)
            {
                double error = CaseRunner.Error(expected[i], found[i]);
                Assert.True(error <= opCase.Tolerance, $"{opCase} on {device.Name}, output {i}: error {error:G3} > {opCase.Tolerance:G3} ({opCase.Reason})");
            }

            Assert.Equal(0, device.LiveBytes);
        }

        Assert.Equal(0, reference.LiveBytes);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void One_and_two_threads_give_the_same_bits(string name)
    {
        OpCase opCase = Find(name);
        using Device one = new CpuDevice(1), two = new CpuDevice(2), three = new CpuDevice(3);
        double[][] expected = CaseRunner.Outputs(opCase, one);
        Assert.Equal(expected, CaseRunner.Outputs(opCase, two));
        Assert.Equal(expected, CaseRunner.Outputs(opCase, three));
        if (!opCase.Differentiable) return;
        expected = CaseRunner.Gradients(opCase, one);
        Assert.Equal(expected, CaseRunner.Gradients(opCase, two));
        Assert.Equal(expected, CaseRunner.Gradients(opCase, three));
    }

    [Theory]
    [MemberData(nameof(DifferentiableCases))]
    public void Gradients_in_float64_agree_with_finite_differences(string name)
    {
        OpCase opCase = Find(name);
        using Device reference = new ReferenceDevice { GuardWords = true };
        long work = opCase.Inputs.Sum(i => i.Shape.Elements);
        double[][] gradients = CaseRunner.Gradients(opCase, reference);
        (int[] Elements, double[] Derivatives)[] differences = CaseRunner.FiniteDifferences(opCase, reference, work > 20_000 ? 3 : 12);
        Assert.Equal(differences.Length, gradients.Length);
        Assert.NotEmpty(gradients);
        for (int i = 0; i < gradients.Length; i++)
        {
            // The loss is a sum of random signs over all outputs: its size, not the derivative's, sets the rounding of a difference.
            double scale = gradients[i].Max(Math.Abs);
            for (int e = 0; e < differences[i].Elements.Length; e++)
            {
                double difference = Math.Abs(differences[i].Derivatives[e] - gradients[i][differences[i].Elements[e]]);
                Assert.True(difference <= 2e-6 * Math.Max(1, scale), $"{opCase}, input {i}, element {differences[i].Elements[e]}: off by {difference:G3}");
            }
        }

        Assert.Equal(0, reference.LiveBytes);
    }

    [Theory]
    [MemberData(nameof(DifferentiableCases))]
    public void Cpu_gradients_agree_with_float64(string name)
    {
        OpCase opCase = Find(name);
        using Device reference = new ReferenceDevice();
        double[][] expected = CaseRunner.Gradients(opCase, reference);
        foreach (SimdLevel level in Levels())
        {
            using Device device = new CpuDevice(2, level) { GuardWords = true };
            double[][] found = CaseRunner.Gradients(opCase, device);
            for (int i = 0; i < expected.Length; i++)
            {
                // A gradient is two or three ops deep: four times the op's own bound.
                double error = CaseRunner.Error(expected[i], found[i]), bound = 4 * opCase.Tolerance;
                Assert.True(error <= bound, $"{opCase} on {device.Name}, gradient {i}: error {error:G3} > {bound:G3}");
            }

            Assert.Equal(0, device.LiveBytes);
        }
    }

    [Fact]
    public void Every_kernel_has_a_case()
    {
        // Support mode: the table names each kernel of the contract, or an op that stands on it.
        string[] named = [.. OpCases.All.Select(c => c.Op).Distinct()];
        Assert.True(OpCases.All.Count > 60, $"only {OpCases.All.Count} cases");
        foreach (string kernel in typeof(IKernels).GetMethods().Select(m => m.Name.Replace("Forward", "", StringComparison.Ordinal).Replace("Backward", "", StringComparison.Ordinal)))
        {
            string op = kernel switch
            {
                "Activation" => "Activate",
                "GatherRows" or "ScatterAddRows" => "Embedding",
                "ConvolutionDataGradient" => "TransposedConvolution",
                "ConvolutionFilterGradient" => "Convolution",
                "ChannelStatistics" => "BatchNorm",
                _ => kernel,
            };
            Assert.Contains(op, named);
        }
    }

    private static OpCase Find(string name) => OpCases.All.Single(c => c.ToString() == name);

    private static IEnumerable<SimdLevel> Levels() => Enum.GetValues<SimdLevel>().Where(SimdSupport.IsSupported);
}
