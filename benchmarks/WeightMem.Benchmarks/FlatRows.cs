using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using static TorchSharp.torch;

namespace WeightMem.Benchmarks;

/// <summary>Passes over flat buffers: AdamW over all parameters of a model at once, and normal random numbers.</summary>
internal static class FlatRows
{
    public const string Section = "Flat buffers";

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            foreach ((string of, int count) in new[] { ("G.pt small", 1_100_000), ("Hyper-Representations small", 1_500_000), ("P-diff, 6.6 M", 6_600_000) })
                yield return () => Adam(of, count, threads, peers);
            yield return () => Normal(1 << 20, threads, peers);
        }
    }

    private static BenchmarkRow Adam(string of, int count, int threads, bool peers)
    {
        var device = new CpuDevice(threads);
        var builder = new ParameterBuilder();
        builder.Add("all", count, Initializer.Normal(1), decays: true);
        ParameterSet parameters = builder.Build(device, new RandomStream(1, "adam"));
        device.Kernels.Normal(parameters.Gradients, new RandomStream(2, "adam"));
        float[] start = parameters.Values.ToArray<float>(), gradient = parameters.Gradients.ToArray<float>();
        var optimizer = new AdamW(parameters, 0.9, 0.999, 1e-8, 0.01, double.PositiveInfinity);
        optimizer.Step(1e-3, 0);
        float[] expected = parameters.Values.ToArray<float>();
        var contenders = new List<Contender> { new("ours", () => { }, () => optimizer.Step(1e-3, 0), () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            TorchSharp.Modules.Parameter p = nn.Parameter(tensor(start));
            p.grad = tensor(gradient);
            optim.Optimizer peer = optim.AdamW([p], 1e-3, weight_decay: 0.01);
            bool first = true;
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => Step(), () =>
            {
                if (first) Step();
                first = false;
                return expected.Zip(p.detach().data<float>().ToArray(), (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
            }));
            free = () =>
            {
                peer.Dispose();
                p.Dispose();
            };

            void Step()
            {
                using var all = NewDisposeScope();
                peer.step();
            }
        }

        return new BenchmarkRow
        {
            Section = Section,
            Name = $"AdamW over {count:N0} parameters ({of})",
            Threads = threads,
            Flops = 16.0 * count,
            Bytes = 28.0 * count, // reads value, gradient, both moments; writes value and moments. The gradient's norm, which ours takes too, is not counted
            LargestError = 1e-6,
            Contenders = contenders,
            Free = () =>
            {
                free();
                optimizer.Dispose();
                parameters.Dispose();
                device.Dispose();
            },
        };
    }

    private static BenchmarkRow Normal(int count, int threads, bool peers)
    {
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        var numbers = device.Empty(count);
        long step = 0;
        var stream = new RandomStream(1, "normals");
        var contenders = new List<Contender> { new("ours", () => { }, () => device.Kernels.Normal(numbers, stream.At(step++)), () => Moments(numbers.ToArray<float>())) };
        Action free = () => { };
        if (peers)
        {
            TorchSharp.torch.Tensor other = empty(count);
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => other.normal_(), () => Moments(other.data<float>().ToArray())));
            free = other.Dispose;
        }

        contenders[0].Run();
        if (peers) contenders[1].Run();
        return new BenchmarkRow
        {
            Section = Section,
            Name = $"{count:N0} normal random numbers (error: of mean, variance and fourth moment)",
            Threads = threads,
            Flops = 0,
            Bytes = 4.0 * count,
            LargestError = 0.03, // six standard errors of the fourth moment
            Contenders = contenders,
            Free = () =>
            {
                free();
                scope.Dispose();
                device.Dispose();
            },
        };
    }

    /// <summary>The largest difference of the first moments from those of a normal distribution: 0, 1 and 3, the last relative.</summary>
    private static double Moments(float[] values)
    {
        double mean = values.Average(v => (double)v), variance = values.Average(v => (double)v * v), fourth = values.Average(v => (double)v * v * v * v);
        return Math.Max(Math.Abs(mean), Math.Max(Math.Abs(variance - 1), Math.Abs(fourth - 3) / 3));
    }
}
