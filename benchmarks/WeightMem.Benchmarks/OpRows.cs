using WeightMem.Engine.Benchmarks;
using WeightMem.Engine.Devices.Cpu;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Peer = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>
/// The ops of <see cref="OpProblems"/> beside libtorch, forward and backward, and in the same run the parity of outputs and gradients on random inputs: a row's error is the largest difference
/// over them, each relative to its own largest magnitude.
/// </summary>
internal static class OpRows
{
    public const string Section = "Ops, forward and backward";

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        Dictionary<string, Func<Peer[], Peer>> theirs = peers ? Peers() : [];
        foreach (OpProblem problem in OpProblems.All)
        {
            foreach (int threads in new[] { 1, 2 }) yield return () => Row(problem, threads, peers ? theirs[problem.Name] : null);
        }
    }

    /// <summary>Every problem on libtorch.</summary>
    private static Dictionary<string, Func<Peer[], Peer>> Peers()
    {
        LibTorch.SetThreads(1); // makes the library loadable
        var found = new Dictionary<string, Func<Peer[], Peer>>();
        foreach ((string name, _, _, _) in OpProblems.Linears) found[name] = x => F.gelu(F.linear(x[0], x[1], x[2]));
        foreach ((string name, _, _) in OpProblems.Softmaxes) found[name] = x => F.softmax(x[0], -1);
        foreach ((string name, _, int columns) in OpProblems.LayerNorms) found[name] = x => F.layer_norm(x[0], [columns], x[1], x[2]);
        foreach ((string name, int batch, int tokens, int width, int heads) in OpProblems.Attentions)
        {
            found[name] = x =>
            {
                Peer Part(int which) => x[0].narrow(2, which * width, width).view(batch, tokens, heads, width / heads).transpose(1, 2);
                return F.scaled_dot_product_attention(Part(1), Part(0), Part(2)).transpose(1, 2).contiguous().view(batch, tokens, width);
            };
        }

        Peer labels = tensor(Array.ConvertAll(OpProblems.Labels, l => (long)l));
        found[OpProblems.CrossEntropy.Name] = x => F.cross_entropy(x[0], labels, reduction: TorchSharp.torch.nn.Reduction.None);
        foreach (ConvolutionSize size in OpProblems.Convolutions) found[size.Name] = x => Convolution(size, x);
        foreach ((string name, _) in OpProblems.BatchNorms) found[name] = x => F.relu(F.batch_norm(x[0], null!, null!, x[1], x[2], training: true));
        found[OpProblems.MaxPool.Name] = x => F.max_pool2d(x[0], 3, 2, 1);
        return found;
    }

    private static Peer Convolution(ConvolutionSize size, Peer[] x)
    {
        WeightMem.Engine.Ops.Window w = size.Window;
        if (size.IsTransposed)
        {
            return F.conv_transpose2d(
                x[0], x[1], null, [w.StrideHeight, w.StrideWidth], [w.PadHeight, w.PadWidth],
                [w.Height - ((w.OutHeight - 1) * w.StrideHeight - 2 * w.PadHeight + w.KernelHeight), w.Width - ((w.OutWidth - 1) * w.StrideWidth - 2 * w.PadWidth + w.KernelWidth)]);
        }

        return size.Filters == 1
            ? TorchPDiff.Signal(x[0].squeeze(2), x[1].squeeze(2), null).unsqueeze(2)
            : F.conv2d(x[0], x[1], null, [w.StrideHeight, w.StrideWidth], [w.PadHeight, w.PadWidth]);
    }

    private static BenchmarkRow Row(OpProblem problem, int threads, Func<Peer[], Peer>? theirs)
    {
        var device = new CpuDevice(threads);
        var run = new OpRun(device, problem);
        float[][] expected = run.Results();
        var contenders = new List<Contender> { new("ours", () => { }, run.Run, () => 0) };
        Action free = () => { };
        if (theirs is not null)
        {
            LibTorch.SetThreads(threads);
            Peer[] x = [.. run.Inputs.Select((v, i) => TorchGrid.From(v, i).requires_grad_())];
            Peer dy = TorchGrid.From(run.Slope, 0);
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => Step(null), () =>
            {
                double worst = 0;
                Step(found => worst = expected.Zip(found, Relative).Max());
                return worst;
            }));
            free = () =>
            {
                foreach (Peer tensor in x.Append(dy)) tensor.Dispose();
            };

            void Step(Action<float[][]>? keep)
            {
                using var all = NewDisposeScope();
                using (enable_grad())
                {
                    Peer y = theirs(x);
                    IList<Peer> gradients = autograd.grad([y], x, [dy]);
                    keep?.Invoke([TorchGrid.Back(y, 0), .. gradients.Select(TorchGrid.Back)]);
                }
            }
        }

        return new BenchmarkRow
        {
            Section = Section,
            Name = problem.Name,
            Threads = threads,
            Flops = run.Cost.Flops,
            Bytes = run.Cost.Bytes,
            LargestError = 2e-4,
            Contenders = contenders,
            Free = () =>
            {
                free();
                run.Dispose();
                device.Dispose();
            },
        };
    }

    private static double Relative(float[] expected, float[] found) => expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
}

/// <summary>Grids are channels last here and channels first there. Filters have four dimensions too, and come second.</summary>
internal static class TorchGrid
{
    public static Peer From(WeightMem.Engine.Tensors.Tensor x, int place)
    {
        using var all = NewDisposeScope();
        Peer plain = tensor(x.ToArray<float>(), [.. x.Shape.Select(s => (long)s)]);
        return (x.Shape.Rank == 4 && place == 0 ? plain.permute(0, 3, 1, 2).contiguous() : plain).MoveToOuterDisposeScope();
    }

    public static float[] Back(Peer x, int place) => (x.Dimensions == 4 && place == 0 ? x.permute(0, 2, 3, 1) : x).contiguous().data<float>().ToArray();
}
