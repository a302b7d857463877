using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Targets;

namespace WeightMem.Benchmarks;

/// <summary>Populations of the small CNN of Hyper-Representations: judging 8 networks on the same 2,000 images, and a training step of 16 networks on 32 images each.</summary>
internal static class CnnRows
{
    public const string Section = "Zoos: small CNNs";

    private static readonly ConvNetTarget Target = new(1, 28, 28, 10);

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            yield return () => Row(threads, training: false, peers);
            yield return () => Row(threads, training: true, peers);
        }
    }

    private static BenchmarkRow Row(int threads, bool training, bool peers)
    {
        int networks = training ? 16 : 8, images = training ? networks * 32 : 2000, batch = training ? 32 : images, seen = training ? networks : 1;
        var stream = new RandomStream(4, "cnn benchmark");
        float[] rows = new float[networks * Target.Net.Parameters], pixels = [.. Enumerable.Range(0, images * 784).Select(i => (float)stream.Double(i))];
        for (int k = 0; k < networks; k++) Target.Initialize(rows.AsSpan(k * Target.Net.Parameters, Target.Net.Parameters), stream.Sub("network", k));
        int[] labels = [.. Enumerable.Range(0, networks * batch).Select(i => stream.At(1).Integer(i, 10))];

        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        Tensor weights = device.From(rows, (networks, Target.Net.Parameters)), all = device.From(pixels, (images, 784));
        Tensor index = device.From([.. Enumerable.Range(0, seen * batch)], (seen, batch)), classes = device.From(labels, (networks, batch));
        Tensor gradient = device.Empty(weights.Shape), losses = device.Empty(networks), logits = device.Empty((networks, batch, 10)), rates = device.Empty(networks);
        Tensor wrong = device.Empty((networks, (images + 63) / 64), DType.U64), first = device.Zeros(weights.Shape), second = device.Zeros(weights.Shape);
        Tensor shared = device.From(labels.AsSpan(0, batch), batch);
        device.Kernels.Fill(rates, 1e-9);
        device.Kernels.PopulationConvNetGradient(gradient, losses, logits, weights, all, index, classes, Target.Net);
        float[] expected = training ? FirstFilters(gradient.ToArray<float>(), networks) : logits.ToArray<float>();
        long step = 0;

        void Ours()
        {
            if (!training)
            {
                device.Kernels.PopulationConvNet(wrong, losses, weights, all, shared, Target.Net);
                return;
            }

            device.Kernels.PopulationConvNetGradient(gradient, losses, logits, weights, all, index, classes, Target.Net);
            device.Kernels.AdamRows(weights, first, second, gradient, rates, 0.9, 0.999, 1e-8, 0, ++step);
        }

        var contenders = new List<Contender> { new("ours", () => { }, Ours, () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var peer = new TorchCnn(Target, rows, pixels, [.. labels.Select(l => (long)l)], batch);
            free = () =>
            {
                peer.Dispose();
                LibTorch.UseOneDnn(true);
            };
            foreach (bool grouped in new[] { false, true })
            {
                Action run = training ? grouped ? peer.TrainGrouped : peer.TrainLoop : grouped ? () => peer.EvaluateGrouped() : () => peer.EvaluateLoop();
                Func<float[]> result = training ? () => peer.FirstGradient(grouped) : grouped ? peer.EvaluateGrouped : peer.EvaluateLoop;
                bool oneDnn = grouped || !training; // the gradients of 6 and of 4 channels are wrong with it
                void Prepare()
                {
                    LibTorch.SetThreads(threads);
                    LibTorch.UseOneDnn(oneDnn);
                }

                contenders.Add(new Contender(grouped ? "libtorch grouped" : "libtorch one by one", Prepare, run, () => Relative(expected, result())));
            }
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = true,
            Name = training ? "16 cnn-small, training step of 32 images each" : "8 cnn-small judged on 2,000 images",
            Threads = threads,
            Flops = (training ? 6 : 2) * Target.Net.MultiplyAdds * networks * batch,
            LargestError = 1e-4,
            Contenders = contenders,
            Free = () =>
            {
                free();
                scope.Dispose();
                device.Dispose();
            },
        };
    }

    private static float[] FirstFilters(float[] gradient, int networks) =>
        [.. Enumerable.Range(0, networks).SelectMany(k => gradient.Skip(k * Target.Net.Parameters).Take(200))];

    private static double Relative(float[] expected, float[] found) => expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
}
