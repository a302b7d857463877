using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Torch;
using WeightMem.Models.Diffusion;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.HyperDiffusion;

public sealed class HyperDiffusionTests
{
    private static readonly FieldTarget Target = new(1, 6);

    private static readonly HyperDiffusionSettings Tiny = new()
    {
        Width = 16,
        Layers = 2,
        Heads = 2,
        Frequencies = 4,
        DiffusionSteps = 500,
        SamplingSteps = 8,
        NormalizationFactor = 4,
        Batch = 4,
        TrainingSteps = 30,
        LearningRate = 1e-3,
        Schedule = HyperDiffusionSchedule.LateDecay,
        SamplingBatch = 3,
        Seed = 5,
    };

    [Fact]
    public void The_published_configuration_has_the_published_count_without_taking_memory()
    {
        var model = new HyperDiffusionModel(new FieldTarget(3, 128).Layout, new HyperDiffusionSettings());
        Assert.Equal(1_407_225_600, model.Layout.Count);
        Assert.Equal(219, model.Layout.Entries.Count + 5); // and four buffers of noise levels, and the frequencies
        Assert.Equal(9, model.Tokens);
        Assert.Contains(model.Layout.Entries, e => e.Name == "decoder.input_parameter_projections.8.0.weight" && e.Shape == (2880, 257));
        Assert.Contains(model.Layout.Entries, e => e.Name == "decoder.output_parameter_projections.2.0.weight" && e.Shape == (16384, 2880));
        Assert.Contains(model.Layout.Entries, e => e.Name == "decoder.blocks.11.attn.value.bias");
    }

    [Fact]
    public void Noise_levels_meet_the_published_anchors()
    {
        GaussianDiffusion diffusion = HyperDiffusionGenerator.Diffusion(new HyperDiffusionSettings());
        Assert.Equal(0.9999, diffusion.AlphaBar[0], 12);
        Assert.Equal(0.81246, diffusion.AlphaBar[99], 5);
        Assert.Equal(0.28068, diffusion.AlphaBar[249], 1e-5);
        Assert.Equal(0.0063527, diffusion.AlphaBar[499], 7);

        // With fewer steps the end stays about where it is.
        Assert.InRange(HyperDiffusionGenerator.Diffusion(new HyperDiffusionSettings { DiffusionSteps = 100, SamplingSteps = 100 }).AlphaBar[99], 0.004, 0.0065);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(50)]
    public void With_an_oracle_ddim_returns_the_clean_weights(int steps)
    {
        GaussianDiffusion diffusion = HyperDiffusionGenerator.Diffusion(new HyperDiffusionSettings()).Respace(steps);
        double x = 1.7, clean = -0.3;
        for (int step = steps - 1; step >= 0; step--)
        {
            (double prediction, double state, double deviation) = diffusion.Ddim(step, 0);
            Assert.Equal(0, deviation);
            x = prediction * clean + state * x;
        }

        Assert.Equal(clean, x, 12);
    }

    [Fact]
    public void Gradients_agree_with_finite_differences()
    {
        using var device = new ReferenceDevice();
        using var model = new HyperDiffusionModel(Target.Layout, Tiny with { Layers = 1 });
        model.Build(device);
        float[] noisy = Values(2 * Target.Parameters, "noisy"), clean = Values(2 * Target.Parameters, "clean");
        double[] parameters = [.. model.Parameters.Values.ToArray<double>().Select((v, i) => v + 0.05 * Math.Sin(i))];
        model.Parameters.Values.Write<double>(parameters);
        using (device.Scope())
        {
            model.Parameters.ZeroGradients();
            Tape tape = Tape.Record(device);
            tape.Backward(Loss(tape));
        }

        double[] gradients = model.Parameters.Gradients.ToArray<double>();
        var pick = new RandomStream(1, "parameters");
        for (int n = 0; n < 40; n++)
        {
            int i = pick.Integer(n, parameters.Length);
            const double Step = 1e-5;
            double up = At(i, Step), down = At(i, -Step), numeric = (up - down) / (2 * Step);
            Assert.True(Math.Abs(numeric - gradients[i]) < 1e-5 * Math.Max(1, gradients.Max(Math.Abs)), $"{i}: {gradients[i]} against {numeric}");
        }

        double At(int i, double step)
        {
            double before = parameters[i];
            parameters[i] += step;
            model.Parameters.Values.Write<double>(parameters);
            parameters[i] = before;
            using Scope scope = device.Scope();
            return Loss(Tape.Inference(device)).Item();
        }

        Tensor Loss(Tape tape) => tape.MeanSquaredError(
            model.Forward(tape, device.From(noisy, (2, Target.Parameters)), device.From([3f, 400f], 2)), device.From(clean, (2, Target.Parameters)));
    }

