using TorchSharp;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.Gpt;
using static TorchSharp.torch;

namespace WeightMem.Benchmarks;

/// <summary>One training step and one denoising step of G.pt at the size of the preset small, beside the same model in libtorch.</summary>
internal static class GptRows
{
    private static readonly ParameterLayout Target = new(("fc1.weight", (10, 49)), ("fc1.bias", 10), ("fc2.weight", (10, 10)), ("fc2.bias", 10));

    private static readonly GptSettings Settings = new()
    {
        Width = 128, Layers = 4, Heads = 4, Chunk = 49, Frequencies = 32, Batch = 32, TrainingSteps = 1_000_000, LearningRate = 1e-4, WeightDecay = 0,
    };

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            yield return () => Row(threads, training: true, peers);
            yield return () => Row(threads, training: false, peers);
        }
    }

    private static BenchmarkRow Row(int threads, bool training, bool peers)
    {
        var device = new CpuDevice(threads);
        var model = new GptModel(Target, Settings);
        model.Build(device);
        var trainer = new GptTrainer(model, Settings);
        Scramble(model);
        PairBatch batch = MakeBatch(model.Tokens.Parameters);
        float[] input, expected, gradient;
        double flops;
        using (device.Scope())
        {
            // The reference of both checks: our forward pass and gradients, which the tests hold against float64.
            (Tensor flat, Tensor start) = FlatInput(model, device, batch);
            input = flat.ToArray<float>();
            Tape tape = Tape.Record(device);
            model.Parameters.ZeroGradients();
            Tensor output = model.Forward(tape, flat, start);
            expected = output.ToArray<float>();
            tape.Backward(tape.MeanSquaredError(output, device.From(batch.Target, start.Shape)));
            flops = training ? tape.Cost.Flops : tape.Cost.Flops / 3;
            gradient = GradientOf(model, "decoder.blocks.0.attn.query.weight");
        }

        void Ours()
        {
            if (training)
            {
                trainer.TrainStep(batch, 1e-9);
                return;
            }

            using Scope scope = device.Scope();
            (Tensor flat, Tensor start) = FlatInput(model, device, batch);
            model.Forward(Tape.Inference(device), flat, start);
        }

        var contenders = new List<Contender> { new("ours", () => { }, Ours, () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var peer = new TorchGpt(model, Settings, batch, input);
            free = peer.Dispose;
            contenders.Add(new Contender(
                "libtorch", () => LibTorch.SetThreads(threads), training ? peer.TrainStep : peer.Forward, () => peer.Error(expected, gradient, "decoder.blocks.0.attn.query.weight")));
        }

        return new BenchmarkRow
        {
            Name = training ? "gpt small, training step of 32 pairs" : "gpt small, denoising step of 32 networks",
            Threads = threads,
            Flops = flops,
            LargestError = 1e-4,
            Contenders = contenders,
            Free = () =>
            {
                free();
                trainer.Dispose();
                model.Dispose();
                device.Dispose();
            },
        };
    }

    private static PairBatch MakeBatch(int parameters)
    {
        var batch = new PairBatch(Settings.Batch, parameters);
        var stream = new RandomStream(1, "benchmark batch");
        for (int i = 0; i < batch.Start.Length; i++) (batch.Start[i], batch.Target[i]) = ((float)stream.Double(2 * i) - 0.5f, (float)stream.Double(2 * i + 1) - 0.5f);
        for (int i = 0; i < Settings.Batch; i++) (batch.Metric[i], batch.Prompt[i], batch.Difference[i]) = (2.3f, 0.5f, -1.8f);
        return batch;
    }

    private static (Tensor Input, Tensor Start) FlatInput(GptModel model, CpuDevice device, PairBatch batch)
    {
        int count = Settings.Batch;
        Tensor start = device.From(batch.Start, (count, model.Tokens.Parameters));
        Tensor input = model.Input(start, device.From(batch.Metric, count), device.From(batch.Prompt, count), device.From(batch.Difference, count));
        Tensor time = device.Empty(count);
        device.Kernels.Fill(time, 300);
        model.WriteNoisy(input, device.From(batch.Target, start.Shape), time);
        return (input, start);
    }

    private static void Scramble(GptModel model)
    {
        var values = new float[model.Parameters.Values.Elements];
        var stream = new RandomStream(2, "benchmark weights");
        for (int i = 0; i < values.Length; i++) values[i] = (float)(0.1 * (stream.Double(i) - 0.5));
        model.Parameters.Values.Write<float>(values);
    }

    private static float[] GradientOf(GptModel model, string name) => model.Parameters.State(model.Parameters.Gradients)[name];
}

