using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Tensors;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;
using Peer = TorchSharp.torch.Tensor;
using Tensor = WeightMem.Engine.Tensors.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>
/// A model beside the same model on libtorch. Parity first: the loss, and its gradients with respect to all parameters. Then what is timed: forward and backward, a whole training step
/// (clipping and AdamW included), or the forward pass alone.
/// </summary>
internal sealed record ModelProblem
{
    /// <summary>Name of the row.</summary>
    public required string Name { get; init; }

    /// <summary>Heading of the table.</summary>
    public required string Section { get; init; }

    /// <summary>Whether it is a step of a study.</summary>
    public bool IsPipeline { get; init; }

    /// <summary>The device; freed with the row.</summary>
    public required CpuDevice Device { get; init; }

    /// <summary>Our parameters.</summary>
    public required ParameterSet Parameters { get; init; }

    /// <summary>The inputs, on our device.</summary>
    public required Tensor[] Inputs { get; init; }

    /// <summary>Our loss, a number.</summary>
    public required Func<Tape, Tensor[], Tensor> Loss { get; init; }

    /// <summary>The same on libtorch, from parameters by name.</summary>
    public required Func<IReadOnlyDictionary<string, Peer>, Peer[], Peer> PeerLoss { get; init; }

    /// <summary>Our training step with everything that a study's has; null to time forward and backward only.</summary>
    public Action? Step { get; init; }

    /// <summary>What the peer's training step does before its loss, such as drawing noise; may be null.</summary>
    public Action? PeerDraws { get; init; }

    /// <summary>Largest gradient norm of the peer's training step.</summary>
    public double? Clip { get; init; }

    /// <summary>Our forward pass alone and the peer's; when given, only these are timed.</summary>
    public (Action Ours, Func<IReadOnlyDictionary<string, Peer>, Peer[], Peer> Theirs)? Forward { get; init; }

    /// <summary>Parameters that have no gradient.</summary>
    public Func<string, bool> IsIdle { get; init; } = _ => false;

    /// <summary>Freed with the row, first.</summary>
    public Action Free { get; init; } = () => { };

    /// <summary>The row.</summary>
    public BenchmarkRow Row(int threads, bool peers)
    {
        Dictionary<string, float[]> expected = [], state = Parameters.State();
        double flops = 0, loss = Pass(true);
        string[] names = [.. Parameters.Layout.Entries.Select(e => e.Name).Where(n => !n.Contains("running_", StringComparison.Ordinal))];
        var contenders = new List<Contender> { new("ours", () => { }, Forward?.Ours ?? Step ?? (() => Pass(false)), () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            Dictionary<string, Parameter> p = names.ToDictionary(n => n, n => nn.Parameter(tensor(state[n], [.. Parameters.Layout[n].Shape.Select(s => (long)s)])));
            Dictionary<string, Peer> byName = p.ToDictionary(e => e.Key, e => (Peer)e.Value);
            Parameter[] used = [.. names.Where(n => !IsIdle(n)).Select(n => p[n])];
            string[] usedNames = [.. names.Where(n => !IsIdle(n))];
            Peer[] x = [.. Inputs.Select(v => TorchGrid.From(v, 0))];
            optim.Optimizer optimizer = optim.AdamW(used, 1e-9, weight_decay: 0);
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), Run, Error));
            free = () =>
            {
                optimizer.Dispose();
                foreach (Peer one in byName.Values.Concat(x)) one.Dispose();
            };

            void Run()
            {
                using var all = NewDisposeScope();
                if (Forward is { } forward)
                {
                    using var quiet = no_grad();
                    forward.Theirs(byName, x);
                    return;
                }

                using var recording = enable_grad();
                if (Step is null)
                {
                    autograd.grad([PeerLoss(byName, x)], used);
                    return;
                }

                PeerDraws?.Invoke();
                optimizer.zero_grad();
                PeerLoss(byName, x).backward();
                if (Clip is { } clip) nn.utils.clip_grad_norm_(used, clip);
                optimizer.step();
            }

            double Error()
            {
                using var all = NewDisposeScope();
                using var recording = enable_grad();
                Peer value = PeerLoss(byName, x);
                IList<Peer> gradients = autograd.grad([value], used);
                double worst = Math.Abs(value.item<float>() - loss) / Math.Abs(loss);

                // Lengths and not largest entries: where rounding puts a value on the other side of a rectifier's kink, single entries change by their own size, in libtorch as much
                // as here. Gradients that are zero but for rounding, such as those of a bias before a batch normalisation, are compared on the scale of the longest of all.
                double longest = expected.Values.Max(Length);
                for (int i = 0; i < used.Length; i++)
                {
                    float[] mine = expected[usedNames[i]], other = gradients[i].contiguous().data<float>().ToArray();
                    worst = Math.Max(worst, Length([.. mine.Zip(other, (a, b) => a - b)]) / Math.Max(Length(mine), 1e-3 * longest));
                }

                return worst;
            }
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = IsPipeline,
            Name = Name,
            Threads = threads,
            Flops = flops,
            LargestError = 1e-2,
            Contenders = contenders,
            Free = () =>
            {
                free();
                Free();
                Device.Dispose();
            },
        };

        double Pass(bool keep)
        {
            using Scope inner = Device.Scope();
            Tape tape = Tape.Record(Device);
            Tensor result = Loss(tape, Inputs);
            if (keep) flops = tape.Cost.Flops;
            double value = keep ? result.Item() : 0;
            Parameters.ZeroGradients();
            tape.Backward(result);
            if (!keep) return 0;
            if (Forward is null) flops = tape.Cost.Flops;
            expected = Parameters.State(Parameters.Gradients);
            return value;
        }
    }

    private static double Length(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));
}
