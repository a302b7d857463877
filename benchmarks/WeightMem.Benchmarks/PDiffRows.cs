using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Targets.Networks;
using static TorchSharp.torch;

namespace WeightMem.Benchmarks;

/// <summary>
/// P-diff's layers and models forward and backward beside libtorch, and in the same run the parity of all outputs and gradients on random inputs. A row's error is the largest
/// difference over its outputs and gradients, each relative to its own largest magnitude; for whole models the length of the difference, relative to that of the gradient.
/// </summary>
internal static class PDiffRows
{
    private static readonly PDiffSettings Published = new();

    private static readonly (string Name, int Batch, int Channels, int Filters, Window Window, bool Transposed)[] Convolutions =
    [
        ("conv 3-64 7x7/2 at 224", 4, 3, 64, new(224, 224, 7, 7, 2, 2, 3, 3), false),
        ("conv 64-64 3x3 at 56", 8, 64, 64, new(56, 56, 3, 3, 1, 1, 1, 1), false),
        ("conv 64-128 3x3/2 at 56", 8, 64, 128, new(56, 56, 3, 3, 2, 2, 1, 1), false),
        ("conv 64-128 1x1/2 at 56", 8, 64, 128, new(56, 56, 1, 1, 2, 2), false),
        ("conv 128-128 3x3 at 28", 8, 128, 128, new(28, 28, 3, 3, 1, 1, 1, 1), false),
        ("conv 256-256 3x3 at 14", 8, 256, 256, new(14, 14, 3, 3, 1, 1, 1, 1), false),
        ("conv 512-512 3x3 at 7", 8, 512, 512, new(7, 7, 3, 3, 1, 1, 1, 1), false),
        ("conv 64-64 3x3 at 4, resnet-mini", 64, 64, 64, new(4, 4, 3, 3, 1, 1, 1, 1), false),
        ("signal 1-64 k7/2 at 2048", 10, 1, 64, Window.Along(2048, 7, 2, 3), false),
        ("signal 64-128 k7/2 at 1024", 10, 64, 128, Window.Along(1024, 7, 2, 3), false),
        ("signal 256-256 k7/2 at 256", 10, 256, 256, Window.Along(256, 7, 2, 3), false),
        ("signal 64-1 k7 at 2048", 10, 64, 1, Window.Along(2048, 7, 1, 3), false),
        ("signal 256-512 k7 at 128", 10, 256, 512, Window.Along(128, 7, 1, 3), false),
        ("signal 512-256 k7 at 128", 10, 512, 256, Window.Along(128, 7, 1, 3), false),
        ("transposed signal 256-128 k7/2 to 512", 10, 128, 256, Window.Along(512, 7, 2, 3), true),
        ("transposed signal 64-64 k7/2 to 2048", 10, 64, 64, Window.Along(2048, 7, 2, 3), true),
    ];