    [Fact]
    public void A_training_that_is_stopped_and_resumed_gives_the_same_bits_and_samples_do_not_depend_on_their_batch()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        Population training = Fields(7); // a last batch of three
        using var whole = new HyperDiffusionGenerator(device, Target, Tiny);
        whole.Fit(training, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        using var first = new HyperDiffusionGenerator(device, Target, Tiny);
        first.Checkpoint = trainer => { if (trainer.Step == 11) stop.Cancel(); };
        Assert.Throws<OperationCanceledException>(() => first.Fit(training, stop.Token));
        HyperDiffusionFile.Write(folder["g.safetensors"], first.Snapshot(), first.Layout, Target.Name);
        using var second = new HyperDiffusionGenerator(device, Target, Tiny with { SamplingBatch = 100 });
        second.Fit(training, HyperDiffusionFile.Read(folder["g.safetensors"], Target.Name), TestContext.Current.CancellationToken);
        Assert.Equal(whole.Losses, second.Losses);
        Assert.Equal(30, whole.Losses.Count);
        Assert.True(whole.Losses.TakeLast(5).Average() < whole.Losses.Take(5).Average());
        Population a = whole.Sample(7, 3, TestContext.Current.CancellationToken), b = second.Sample(7, 3, TestContext.Current.CancellationToken);
        for (int i = 0; i < a.Weights.Length; i++) Assert.Equal(a.Weights[i], b.Weights[i], 2e-5f); // products of another height sum in another order
        Assert.Equal(a.Weights, whole.Sample(7, 3, TestContext.Current.CancellationToken).Weights);
        Assert.NotEqual(a.Weights, whole.Sample(7, 4, TestContext.Current.CancellationToken).Weights);
        Assert.Throws<FileFormatException>(() => HyperDiffusionFile.Read(folder["g.safetensors"], "field-3x48"));
    }

    [Fact]
    public void A_device_that_is_too_small_is_refused_with_both_numbers()
    {
        using var device = new CpuDevice();
        using var generator = new HyperDiffusionGenerator(device, new FieldTarget(3, 128), new HyperDiffusionSettings { Layers = 1200 });
        string message = Assert.Throws<InsufficientMemoryException>(() => generator.RequireMemory(2749)).Message;
        Assert.Contains("parameters", message, StringComparison.Ordinal);
        Assert.Contains("GB free", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Permutations_are_functions_of_seed_copy_and_mode()
    {
        Population training = Fields(3);
        HyperDiffusionSettings plain = new() { NormalizationFactor = 2 };
        HyperDiffusionData shared = HyperDiffusionData.Of(training, Target, plain with { PermutationMode = PermutationMode.Shared, Permutations = 2 });
        HyperDiffusionData own = HyperDiffusionData.Of(training, Target, plain with { PermutationMode = PermutationMode.PerNet, Permutations = 2 });
        Assert.Equal((9, 9), (shared.Count, own.Count));
        int d = Target.Parameters;
        for (int i = 0; i < 3 * d; i++) Assert.Equal(2 * training.Weights[i], shared.Rows[i]); // the identity comes first
        int[] first = HyperDiffusionData.Index(Target, plain.Seed, 1, -1);
        for (int p = 0; p < d; p++) Assert.Equal(2 * training.Row(2)[first[p]], shared.Rows[5 * d + p]);
        Assert.Equal(shared.Rows[(3 * d)..(4 * d)].Order(), own.Rows[(3 * d)..(4 * d)].Order()); // the same numbers in another place
        Assert.NotEqual(HyperDiffusionData.Index(Target, plain.Seed, 1, 0), HyperDiffusionData.Index(Target, plain.Seed, 1, 1));
        Population augmented = HyperDiffusionData.Augmented(training, Target, plain with { PermutationMode = PermutationMode.Shared, Permutations = 2 });
        Assert.Equal(training.Weights, augmented.Weights[..(3 * d)]);
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], augmented.Run);
    }

    [Fact]
    public void Centred_weights_come_back_and_have_no_mean()
    {
        Population training = Fields(4);
        WeightScaling scaling = WeightScaling.Fit(training, 4, center: true);
        float[] scaled = new float[training.Parameters], back = new float[training.Parameters];
        var sums = new double[training.Parameters];
        for (int i = 0; i < training.Count; i++)
        {
            scaling.Scale(training.Row(i), scaled);
            scaling.Unscale(scaled, back);
            for (int p = 0; p < back.Length; p++)
            {
                Assert.Equal(training.Row(i)[p], back[p], 1e-6f);
                sums[p] += scaled[p];
            }
        }

        Assert.All(sums, s => Assert.Equal(0, s, 1e-5));
    }

    [Fact]
    public void A_lightning_checkpoint_gives_the_networks_weights_alone()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        using var model = new HyperDiffusionModel(Target.Layout, Tiny);
        model.Build(device);
        Dictionary<string, float[]> state = model.State();
        var arrays = new List<NamedArray> { NamedArray.Of("state_dict/betas", new double[500], 500), NamedArray.Of("optimizer_states/0/state/0/exp_avg", new float[7], 7) };
        foreach (ParameterEntry entry in model.Layout.Entries) arrays.Add(NamedArray.Of("state_dict/model." + entry.Name, state[entry.Name], [.. entry.Shape.Select(s => (long)s)]));
        arrays.Add(NamedArray.Of("state_dict/model." + HyperDiffusionModel.FrequenciesName, state[HyperDiffusionModel.FrequenciesName], Tiny.Frequencies));
        TorchWriter.Write(folder["plane.ckpt"], arrays);
        Dictionary<string, float[]> read = HyperDiffusionFile.ReadLightning(folder["plane.ckpt"], model.Layout);
        Assert.Equal(state.Keys.Order(), read.Keys.Order());
        Assert.All(state, pair => Assert.Equal(pair.Value, read[pair.Key]));
        var wider = new HyperDiffusionModel(Target.Layout, Tiny with { Width = 32 });
        Assert.Contains("[", Assert.Throws<FileFormatException>(() => HyperDiffusionFile.ReadLightning(folder["plane.ckpt"], wider.Layout)).Message, StringComparison.Ordinal);
    }

    private static Population Fields(int count) => new(
        Target.Name, Target.Layout, [.. Enumerable.Range(0, count).SelectMany(i => Values(Target.Parameters, $"field {i}"))]);

    private static float[] Values(int count, string name)
    {
        var stream = new RandomStream(1, name);
        return [.. Enumerable.Range(0, count).Select(i => (float)(stream.Double(i) - 0.5))];
    }
}
