using WeightMem.Engine.Benchmarks;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>The kernels that are timed and the versions in the notebooks, at tiny sizes: each computes what the reference does.</summary>
public sealed class KernelBenchTests
{
    /// <summary>Every row.</summary>
    public static TheoryData<string> Rows => [.. All.Select(r => r.ToString()).Distinct()];

    private static IEnumerable<KernelRow> All => KernelRows.Shipped(tiny: true).Concat(KernelRows.Versions(tiny: true));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_row_computes_what_the_reference_does(string name)
    {
        if (!CudaStandin.IsThere()) return;
        KernelRow row = All.First(r => r.ToString() == name);
        using var device = new CudaDevice { GuardWords = true };
        using Device reference = new ReferenceDevice();
        double[][] expected = row.Results(reference, shipped: true), found = row.Results(device, shipped: false);
        Assert.NotEmpty(expected);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Cases.CaseRunner.Error(expected[i], found[i]);
            Assert.True(error <= row.Tolerance, $"{row}, output {i}: off by {error:G3}, allowed {row.Tolerance:G3}");
        }
    }

    [Theory]
    [InlineData(MatrixMath.Tf32)]
    [InlineData(MatrixMath.Bf16)]
    public void Rows_of_products_are_right_in_every_mode(MatrixMath math)
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice(math: math);
        using Device reference = new ReferenceDevice();
        KernelRow[] rows = [.. KernelRows.Shipped(tiny: true).Where(r => r.IsProduct)];
        Assert.Equal(["AttentionBackward and forward", "AttentionForward", "Gemm down", "Gemm up"], rows.Select(r => r.Kernel).Order(StringComparer.Ordinal));
        foreach (KernelRow row in rows)
        {
            double[][] expected = row.Results(reference, shipped: true), found = row.Results(device, shipped: false);
            double error = expected.Zip(found).Max(p => Cases.CaseRunner.Error(p.First, p.Second));
            Assert.True(error > row.Tolerance && error <= row.ToleranceOn(device), $"{row} in {math}: off by {error:G3}, allowed {row.ToleranceOn(device):G3}");
        }
    }

    [Fact]
    public void Each_notebook_has_versions_and_ends_with_what_ships()
    {
        foreach (IGrouping<string, KernelRow> notebook in KernelRows.Versions(tiny: true).GroupBy(r => r.Kernel))
        {
            string[] versions = [.. notebook.Select(r => r.Version)];
            Assert.Equal([.. Enumerable.Range(1, versions.Length - 1).Select(v => $"{v}"), KernelRow.Ships], versions);
        }

        Assert.Equal(
            [
                "Adam", "AttentionForward", "CrossEntropyForward", "Elementwise", "Gemm up", "LayerNormForward", "MostSimilarMasks", "NearestAlignedRows", "NearestRows",
                "Normal", "PopulationMlp", "SoftmaxForward", "SumRows",
            ],
            KernelRows.Versions(tiny: true).Select(r => r.Kernel).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>What is left out is a copy or a check of one number.</summary>
    [Fact]
    public void A_kernel_without_a_row_is_known() => Assert.Equal(
        ["GatherColumns", "RequireFinite", "SelectRow", "SumOfSquares"],
        typeof(IKernels).GetMethods().Select(m => m.Name).Except(KernelRows.Shipped(tiny: false).Select(r => r.Kernel.Split(' ')[0])).Order(StringComparer.Ordinal));

    [Fact]
    public void A_wrong_kernel_has_no_speed()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice();
        if (!device.IsStandin) return;
        using var bench = new KernelBench(device);
        KernelRow right = bench.Rows(versions: false).First(r => r.Kernel == "Add");
        KernelTiming good = bench.Run(right), bad = bench.Run(right with { Run = (d, i, o) => d.Kernels.Multiply(o[0], i[0], i[1], false), Shipped = right.Run });
        Assert.True(good.IsRight);
        Assert.True(good.Warm!.Value.Median > 0);
        Assert.False(bad.IsRight);
        Assert.True(bad.Error > right.Tolerance);
        Assert.Null(bad.Cold);
    }
}