    /// <summary>All rows on one and two threads.</summary>
    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            foreach ((string name, int batch, int channels, int filters, Window window, bool transposed) in Convolutions)
                yield return () => Convolution(name, batch, channels, filters, window, transposed, threads, peers);
            yield return () => Norm("batch norm and ReLU, 8 x 56 x 56 x 64", (8, 56, 56, 64), threads, peers);
            yield return () => Norm("batch norm and ReLU, 10 x 128 x 512", (10, 1, 128, 512), threads, peers);
            yield return () => Pool(threads, peers);
            yield return () => Autoencoder(threads, peers);
            yield return () => Denoiser(threads, peers);
            yield return () => Classifier(threads, peers);
        }
    }

    private static BenchmarkRow Convolution(string name, int batch, int channels, int filters, Window w, bool transposed, int threads, bool peers)
    {
        Shape big = w.Input(batch, channels), small = w.Output(batch, filters), weight = (filters, channels, w.KernelHeight, w.KernelWidth);
        return Layer(
            name + ", forward and backward", [transposed ? small : big, weight], threads, peers, 6.0 * small.Elements * channels * w.Taps,
            (tape, x) => transposed ? tape.TransposedConvolution(x[0], x[1], null, w) : tape.Convolution(x[0], x[1], null, w),
            x => transposed
                ? nn.functional.conv_transpose2d(
                    x[0], x[1], null, [w.StrideHeight, w.StrideWidth], [w.PadHeight, w.PadWidth],
                    [w.Height - ((w.OutHeight - 1) * w.StrideHeight - 2 * w.PadHeight + w.KernelHeight), w.Width - ((w.OutWidth - 1) * w.StrideWidth - 2 * w.PadWidth + w.KernelWidth)])
                : filters == 1
                    ? TorchPDiff.Signal(x[0].squeeze(2), x[1].squeeze(2), null).unsqueeze(2)
                    : nn.functional.conv2d(x[0], x[1], null, [w.StrideHeight, w.StrideWidth], [w.PadHeight, w.PadWidth]));
    }

    private static BenchmarkRow Norm(string name, Shape shape, int threads, bool peers) => Layer(
        name + ", forward and backward", [shape, shape[3], shape[3]], threads, peers, 20.0 * shape.Elements,
        (tape, x) => tape.BatchNorm(x[0], x[1], x[2], Activation.Relu),
        x => nn.functional.relu(nn.functional.batch_norm(x[0], null!, null!, x[1], x[2], training: true)));

    private static BenchmarkRow Pool(int threads, bool peers)
    {
        Window w = new(112, 112, 3, 3, 2, 2, 1, 1);
        return Layer(
            "max pool 3x3/2, 8 x 112 x 112 x 64, forward and backward", [w.Input(8, 64)], threads, peers, 10.0 * w.Output(8, 64).Elements,
            (tape, x) => tape.MaxPool(x[0], w), x => nn.functional.max_pool2d(x[0], 3, 2, 1));
    }

    /// <summary>An op with inputs of random numbers, and a fixed random gradient of its output.</summary>
    private static BenchmarkRow Layer(
        string name, Shape[] inputs, int threads, bool peers, double flops, Func<Tape, WeightMem.Engine.Tensors.Tensor[], WeightMem.Engine.Tensors.Tensor> ours,
        Func<TorchSharp.torch.Tensor[], TorchSharp.torch.Tensor> theirs)
    {
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        WeightMem.Engine.Tensors.Tensor[] x = [.. inputs.Select((shape, i) => Numbers(device, shape, i))];
        WeightMem.Engine.Tensors.Tensor slope;
        using (device.Scope())
            slope = device.Persistent(ours(Tape.Inference(device), x).Shape, DType.F32);
        device.Kernels.Normal(slope, new RandomStream(5, "slope"));
        float[][] expected = [];
        Run(result => expected = result);
        var contenders = new List<Contender> { new("ours", () => { }, () => Run(null), () => 0) };
        Action free = slope.Dispose;
        if (peers)
        {
            LibTorch.SetThreads(threads);
            TorchSharp.torch.Tensor[] t = [.. x.Select((v, i) => FromGrid(v, i).requires_grad_())];
            TorchSharp.torch.Tensor dy = FromGrid(slope, 0);
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => Peer(null), () =>
            {
                double worst = 0;
                Peer(found => worst = expected.Zip(found, Relative).Max());
                return worst;
            }));
            free += () =>
            {
                foreach (TorchSharp.torch.Tensor tensor in t.Append(dy)) tensor.Dispose();
            };

            void Peer(Action<float[][]>? keep)
            {
                using var all = NewDisposeScope();
                using (enable_grad())
                {
                    TorchSharp.torch.Tensor y = theirs(t);
                    IList<TorchSharp.torch.Tensor> gradients = autograd.grad([y], t, [dy]);
                    keep?.Invoke([ToGrid(y, 0), .. gradients.Select(ToGrid)]);
                }
            }
        }

        return new BenchmarkRow
        {
            Name = name,
            Threads = threads,
            Flops = flops,
            LargestError = 2e-4,
            Contenders = contenders,
            Free = () =>
            {
                free();
                scope.Dispose();
                device.Dispose();
            },
        };

        void Run(Action<float[][]>? keep)
        {
            using Scope inner = device.Scope();
            Tape tape = Tape.Record(device);
            foreach (WeightMem.Engine.Tensors.Tensor input in x)
            {
                input.Gradient = null;
                tape.Watch(input);
            }

            WeightMem.Engine.Tensors.Tensor y = ours(tape, x);
            float[] output = keep is null ? [] : y.ToArray<float>();
            tape.Backward(y, slope);
            keep?.Invoke([output, .. x.Select(v => v.Gradient!.ToArray<float>())]);
            foreach (WeightMem.Engine.Tensors.Tensor input in x) input.Gradient = null;
        }
    }

    private static BenchmarkRow Autoencoder(int threads, bool peers)
    {
        const int Batch = 10, Length = 2048;
        var builder = new ParameterBuilder();
        var model = new WeightAutoencoder(builder, Published, Length);
        return Model(
            "p-diff autoencoder, 10 networks, forward and backward", builder, [(Batch, Length)], threads, peers, 6 * 332.2e6 * Batch,
            (tape, x) => tape.MeanSquaredError(model.Decode(tape, model.Encode(tape, x[0], BatchNormMode.Train), BatchNormMode.Train), x[0]),
            (p, x) => TorchPDiff.AutoencoderLoss(p, x[0], Published));
    }

    private static BenchmarkRow Denoiser(int threads, bool peers)
    {
        const int Batch = 10;
        var builder = new ParameterBuilder();
        var model = new LatentDenoiser(builder, Published);
        return Model(
            "p-diff denoiser, 10 latents, forward and backward", builder, [(Batch, 128), (Batch, 256), (Batch, 128)], threads, peers, 6 * 308.4e6 * Batch,
            (tape, x) => tape.MeanSquaredError(model.Forward(tape, x[0], x[1], BatchNormMode.Train), x[2]), (p, x) => TorchPDiff.DenoiserLoss(p, x[0], x[1], x[2]));
    }

    private static BenchmarkRow Classifier(int threads, bool peers)
    {
        const int Batch = 64;
        var builder = new ParameterBuilder();
        var steps = new NetworkSteps();
        ResNet.Mini(builder, steps, 1, 10);
        int[] labels = [.. Enumerable.Range(0, Batch).Select(i => i % 10)];
        return Model(
            "resnet-mini, 64 images, forward and backward", builder, [(Batch, 28, 28, 1)], threads, peers, 6 * 3.7e6 * Batch,
            (tape, x) =>
            {
                WeightMem.Engine.Tensors.Tensor[] live = [x[0]];
                foreach (NetworkStep step in steps.All) live = step.Run(tape, live, BatchNormMode.Train);
                return tape.Scale(tape.Sum(tape.CrossEntropy(live[^1], tape.Device.From(labels, Batch))), 1.0 / Batch);
            },
            (p, x) => TorchPDiff.MiniLoss(p, x[0], labels));
    }

    /// <summary>A model's loss and its gradients with respect to all parameters.</summary>
    private static BenchmarkRow Model(
        string name, ParameterBuilder builder, Shape[] inputs, int threads, bool peers, double flops,
        Func<Tape, WeightMem.Engine.Tensors.Tensor[], WeightMem.Engine.Tensors.Tensor> ours,
        Func<IReadOnlyDictionary<string, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor[], TorchSharp.torch.Tensor> theirs)
    {
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        ParameterSet parameters = builder.Build(device, new RandomStream(1, "start"));

        // Scales that start at zero would hide what is behind them.
        Dictionary<string, float[]> state = parameters.State();
        foreach ((string key, float[] values) in state.Where(s => s.Key.EndsWith("bn2.weight", StringComparison.Ordinal))) values.AsSpan().Fill(0.7f);
        parameters.Load(state);
        WeightMem.Engine.Tensors.Tensor[] x = [.. inputs.Select((shape, i) => Numbers(device, shape, i))];
        Dictionary<string, float[]> expected = [];
        double loss = Step(true);
        string[] names = [.. parameters.Layout.Entries.Select(e => e.Name).Where(n => !n.Contains("running_", StringComparison.Ordinal))];
        var contenders = new List<Contender> { new("ours", () => { }, () => Step(false), () => 0) };
        Action free = parameters.Dispose;
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var p = names.ToDictionary(n => n, n => tensor(state[n], [.. parameters.Layout[n].Shape.Select(s => (long)s)]).requires_grad_());
            TorchSharp.torch.Tensor[] t = [.. x.Select(v => FromGrid(v, 0))];
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => Peer(false), () => Peer(true)));
            free += () =>
            {
                foreach (TorchSharp.torch.Tensor one in p.Values.Concat(t)) one.Dispose();
            };

            double Peer(bool compares)
            {
                using var all = NewDisposeScope();
                using (enable_grad())
                {
                    TorchSharp.torch.Tensor value = theirs(p, t);
                    string[] used = [.. names.Where(n => !n.StartsWith("fc_var", StringComparison.Ordinal))];
                    IList<TorchSharp.torch.Tensor> gradients = autograd.grad([value], [.. used.Select(n => p[n])]);
                    if (!compares) return 0;
                    double worst = Math.Abs(value.item<float>() - loss) / Math.Abs(loss);
                    // Lengths and not largest entries: where rounding puts a value on the other side of a rectifier's kink, single entries change by their own size, in libtorch as much
                    // as here. Gradients that are zero but for rounding, such as those of a bias before a batch normalisation, are compared on the scale of the longest of all.
                    double longest = expected.Values.Max(Length);
                    for (int i = 0; i < used.Length; i++)
                    {
                        float[] mine = expected[used[i]], other = gradients[i].contiguous().data<float>().ToArray();
                        worst = Math.Max(worst, Length([.. mine.Zip(other, (a, b) => a - b)]) / Math.Max(Length(mine), 1e-3 * longest));
                    }

                    return worst;
                }
            }
        }

        return new BenchmarkRow
        {
            Name = name,
            Threads = threads,
            Flops = flops,
            LargestError = 1e-2,
            Contenders = contenders,
            Free = () =>
            {
                free();
                scope.Dispose();
                device.Dispose();
            },
        };

        double Step(bool keep)
        {
            using Scope inner = device.Scope();
            Tape tape = Tape.Record(device);
            WeightMem.Engine.Tensors.Tensor result = ours(tape, x);
            double value = keep ? result.Item() : 0;
            parameters.ZeroGradients();
            tape.Backward(result);
            if (keep) expected = parameters.State(parameters.Gradients);
            return value;
        }
    }

    private static WeightMem.Engine.Tensors.Tensor Numbers(CpuDevice device, Shape shape, int which)
    {
        WeightMem.Engine.Tensors.Tensor numbers = device.Empty(shape);
        device.Kernels.Normal(numbers, new RandomStream(4, "inputs").At(which));
        return numbers;
    }

    /// <summary>Grids channels last to channels first, anything else as it is. Filters have four dimensions too, and come second.</summary>
    private static TorchSharp.torch.Tensor FromGrid(WeightMem.Engine.Tensors.Tensor x, int place)
    {
        using var all = NewDisposeScope();
        TorchSharp.torch.Tensor plain = tensor(x.ToArray<float>(), [.. x.Shape.Select(s => (long)s)]);
        return (x.Shape.Rank == 4 && place == 0 ? plain.permute(0, 3, 1, 2).contiguous() : plain).MoveToOuterDisposeScope();
    }

    private static float[] ToGrid(TorchSharp.torch.Tensor x, int place) =>
        (x.Dimensions == 4 && place == 0 ? x.permute(0, 2, 3, 1) : x).contiguous().data<float>().ToArray();

    private static double Length(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static double Relative(float[] expected, float[] found) => expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
}
