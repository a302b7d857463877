using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Targets.Networks;
using static TorchSharp.torch;
using Peer = TorchSharp.torch.Tensor;
using Tensor = WeightMem.Engine.Tensors.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>
/// A training step and a sampling step of every generator at the preset small, and P-diff's models at their published size. Our training steps are those of a study: with the draws of noise,
/// times and views, clipping, AdamW and the moving average where there is one. The peer's have loss, gradients, clipping and AdamW, and are given what ours draw.
/// </summary>
internal static class GeneratorRows
{
    public const string Section = "Generators at the preset small";

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (bool training in new[] { true, false })
        {
            foreach (int threads in new[] { 1, 2 })
            {
                yield return () => Gpt(training, threads).Row(threads, peers);
                yield return () => HyperRepresentations(training, threads).Row(threads, peers);
                yield return () => HyperDiffusion(training, threads).Row(threads, peers);
                yield return () => PDiff(training, threads).Row(threads, peers);
            }
        }

        foreach (int threads in new[] { 1, 2 })
        {
            yield return () => Autoencoder(new PDiffSettings(), 2048, 10, null, threads).Row(threads, peers);
            yield return () => Denoiser(new PDiffSettings(), 10, threads).Problem.Row(threads, peers);
            yield return () => Classifier(threads).Row(threads, peers);
        }
    }

    private static ModelProblem Gpt(bool training, int threads)
    {
        GptSettings settings = StudyPresets.Create("gpt", "small").Gpt!;
        int count = settings.Batch;
        var device = new CpuDevice(threads);
        var model = new GptModel(new Mlp(49, 10, 10).Layout, settings);
        model.Build(device);
        var trainer = new GptTrainer(model, settings);
        Scramble(model.Parameters);
        var batch = new PairBatch(count, model.Tokens.Parameters);
        var stream = new RandomStream(1, "benchmark batch");
        for (int i = 0; i < batch.Start.Length; i++) (batch.Start[i], batch.Target[i]) = ((float)stream.Double(2 * i) - 0.5f, (float)stream.Double(2 * i + 1) - 0.5f);
        for (int i = 0; i < count; i++) (batch.Metric[i], batch.Prompt[i], batch.Difference[i]) = (2.3f, 0.5f, -1.8f);
        Scope scope = device.Scope();
        Tensor start = device.From(batch.Start, (count, model.Tokens.Parameters)), target = device.From(batch.Target, start.Shape), input = Input();
        var peer = TorchTransformer.Of(model, settings);
        return new ModelProblem
        {
            Section = Section,
            IsPipeline = true,
            Name = training ? $"G.pt, training step of {count} pairs" : $"G.pt, denoising step of {count} networks",
            Device = device,
            Parameters = model.Parameters,
            Inputs = [input, start, target],
            Loss = (tape, x) => tape.MeanSquaredError(model.Forward(tape, x[0], x[1]), x[2]),
            PeerLoss = (p, x) => nn.functional.mse_loss(peer.Predict(p, x[0]) + x[1], x[2]),
            Step = () => trainer.TrainStep(batch, 1e-9),
            Clip = 0.75,
            Forward = training ? null : (Denoise, (p, x) => peer.Predict(p, x[0]) + x[1]),
            Free = () =>
            {
                trainer.Dispose();
                model.Dispose();
                scope.Dispose();
            },
        };

        void Denoise()
        {
            using Scope inner = device.Scope();
            model.Forward(Tape.Inference(device), Input(), start);
        }

        Tensor Input()
        {
            Tensor flat = model.Input(start, device.From(batch.Metric, count), device.From(batch.Prompt, count), device.From(batch.Difference, count)), time = device.Empty(count);
            device.Kernels.Fill(time, 300);
            model.WriteNoisy(flat, target, time);
            return flat;
        }
    }

    private static ModelProblem HyperDiffusion(bool training, int threads)
    {
        HyperDiffusionSettings settings = StudyPresets.Create("hyperdiffusion", "small").HyperDiffusion!;
        var target = new FieldTarget(3, 48);
        Population networks = Networks(target, 64);
        var device = new CpuDevice(threads);
        var model = new HyperDiffusionModel(target.Layout, settings);
        model.Build(device);
        var trainer = new HyperDiffusionTrainer(model, settings with { TrainingSteps = int.MaxValue, LearningRate = 1e-9 }, HyperDiffusionData.Of(networks, target, settings));
        Scope scope = device.Scope();
        Tensor noisy = Numbers(device, (settings.Batch, target.Parameters), 0), clean = Numbers(device, noisy.Shape, 1), time = device.Empty(settings.Batch);
        Tensor features = device.Empty((settings.Batch, 2 * settings.Frequencies + 1));
        device.Kernels.Fill(time, 300);
        device.Kernels.FrequencyFeatures(features, time, device.From(model.FrequencyTable, model.FrequencyTable.Length));
        int[] sizes = [.. target.Layout.Entries.Select(e => (int)e.Count)];
        var peer = new TorchTransformer([.. sizes, features.Shape[1]], sizes, settings.Width, settings.Layers, settings.Heads);
        return new ModelProblem
        {
            Section = Section,
            IsPipeline = true,
            Name = training ? $"HyperDiffusion, training step of {settings.Batch} fields" : $"HyperDiffusion, denoising step of {settings.Batch} fields",
            Device = device,
            Parameters = model.Parameters,
            Inputs = [noisy, features, clean],
            Loss = (tape, x) => tape.MeanSquaredError(model.Forward(tape, x[0], time), x[2]),
            PeerLoss = (p, x) => nn.functional.mse_loss(peer.Predict(p, cat([x[0], x[1]], 1)), x[2]),
            Step = () => trainer.TrainStep(),
            Forward = training ? null : (Denoise, (p, x) => peer.Predict(p, cat([x[0], x[1]], 1))),
            Free = () =>
            {
                trainer.Dispose();
                model.Dispose();
                scope.Dispose();
            },
        };

        void Denoise()
        {
            using Scope inner = device.Scope();
            model.Forward(Tape.Inference(device), noisy, time);
        }
    }

    private static ModelProblem HyperRepresentations(bool training, int threads)
    {
        AutoEncoderSettings settings = StudyPresets.Create("hyper-representations", "small").HyperRepresentations! with { LearningRate = 1e-9 };
        var target = new ConvNetTarget(1, 28, 28, 10);
        Population networks = Networks(target, 256);
        var device = new CpuDevice(threads);
        var model = new AutoEncoder(target.Layout, settings);
        model.Build(device);
        float[] deviations = ReconstructionLoss.Deviations(networks, model.Tokens);
        model.SetDeviations(deviations);
        var trainer = new AutoEncoderTrainer(model, settings with { Epochs = 1_000_000, Schedule = RateSchedule.Constant }, new ViewSampler(networks, target, model.Tokens, settings), deviations);
        Scope scope = device.Scope();
        int width = model.Tokens.Parameters;
        float[] rows = new float[2 * settings.Batch * width];
        for (int i = 0; i < 2 * settings.Batch; i++) model.Tokens.Tokenize(rows.AsSpan(i * width, width), networks.Row(i));
        Tensor inputs = device.From(rows, (2 * settings.Batch, width)), targets = device.From(rows, inputs.Shape), latents = Numbers(device, (64, settings.Latent), 2);
        var reconstruction = new ReconstructionLoss(device, model.Tokens, settings, deviations);
        var contrast = new ContrastiveLoss(device, settings.Batch, settings.Temperature);
        var peer = new TorchAutoEncoder(model.Tokens, settings, deviations);
        Peer drawn = tensor(latents.ToArray<float>(), [64, settings.Latent]);
        return new ModelProblem
        {
            Section = Section,
            IsPipeline = true,
            Name = training ? $"Hyper-Representations, training step of {settings.Batch} networks in two views" : "Hyper-Representations, decoding 64 networks",
            Device = device,
            Parameters = model.Parameters,
            Inputs = [inputs, targets],
            Loss = (tape, x) => AutoEncoderTrainer.Loss(tape, model, settings, reconstruction, contrast, x[0], x[1], null),
            PeerLoss = (p, x) => peer.Loss(p, x[0], x[1]),
            Step = () => trainer.TrainStep(),
            Clip = settings.Clip,
            Forward = training ? null : (Decode, (p, _) => peer.Decode(p, drawn)),
            Free = () =>
            {
                drawn.Dispose();
                trainer.Dispose();
                reconstruction.Dispose();
                contrast.Dispose();
                model.Head?.Dispose();
                model.Dispose();
                scope.Dispose();
            },
        };

        void Decode()
        {
            using Scope inner = device.Scope();
            model.Decode(Tape.Inference(device), latents);
        }
    }

    private static ModelProblem PDiff(bool training, int threads)
    {
        PDiffSettings settings = StudyPresets.Create("p-diff", "small").PDiff!;
        if (training)
        {
            return Autoencoder(settings, 256, settings.Batch, 1e-9, threads) with
            {
                Section = Section,
                IsPipeline = true,
                Name = $"P-diff, training step of the autoencoder, {settings.Batch} networks of 256 values",
            };
        }

        (ModelProblem problem, LatentDenoiser model) = Denoiser(settings, 100, threads);
        return problem with
        {
            Section = Section,
            IsPipeline = true,
            Name = "P-diff, denoising step of 100 latents",
            Forward = (Denoise, (p, x) => TorchPDiff.Denoise(p, x[0], x[1], training: false)),
        };

        void Denoise()
        {
            using Scope inner = problem.Device.Scope();
            model.Forward(Tape.Inference(problem.Device), problem.Inputs[0], problem.Inputs[1], BatchNormMode.Evaluate);
        }
    }

    private static ModelProblem Autoencoder(PDiffSettings settings, int length, int batch, double? rate, int threads)
    {
        var builder = new ParameterBuilder();
        var model = new WeightAutoencoder(builder, settings, length);
        return Built(
            $"P-diff's autoencoder, {batch} networks of {length} values, forward and backward", builder, [(batch, length)], rate, threads,
            (tape, x) => tape.MeanSquaredError(model.Decode(tape, model.Encode(tape, x[0], BatchNormMode.Train), BatchNormMode.Train), x[0]),
            (p, x) => TorchPDiff.AutoencoderLoss(p, x[0], settings));
    }

    private static (ModelProblem Problem, LatentDenoiser Model) Denoiser(PDiffSettings settings, int batch, int threads)
    {
        var builder = new ParameterBuilder();
        var model = new LatentDenoiser(builder, settings);
        ModelProblem problem = Built(
            $"P-diff's denoiser, {batch} latents of {settings.Latent} values, forward and backward", builder, [(batch, settings.Latent), (batch, 256), (batch, settings.Latent)], null, threads,
            (tape, x) => tape.MeanSquaredError(model.Forward(tape, x[0], x[1], BatchNormMode.Train), x[2]),
            (p, x) => nn.functional.mse_loss(TorchPDiff.Denoise(p, x[0], x[1], training: true), x[2]));
        return (problem, model);
    }

    private static ModelProblem Classifier(int threads)
    {
        const int Batch = 64;
        var builder = new ParameterBuilder();
        var steps = new NetworkSteps();
        ResNet.Mini(builder, steps, 1, 10);
        int[] labels = [.. Enumerable.Range(0, Batch).Select(i => i % 10)];
        return Built(
            "resnet-mini, 64 images, forward and backward", builder, [(Batch, 28, 28, 1)], null, threads,
            (tape, x) =>
            {
                Tensor[] live = [x[0]];
                foreach (NetworkStep step in steps.All) live = step.Run(tape, live, BatchNormMode.Train);
                return tape.Scale(tape.Sum(tape.CrossEntropy(live[^1], tape.Device.From(labels, Batch))), 1.0 / Batch);
            },
            (p, x) => TorchPDiff.MiniLoss(p, x[0], labels));
    }

    /// <summary>A model of P-diff on random inputs, with a training step where a rate is given.</summary>
    private static ModelProblem Built(
        string name, ParameterBuilder builder, Shape[] inputs, double? rate, int threads, Func<Tape, Tensor[], Tensor> loss,
        Func<IReadOnlyDictionary<string, Peer>, Peer[], Peer> theirs)
    {
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        ParameterSet parameters = builder.Build(device, new RandomStream(1, "start"));

        // Scales that start at zero would hide what is behind them.
        Dictionary<string, float[]> state = parameters.State();
        foreach ((string key, float[] values) in state.Where(s => s.Key.EndsWith("bn2.weight", StringComparison.Ordinal))) values.AsSpan().Fill(0.7f);
        parameters.Load(state);
        Tensor[] x = [.. inputs.Select((shape, i) => Numbers(device, shape, i))];
        AdamW? optimizer = rate is null ? null : new AdamW(parameters, 0.9, 0.999, 1e-8, 0, double.PositiveInfinity);
        return new ModelProblem
        {
            Section = "P-diff's models at the published size, and its classifier",
            Name = name,
            Device = device,
            Parameters = parameters,
            Inputs = x,
            Loss = loss,
            PeerLoss = theirs,
            Step = optimizer is null ? null : Step,
            IsIdle = n => n.StartsWith("fc_var", StringComparison.Ordinal),
            Free = () =>
            {
                optimizer?.Dispose();
                scope.Dispose();
                parameters.Dispose();
            },
        };

        void Step()
        {
            using Scope inner = device.Scope();
            Tape tape = Tape.Record(device);
            parameters.ZeroGradients();
            tape.Backward(loss(tape, x));
            optimizer!.Step(rate!.Value, 0);
        }
    }

    private static Population Networks(ITarget target, int count)
    {
        var networks = new Population(target.Name, target.Layout, new float[count * (int)target.Layout.Count]);
        for (int i = 0; i < count; i++) target.Initialize(networks.Row(i), new RandomStream(3, "networks").Sub("network", i));
        return networks;
    }

    private static Tensor Numbers(CpuDevice device, Shape shape, int which)
    {
        Tensor numbers = device.Empty(shape);
        device.Kernels.Normal(numbers, new RandomStream(4, "inputs").At(which));
        return numbers;
    }

    /// <summary>Random parameters: those that start at zero would hide what is behind them.</summary>
    private static void Scramble(ParameterSet parameters)
    {
        var values = new float[parameters.Values.Elements];
        var stream = new RandomStream(2, "benchmark weights");
        for (int i = 0; i < values.Length; i++) values[i] = (float)(0.1 * (stream.Double(i) - 0.5));
        parameters.Values.Write<float>(values);
    }
}