/// <summary>The published model, written as its authors write it, on libtorch's own autograd, attention and AdamW.</summary>
internal sealed class TorchGpt : IDisposable
{
    private readonly Dictionary<string, TorchSharp.Modules.Parameter> _parameters = [];
    private readonly GptTokens _tokens;
    private readonly GptSettings _settings;
    private readonly torch.Tensor _input, _start, _target;
    private readonly optim.Optimizer _optimizer;

    public TorchGpt(GptModel model, GptSettings settings, PairBatch batch, float[] input)
    {
        _tokens = model.Tokens;
        _settings = settings;
        Dictionary<string, float[]> state = model.State(average: false);
        foreach (ParameterEntry entry in model.Layout.Entries)
            _parameters[entry.Name] = nn.Parameter(tensor(state[entry.Name], [.. entry.Shape.Select(s => (long)s)]));
        _input = tensor(input, settings.Batch, _tokens.InputColumns);
        _start = tensor(batch.Start, settings.Batch, _tokens.Parameters);
        _target = tensor(batch.Target, settings.Batch, _tokens.Parameters);
        _optimizer = optim.AdamW(_parameters.Values, 1e-9, weight_decay: 0);
    }

    public void Forward()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Predict();
    }

    public void TrainStep()
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        _optimizer.zero_grad();
        nn.functional.mse_loss(Predict(), _target).backward();
        nn.utils.clip_grad_norm_(_parameters.Values, 0.75);
        _optimizer.step();
    }

    /// <summary>Largest difference of the outputs and of one gradient, relative to their largest values.</summary>
    public double Error(float[] output, float[] gradient, string name)
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        _optimizer.zero_grad();
        torch.Tensor predicted = Predict();
        nn.functional.mse_loss(predicted, _target).backward();
        return Math.Max(Relative(output, predicted.detach().data<float>().ToArray()), Relative(gradient, _parameters[name].grad!.data<float>().ToArray()));
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        foreach (TorchSharp.Modules.Parameter parameter in _parameters.Values) parameter.Dispose();
        _input.Dispose();
        _start.Dispose();
        _target.Dispose();
    }

    private static double Relative(float[] expected, float[] found) =>
        expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);

    private torch.Tensor Predict()
    {
        var tokens = new List<torch.Tensor>();
        long column = 0;
        for (int j = 0; j < _tokens.InputSizes.Count; j++)
        {
            tokens.Add(nn.functional.linear(_input.narrow(1, column, _tokens.InputSizes[j]), _parameters[$"decoder.input_parameter_projections.{j}.0.weight"]));
            column += _tokens.InputSizes[j];
        }

        torch.Tensor h = Norm(stack(tokens, 1), "decoder.ln_in") + _parameters["decoder.pos_emb"];
        for (int i = 0; i < _settings.Layers; i++)
        {
            string block = $"decoder.blocks.{i}";
            torch.Tensor x = Norm(h, block + ".ln1");
            torch.Tensor attended = nn.functional.scaled_dot_product_attention(
                Heads(Linear(x, block + ".attn.query")), Heads(Linear(x, block + ".attn.key")), Heads(Linear(x, block + ".attn.value")));
            h = h + Linear(attended.transpose(1, 2).contiguous().view(h.shape), block + ".attn.proj");
            h = h + Linear(nn.functional.gelu(Linear(Norm(h, block + ".ln2"), block + ".mlp.0")), block + ".mlp.2");
        }

        h = Norm(h, "decoder.ln_f");
        var pieces = _tokens.OutputSizes.Select((_, j) => nn.functional.linear(h.select(1, j), _parameters[$"decoder.output_parameter_projections.{j}.0.weight"]));
        return cat([.. pieces], 1) + _start;
    }

    private torch.Tensor Linear(torch.Tensor x, string name) => nn.functional.linear(x, _parameters[name + ".weight"], _parameters[name + ".bias"]);

    private torch.Tensor Norm(torch.Tensor x, string name) =>
        nn.functional.layer_norm(x, [_settings.Width], _parameters[name + ".weight"], _parameters[name + ".bias"], 1e-5);

    private torch.Tensor Heads(torch.Tensor x) =>
        x.view(x.shape[0], x.shape[1], _settings.Heads, _settings.Width / _settings.Heads).transpose(1, 2);
}
