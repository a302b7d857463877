using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Training;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

public sealed class HyperTrainingTests
{
    [Fact]
    public void Training_lowers_the_loss_and_reconstructs_better_than_the_mean()
    {
        using var device = new CpuDevice(1);
        AutoEncoderSettings settings = TinyAutoEncoder.Settings with
        {
            Width = 24,
            Hidden = 24,
            Latent = 8,
            Permutations = 0,
            Contrast = 0.01,
            FeatureNormalization = true,
            Epochs = 400,
            LearningRate = 5e-3,
            Schedule = RateSchedule.Cosine,
        };
        Population networks = TinyAutoEncoder.Networks(8);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, settings);
        generator.Fit(networks, CancellationToken.None);
        Assert.Equal(800, generator.Losses.Count);
        Assert.True(generator.Losses[^1] < 0.5 * generator.Losses[0], $"{generator.Losses[0]} became {generator.Losses[^1]}");
        (double loss, double rSquared) = generator.ReconstructionError(networks, generator.Reconstruct(networks));
        Assert.True(rSquared > 0.5, $"R2 {rSquared}, loss {loss}");

        // Decoding a training network's own latent vector is its reconstruction, and the published sampler stays near it.
        Population sampled = generator.Sample(LatentSampler.Kde30Reference, 5, 0), back = generator.Reconstruct(networks);
        int[] sources = [.. sampled.Provenance["source_rows"].Split(',').Select(int.Parse)];
        for (int i = 0; i < 5; i++)
        {
            double[] distances = [.. Enumerable.Range(0, 8).Select(j => back.Row(j).ToArray().Zip(sampled.Row(i).ToArray(), (a, b) => Math.Pow(a - b, 2)).Sum())];
            Assert.Equal(sources[i], Array.IndexOf(distances, distances.Min()));
        }

        Assert.Equal(generator.Sample(3, 1, CancellationToken.None).Weights, generator.Sample(3, 1, CancellationToken.None).Weights);
        Assert.NotEqual(generator.Sample(3, 1, CancellationToken.None).Weights, generator.Sample(3, 2, CancellationToken.None).Weights);
        Assert.Equal(networks.Row(1).ToArray(), generator.Sample(LatentSampler.Direct, 1, 0).Weights);
        Assert.Throws<ArgumentException>(() => generator.Sample(LatentSampler.Direct, 5, 0));
        generator.Dispose();
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(RateSchedule.Plateau)]
    [InlineData(RateSchedule.Cosine)]
    public void A_training_stopped_after_any_step_resumes_to_the_same_bits(RateSchedule schedule)
    {
        AutoEncoderSettings settings = TinyAutoEncoder.Settings with { Schedule = schedule, Dropout = 0.1, InputNoise = 0.05, Denoise = true, PlateauThreshold = 0.5 };
        Population networks = TinyAutoEncoder.Networks(9);
        (float[] losses, Dictionary<string, float[]> unbroken) = Run(null, null);
        foreach (int stop in new[] { 1, 5, 11 })
        {
            AutoEncoderSnapshot? snapshot = null;
            Run(null, (trainer, take) =>
            {
                if (trainer.Step == stop) snapshot = take();
            });
            (float[] again, Dictionary<string, float[]> resumed) = Run(snapshot, null);
            Assert.Equal(losses, again);
            Assert.All(unbroken, p => Assert.Equal(p.Value, resumed[p.Key]));
        }

        (float[], Dictionary<string, float[]>) Run(AutoEncoderSnapshot? from, Action<AutoEncoderTrainer, Func<AutoEncoderSnapshot>>? each)
        {
            using var device = new CpuDevice(from is null ? 1 : 2);
            using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, settings);
            generator.Checkpoint = trainer => each?.Invoke(trainer, generator.Snapshot);
            generator.Fit(networks, from, CancellationToken.None);
            return ([.. generator.Losses], generator.Weights());
        }
    }

    [Fact]
    public void A_stored_snapshot_is_read_back()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, TinyAutoEncoder.Settings);
        generator.Fit(TinyAutoEncoder.Networks(8), CancellationToken.None);
        AutoEncoderSnapshot snapshot = generator.Snapshot();
        AutoEncoderFile.Write(folder["g.safetensors"], snapshot, generator.Layout, "mlp-6-3-2-2");
        AutoEncoderSnapshot read = AutoEncoderFile.Read(folder["g.safetensors"], "mlp-6-3-2-2");
        Assert.Equal(snapshot.Step, read.Step);
        Assert.Equal(snapshot.Losses, read.Losses);
        Assert.Equal(snapshot.Deviations, read.Deviations);
        Assert.Equal(snapshot.Weights.Keys.Order(), read.Weights.Keys.Order());
        Assert.All(snapshot.SecondMoment, p => Assert.Equal(p.Value, read.SecondMoment[p.Key]));
        Assert.Throws<Formats.FileFormatException>(() => AutoEncoderFile.Read(folder["g.safetensors"], "mlp-1-1"));
    }

    [Fact]
    public void The_published_size_says_what_it_needs_before_it_takes_anything()
    {
        using var device = new CpuDevice(1);
        var target = new Models.Targets.ConvNetTarget(1, 28, 28, 10);
        using var generator = new HyperRepresentationGenerator(device, target, AutoEncoderConfigurations.Published with { Batch = 100_000 });
        var error = Assert.Throws<InsufficientMemoryException>(generator.CheckMemory);
        Assert.Contains("GB", error.Message, StringComparison.Ordinal);
        Assert.Contains("222,", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.LiveBytes);
        Assert.True(generator.RequiredBytes > 1e12);
    }

    [Fact]
    public void The_rate_falls_when_the_loss_stays()
    {
        double[] falling = [5, 4, 3, 2, 1];
        Assert.Equal(1, Schedules.Plateau(1, falling, 0.1, 1, 1e-4));
        Assert.Equal(1, Schedules.Plateau(1, [5, 5], 0.1, 1, 1e-4)); // waits for one
        Assert.Equal(0.1, Schedules.Plateau(1, [5, 5, 5], 0.1, 1, 1e-4), 1e-12);
        Assert.Equal(0.1, Schedules.Plateau(1, [5, 5, 5, 5], 0.1, 1, 1e-4), 1e-12);
        Assert.Equal(0.01, Schedules.Plateau(1, [5, 5, 5, 5, 5], 0.1, 1, 1e-4), 1e-12);
        Assert.Equal(0.1, Schedules.Plateau(1, [5, 4.99, 4.98], 0.1, 1, 0.01), 1e-12); // improvements below the threshold are none
    }

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        foreach ((AutoEncoderSettings settings, string said) in new[]
            {
                (TinyAutoEncoder.Settings with { Heads = 4 }, "heads"), (TinyAutoEncoder.Settings with { Dropout = 1 }, "dropout"),
                (TinyAutoEncoder.Settings with { Contrast = 1.5 }, "contrastive"), (TinyAutoEncoder.Settings with { Temperature = 0 }, "temperature"),
                (TinyAutoEncoder.Settings with { LayerWeights = [1] }, "layer weights"), (TinyAutoEncoder.Settings with { Batch = 1 }, "batches"),
            })
        {
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => new AutoEncoder(TinyAutoEncoder.Target.Layout, settings)).Message, StringComparison.OrdinalIgnoreCase);
        }
    }
}
