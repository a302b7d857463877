using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>What a CUDA device does beside its kernels: precision of products, repeated work, copies.</summary>
public sealed class CudaDeviceTests
{
    [Theory]
    [InlineData(MatrixMath.F32, 0, 2e-6)]
    [InlineData(MatrixMath.Tf32, 1e-5, 1e-3)] // inputs are off by up to 2^-11, and the errors average out over 300 terms
    [InlineData(MatrixMath.Bf16, 2e-4, 8e-3)] // 2^-8
    public void Products_have_the_precision_that_was_asked_for(MatrixMath math, double least, double most)
    {
        if (!CudaStandin.IsThere()) return;
        using Device reference = new ReferenceDevice();
        using var device = new CudaDevice(math: math);
        foreach (int batch in new[] { 1, 3 })
        {
            double error = CaseRunner.Error(Product(reference, batch), Product(device, batch));
            Assert.InRange(error, least, most);
        }

        Assert.Equal(math, device.Math);
        Assert.Contains(math switch { MatrixMath.F32 => "float32", MatrixMath.Tf32 => "TF32", _ => "bfloat16" }, device.MatrixProducts, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_math_than_float32_needs_cublas()
    {
        if (!CudaStandin.IsThere()) return;
        Assert.Contains("cuBLAS", Assert.Throws<NotSupportedException>(() => new CudaDevice(useCublas: false, math: MatrixMath.Tf32)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Repeated_work_follows_its_step_and_the_tensors_outside()
    {
        if (!CudaStandin.IsThere()) return;
        using CudaDevice on = new(graphs: GraphUse.On), off = new(graphs: GraphUse.Off);
        Assert.Equal(Repeat(off), Repeat(on));

        static float[][] Repeat(Device device)
        {
            using Scope scope = device.Scope();
            Tensor x = device.Empty(100), table = device.From([.. Enumerable.Range(0, 50).Select(i => (float)i)], (10, 5)), row = device.Empty(5);
            Tensor keys = device.Empty(4, DType.U64), noise = device.Empty((4, 25)), sum = device.Empty(100);
            keys.Write<ulong>([3, 5, 7, 11]);
            using RepeatedWork work = device.Repeat(step =>
            {
                using Scope inner = device.Scope();
                Tensor drawn = device.Empty(100), dropped = device.Empty(100);
                device.Kernels.Normal(drawn, new RandomStream(1, "draws").At(step));
                device.Kernels.Dropout(dropped, drawn, 0.5, new RandomStream(1, "masks").At(step).Sub("layer"), false);
                device.Kernels.NormalRows(noise, keys, step);
                device.Kernels.SelectRow(row, table, step);
                device.Kernels.Add(sum, x, dropped);
            });
            var results = new List<float[]>();
            foreach (int step in new[] { 9, 8, 3, 0, 5 })
            {
                device.WriteFloats(x, [.. Enumerable.Repeat((float)step, 100)]);
                work.Run(step);
                results.AddRange([sum.ToArray<float>(), noise.ToArray<float>(), row.ToArray<float>()]);
            }

            return [.. results];
        }
    }

    [Fact]
    public void Repeated_work_keeps_its_memory_to_itself()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice(graphs: GraphUse.On);
        using Scope scope = device.Scope();
        Tensor x = device.Empty(1000), y = device.Empty(1000);
        device.Kernels.Fill(x, 1);
        using (RepeatedWork work = device.Repeat(_ =>
            {
                using Scope inner = device.Scope();
                Tensor twice = device.Empty(1000);
                device.Kernels.Add(twice, x, x);
                device.Kernels.Copy(y, twice);
            }))
        {
            for (int i = 0; i < 3; i++) work.Run(i);
            Tensor other = device.Empty(1000);
            device.Kernels.Fill(other, 7);
            work.Run(3);
            Assert.All(other.ToArray<float>(), v => Assert.Equal(7, v));
            Assert.All(y.ToArray<float>(), v => Assert.Equal(2, v));
        }

        device.Trim();
        Assert.Equal(0, device.PooledBytes);
    }

    [Fact]
    public void What_cannot_be_recorded_is_said()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice(graphs: GraphUse.On);
        using Scope scope = device.Scope();
        Tensor x = device.Zeros(10);
        Assert.Contains("written inside repeated work", Refusal(_ => device.WriteFloats(x, new float[10])), StringComparison.Ordinal);
        Assert.Contains("read inside repeated work", Refusal(_ => x.ToArray<float>()), StringComparison.Ordinal);
        Assert.Contains("40 bytes are left", Refusal(_ => device.Empty(10)), StringComparison.Ordinal);
        device.Kernels.Fill(x, 3); // the stream is not left recording
        Assert.Equal(3, x.ToArray<float>()[9]);

        string Refusal(Action<long> action)
        {
            using RepeatedWork work = device.Repeat(action);
            return Assert.Throws<InvalidOperationException>(() => { for (int i = 0; i < 2; i++) work.Run(i); }).Message;
        }
    }

    [Fact]
    public void Chains_are_interpreted_where_there_is_no_compiler()
    {
        if (!CudaStandin.IsThere()) return;
        using Device reference = new ReferenceDevice();
        foreach (OpCase opCase in OpCases.All.Where(c => c.Op == "Elementwise"))
        {
            using var device = new CudaDevice { InterpretChains = true };
            double[][] expected = CaseRunner.Gradients(opCase, reference), found = CaseRunner.Gradients(opCase, device);
            for (int i = 0; i < expected.Length; i++) Assert.InRange(CaseRunner.Error(expected[i], found[i]), 0, 4 * opCase.Tolerance);
        }
    }

    [Fact]
    public void A_chain_of_too_many_steps_is_refused()
    {
        string message = Assert.Throws<ArgumentException>(() => new ElementwiseChain(
            "long", [ChainInput.Full], v => Enumerable.Range(0, 40).Aggregate(v[0], (a, _) => a * v[0]))).Message;
        Assert.Contains("at most 32", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Large_and_small_copies_arrive_whole()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice();
        using Scope scope = device.Scope();
        int[] large = [.. Enumerable.Range(0, 3_000_001)];
        Tensor a = device.From(large, large.Length);
        var small = new List<Tensor>();
        int[] source = new int[1000];
        for (int i = 0; i < 50; i++)
        {
            Array.Fill(source, i); // the source changes while earlier copies may be under way
            small.Add(device.From(source, 1000));
        }

        Assert.Equal(large, a.ToArray<int>());
        for (int i = 0; i < 50; i++) Assert.All(small[i].ToArray<int>(), v => Assert.Equal(i, v));
    }

    private static double[] Product(Device device, int batch)
    {
        using Scope scope = device.Scope();
        var stream = new RandomStream(2, "products");
        Tensor a = device.From(Numbers(stream.At(0), batch * 40 * 300), (batch, 40, 300)), b = device.From(Numbers(stream.At(1), batch * 300 * 24), (batch, 300, 24));
        Tensor c = device.Empty((batch, 40, 24));
        device.Kernels.Gemm(MatrixView.BatchOf(c), MatrixView.BatchOf(a), MatrixView.BatchOf(b));
        return c.ToDoubles();
    }

    private static float[] Numbers(RandomStream stream, int count) => [.. Enumerable.Range(0, count).Select(i => (float)(stream.Double(i) - 0.5))];
}
