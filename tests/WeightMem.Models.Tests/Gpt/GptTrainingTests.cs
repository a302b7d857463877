using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Models.Tests.Gpt;

public sealed class GptTrainingTests
{
    /// <summary>Losses of the first 20 steps of <see cref="TinyGpt"/>, as measured when the training was first right.</summary>
    private static readonly float[] Golden =
    [
        0.22690421f, 0.11500348f, 0.076121256f, 0.07246911f, 0.33733845f, 0.14300886f, 0.17616816f, 0.28308377f, 0.34731328f, 0.075966865f,
        0.25508735f, 0.2382831f, 0.20615251f, 0.31638333f, 0.042038128f, 0.059347328f, 0.14237222f, 0.17818922f, 0.4271602f, 0.1777996f,
    ];

    [Fact]
    public void Losses_follow_the_golden_curve()
    {
        var devices = new List<Device> { new CpuDevice(2), new ReferenceDevice() };
        if (CudaStandin.IsThere()) devices.Add(new CudaDevice());
        foreach (Device device in devices)
        {
            using (device)
            {
                float[] losses = [.. Trained(device, TinyGpt.Settings).Losses];
                Assert.Equal(Golden.Length, losses.Length);
                // Twenty steps amplify the last bits, which differ between devices; a wrong term anywhere shows at 1e-2.
                for (int i = 0; i < losses.Length; i++)
                    Assert.True(Math.Abs(losses[i] - Golden[i]) < 1e-3 * Golden[i], $"{device.Name}, step {i}: {string.Join("f, ", losses)}");
                Assert.Equal(0, device.LiveBytes);
            }
        }
    }

    [Fact]
    public void A_killed_and_resumed_training_gives_the_same_bits()
    {
        using var device = new CpuDevice(2);
        Population population = TinyGpt.Checkpoints(device);
        GptSnapshot unbroken = Trained(device, TinyGpt.Settings);

        using var folder = new TemporaryFolder();
        string path = folder["generator.safetensors"];
        GptSettings settings = TinyGpt.Settings;
        using (var first = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, settings))
        {
            using var stop = new CancellationTokenSource();
            first.Checkpoint = trainer =>
            {
                if (trainer.Step != 7) return;
                GptFile.Write(path, trainer.Snapshot(), first.Layout, first.Normalizer, TinyGpt.Target.Name);
                stop.Cancel();
            };
            Assert.Throws<OperationCanceledException>(() => first.Fit(population, stop.Token));
        }

