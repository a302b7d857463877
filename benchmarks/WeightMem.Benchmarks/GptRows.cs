using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.Gpt;

namespace WeightMem.Benchmarks;

/// <summary>One training step and one denoising step of G.pt at the size of the preset small, beside the same model in libtorch.</summary>
internal static class GptRows
{
    private static readonly ParameterLayout Target = new(("fc1.weight", (10, 49)), ("fc1.bias", 10), ("fc2.weight", (10, 10)), ("fc2.bias", 10));

    private static readonly GptSettings Settings = new()
    {
        Width = 128, Layers = 4, Heads = 4, Chunk = 98, Frequencies = 32, Batch = 32, TrainingSteps = 1_000_000, LearningRate = 1e-4, WeightDecay = 0,
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