        using (var second = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, settings))
        {
            (GptSnapshot stored, _) = GptFile.Read(path, TinyGpt.Target.Name);
            Assert.Equal(7, stored.Step);
            second.Fit(population, stored, CancellationToken.None);
            GptSnapshot resumed = second.Snapshot();
            Assert.Equal(unbroken.Losses, resumed.Losses);
            foreach ((string name, float[] values) in unbroken.Weights) Assert.Equal(values, resumed.Weights[name]);
            foreach ((string name, float[] values) in unbroken.Average) Assert.Equal(values, resumed.Average[name]);
            foreach ((string name, float[] values) in unbroken.SecondMoment) Assert.Equal(values, resumed.SecondMoment[name]);
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        using Device one = new CpuDevice(1), two = new CpuDevice(2);
        GptSnapshot a = Trained(one, TinyGpt.Settings), b = Trained(two, TinyGpt.Settings);
        Assert.Equal(a.Losses, b.Losses);
        foreach ((string name, float[] values) in a.Weights) Assert.Equal(values, b.Weights[name]);
    }

    [Fact]
    public void A_step_takes_no_memory_from_the_system_once_the_pool_is_warm()
    {
        using var device = new CpuDevice(2);
        Population population = TinyGpt.Checkpoints(device);
        using var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings with { FreshStarts = 0 });
        var taken = new List<long>();
        generator.TrainingProgress = _ => taken.Add(device.SystemAllocations);
        generator.Fit(population, CancellationToken.None);
        Assert.Equal(taken[0], taken[^1]);
    }

    [Fact]
    public void Dropout_changes_training_and_not_sampling()
    {
        using var device = new CpuDevice(2);
        GptSettings dropping = TinyGpt.Settings with { Dropout = 0.2 };
        Assert.NotEqual(Trained(device, TinyGpt.Settings).Losses[^1], Trained(device, dropping).Losses[^1]);
        Assert.Equal(Trained(device, dropping).Losses, Trained(device, dropping).Losses);
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Dropout_masks_change_from_step_to_step()
    {
        using var device = new CpuDevice(1);
        GptSettings settings = TinyGpt.Settings with { Dropout = 0.3, FreshStarts = 0 };
        using var model = new GptModel(TinyGpt.Target.Layout, settings);
        model.Build(device);
        var start = new RandomStream(7, "gpt dropout");
        using Scope scope = device.Scope();
        Tensor input = device.Empty((2, model.Tokens.InputColumns)), zero = device.Zeros((2, model.Tokens.Parameters));
        device.Kernels.Normal(input, new RandomStream(1, "input"));
        device.Kernels.Normal(model.Parameters.Values, new RandomStream(2, "weights"));
        float[] Out(long step) => model.Forward(Tape.Inference(device), input, zero, start.At(step)).ToArray<float>();
        Assert.Equal(Out(3), Out(3));
        Assert.NotEqual(Out(3), Out(4));
    }

    [Fact]
    public void Samples_depend_neither_on_the_batch_nor_on_what_was_sampled_before()
    {
        using var device = new CpuDevice(2);
        Population population = TinyGpt.Checkpoints(device);
        float[][] results = [.. new[] { 1, 4, 64 }.Select(batch =>
        {
            using var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings with { SamplingBatch = batch });
            generator.Fit(population, CancellationToken.None);
            if (batch == 4) generator.Sample(3, 1, CancellationToken.None);
            return generator.Sample(6, 5, CancellationToken.None).Weights;
        })];
        for (int i = 0; i < results[0].Length; i++)
        {
            // Products of other heights may sum in another order: a few roundings, amplified by five steps.
            Assert.Equal(results[0][i], results[1][i], 1e-4f);
            Assert.Equal(results[0][i], results[2][i], 1e-4f);
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Recursion_starts_from_the_last_sample()
    {
        using var device = new CpuDevice(1);
        Population population = TinyGpt.Checkpoints(device);
        using var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings);
        generator.Fit(population, CancellationToken.None);
        Population starts = population.Select([0, 4, 8]);
        Population once = generator.SampleFrom(starts, 5, null, CancellationToken.None);
        Population byHand = generator.SampleFrom(once, 6, null, CancellationToken.None);
        Assert.Equal(byHand.Weights, generator.SampleRecursively(starts, 2, 5, null, CancellationToken.None).Weights);
    }

    [Fact]
    public void A_diverging_training_says_the_step_and_keeps_finite_weights()
    {
        using var device = new CpuDevice(1);
        Population population = TinyGpt.Checkpoints(device);
        population.Row(0)[0] = 1e30f;
        GptSettings settings = TinyGpt.Settings with { FreshStarts = 0 };
        using var model = new GptModel(TinyGpt.Target.Layout, settings);
        model.Build(device);
        using var trainer = new GptTrainer(model, settings);
        var pairs = new PairSampler(population, TinyGpt.Target, settings, new Normalizer(1e10), device, TinyGpt.Images); // 1e40 is infinite
        TrainingDivergedException e = Assert.Throws<TrainingDivergedException>(() => trainer.Train(pairs, null, CancellationToken.None));
        Assert.Equal(trainer.Step + 1, e.Step);
        Assert.Contains($"step {e.Step}", e.Message, StringComparison.Ordinal);
        Assert.All(trainer.Snapshot().Weights.Values, values => Assert.All(values, v => Assert.True(float.IsFinite(v))));
    }

    [Fact]
    public void Too_little_memory_is_said_before_any_is_taken()
    {
        using var device = new CpuDevice(1);
        using var generator = new GptGenerator(
            device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings with { Width = 65536, Heads = 1, Layers = 40, Batch = 1 });
        string message = Assert.Throws<InsufficientMemoryException>(() => generator.Fit(TinyGpt.Checkpoints(device), CancellationToken.None)).Message;
        Assert.Contains("GB", message, StringComparison.Ordinal);
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void A_stored_generator_of_another_target_is_refused()
    {
        using var device = new CpuDevice(1);
        using var folder = new TemporaryFolder();
        using var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings with { TrainingSteps = 1 });
        generator.Fit(TinyGpt.Checkpoints(device), CancellationToken.None);
        string path = folder["g.safetensors"];
        GptFile.Write(path, generator.Snapshot(), generator.Layout, generator.Normalizer, TinyGpt.Target.Name);
        Assert.Contains("mlp-1-2-3", Assert.Throws<FileFormatException>(() => GptFile.Read(path, "mlp-1-2-3")).Message, StringComparison.Ordinal);
    }

    private static GptSnapshot Trained(Device device, GptSettings settings)
    {
        using var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, settings);
        generator.Fit(TinyGpt.Checkpoints(device), CancellationToken.None);
        return generator.Snapshot();
    }
}
