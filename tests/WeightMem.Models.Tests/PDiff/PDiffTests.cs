using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.PDiff;

/// <summary>The generator of P-diff: sizes, scaling, resuming, sampling, files (P-diff specification, 11.4).</summary>
public sealed class PDiffTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WeightScaling.PerTensor)]
    [InlineData(WeightScaling.PerParameter)]
    public void Standardising_and_back_gives_the_weights_and_padding_never_leaks(WeightScaling scaling)
    {
        Population training = TinyPDiff.Trajectory();
        var standardizer = WeightStandardizer.Fit(training, scaling);
        Assert.Equal(128, standardizer.Length);
        float[] inputs = new float[128], back = new float[100];
        for (int i = 0; i < training.Count; i++)
        {
            standardizer.Standardize(training.Row(i), inputs);
            Assert.All(inputs[100..], v => Assert.Equal(0f, v));
            inputs.AsSpan(100).Fill(1e9f);
            standardizer.Restore(inputs, back);
            for (int p = 0; p < 100; p++) Assert.Equal(training.Row(i)[p], back[p], 1e-6);
        }
    }

    [Fact]
    public void Published_scaling_is_two_numbers_for_each_tensor()
    {
        Population training = TinyPDiff.Trajectory();
        var standardizer = WeightStandardizer.Fit(training, WeightScaling.PerTensor);
        Assert.Equal(2, standardizer.Mean.Distinct().Count());
        double deviation = Enumerable.Range(0, training.Count).Average(i =>
        {
            double[] values = [.. training.Row(i)[..40].ToArray().Select(v => (double)v)];
            double mean = values.Average();
            return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / 39);
        });
        Assert.Equal(deviation, standardizer.Deviation[0], 1e-6);
    }

    [Fact]
    public void Parameter_counts_are_the_published_ones()
    {
        using var device = new CpuDevice(1);
        var published = new PDiffGenerator(device, "resnet18", new ParameterLayout(("w", 2048)), new PDiffSettings());
        Assert.Equal(2_199_201, published.AutoencoderParameters);
        Assert.Equal(2_462_977, published.DenoiserParameters);
        var mini = new PDiffGenerator(
            device, "resnet-mini", new ParameterLayout(("w", 256)),
            new PDiffSettings { AutoencoderChannels = [16, 32, 64, 64, 8], Latent = 32, DenoiserChannels = [1, 16, 32, 64, 128, 64, 32, 16, 1] });
        Assert.Equal(109_801, mini.AutoencoderParameters);
        Assert.Equal(161_089, mini.DenoiserParameters);
        foreach (string name in new[] { "encoder.0.0.weight", "encoder.4.1.running_var", "to_latent.bias", "fc_mu.weight", "fc_var.weight", "to_decode.weight", "decoder.3.1.bias", "final_layer.0.weight", "final_layer.3.bias" })
            Assert.True(published.AutoencoderLayout.Contains(name), name);
        foreach (string name in new[] { "time_embedder.mlp.0.weight", "time_embedder.mlp.2.bias", "encoder_list.4.1.0.running_mean", "decoder_list.1.1.0.weight", "decoder_list.2.0.bias" })
            Assert.True(published.DenoiserLayout.Contains(name), name);
        Assert.False(published.DenoiserLayout.Contains("decoder_list.2.1.0.weight"));
        Assert.Equal(new Shape(32, 256, 7), published.AutoencoderLayout["decoder.0.0.weight"].Shape);
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Batched_and_single_samples_have_equal_bits_for_every_decoder()
    {
        using var device = new CpuDevice(2);
        using PDiffGenerator together = Fitted(device, TinyPDiff.Settings), single = Fitted(device, TinyPDiff.Settings with { SamplingBatch = 1 });
        float[] weights = together.Sample(7, 11, Token).Weights;
        Assert.Equal(weights[..300], together.Sample(3, 11, Token).Weights);
        foreach (DecoderStatistics statistics in Enum.GetValues<DecoderStatistics>())
        {
            Population one = together.Sample(7, 11, statistics, null, Token), other = single.Sample(7, 11, statistics, null, Token);
            Assert.Equal(one.Weights, other.Weights);
            Assert.Equal(statistics == DecoderStatistics.Running, one.Weights.AsSpan().SequenceEqual(weights));
        }
    }

    [Fact]
    public void A_stopped_training_goes_on_to_the_same_bits()
    {
        using var device = new CpuDevice(2);
        using var folder = new TemporaryFolder();
        Population training = TinyPDiff.Trajectory();
        foreach (PDiffSettings settings in new[] { TinyPDiff.Settings with { StandardizeLatents = true }, TinyPDiff.Settings with { Reference = true } })
        {
            using PDiffGenerator whole = Fitted(device, settings);
            foreach (int stopAt in new[] { 10, 47 })
            {
                using var source = new CancellationTokenSource();
                using (var first = new PDiffGenerator(device, "tiny", TinyPDiff.Layout, settings))
                {
                    int steps = 0;
                    first.TrainingProgress = _ =>
                    {
                        if (++steps == stopAt) source.Cancel();
                    };
                    Assert.Throws<OperationCanceledException>(() => first.Fit(training, source.Token));
                    PDiffFile.Write(folder["half.safetensors"], first.Snapshot(), first, "tiny");
                }

                using var second = new PDiffGenerator(device, "tiny", TinyPDiff.Layout, settings);
                second.Fit(training, PDiffFile.Read(folder["half.safetensors"], "tiny"), Token);
                Assert.Equal(whole.Snapshot().Parts["vae"]["to_decode.weight"], second.Snapshot().Parts["vae"]["to_decode.weight"]);
                Assert.Equal(whole.Sample(2, 1, Token).Weights, second.Sample(2, 1, Token).Weights);
            }
        }

        Assert.Contains("a generator of other", Assert.Throws<FileFormatException>(() => PDiffFile.Read(folder["half.safetensors"], "other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_learns_and_every_option_changes_the_samples()
    {
        using var device = new CpuDevice(2);
        using PDiffGenerator plain = Fitted(device, TinyPDiff.Settings);
        Assert.True(plain.AutoencoderLosses.TakeLast(5).Average() < 0.8 * plain.AutoencoderLosses.Take(5).Average());
        Assert.Equal(30, plain.AutoencoderLosses.Count);
        float[] weights = plain.Sample(3, 4, Token).Weights;
        foreach (PDiffSettings other in new[]
            {
                TinyPDiff.Settings with { LatentNoise = 0 }, TinyPDiff.Settings with { InputNoise = 0 }, TinyPDiff.Settings with { StandardizeLatents = true },
                TinyPDiff.Settings with { Scaling = WeightScaling.PerParameter }, TinyPDiff.Settings with { Reference = true }, TinyPDiff.Settings with { Seed = 4 },
                TinyPDiff.Settings with { Sampler = PDiffSampler.Ddim, DdimSteps = 6 },
            })
        {
            using PDiffGenerator changed = Fitted(device, other);
            Assert.NotEqual(weights, changed.Sample(3, 4, Token).Weights);
            Assert.Equal(other.Reference ? 31 : 30, changed.AutoencoderLosses.Count);
        }
    }

    [Fact]
    public void State_dicts_go_to_pytorch_under_the_published_names_and_come_back()
    {
        using var device = new CpuDevice(2);
        using var folder = new TemporaryFolder();
        using PDiffGenerator fitted = Fitted(device, TinyPDiff.Settings);
        PDiffFile.Export(folder.Path, fitted.Snapshot(), fitted);
        using (ArrayFile file = ArrayFile.Open(folder["diffusion.pth"]))
        {
            string[] names = [.. file.Arrays.Select(a => a.Name)];
            foreach (string name in new[]
                { "net.time_embedder.freqs", "net.encoder_list.0.0.weight", "net.encoder_list.4.1.0.running_var", "diffusion_trainer.model.decoder_list.2.0.bias", "diffusion_sampler.model.time_embedder.mlp.2.weight", "diffusion_trainer.signal_rate", "diffusion_sampler.posterior_variance" })
            {
                Assert.Contains(name, names);
            }
        }

        IReadOnlyDictionary<string, IReadOnlyDictionary<string, float[]>> back = PDiffFile.Import(folder["diffusion.pth"], folder["vae.pth"], fitted);
        foreach (string part in new[] { "vae", "diffusion" })
        {
            foreach ((string name, float[] values) in fitted.Snapshot().Parts[part]) Assert.Equal(values, back[part][name]);
        }

        Assert.Throws<FileFormatException>(() => PDiffFile.Import(folder["vae.pth"], folder["vae.pth"], fitted));
    }

    [Theory]
    [InlineData(0, "PerTensor")]
    [InlineData(1, "0 < first beta")]
    [InlineData(2, "DDIM takes 2 to 12 steps")]
    [InlineData(3, "9 channel numbers")]
    public void Settings_out_of_range_are_named(int which, string expected)
    {
        PDiffSettings settings = TinyPDiff.Settings;
        if (which == 0)
        {
            var same = new Population("same", TinyPDiff.Layout, new float[300]);
            Assert.Contains("nothing to standardise", Assert.Throws<ArgumentException>(() => WeightStandardizer.Fit(same, Enum.Parse<WeightScaling>(expected))).Message, StringComparison.Ordinal);
            return;
        }

        settings = which switch
        {
            1 => settings with { FirstBeta = 0.9 },
            2 => settings with { Sampler = PDiffSampler.Ddim, DdimSteps = 60 },
            _ => settings with { DenoiserChannels = [1, 4, 1] },
        };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(settings.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decoding_one_sample_in_training_mode_is_what_per_sample_statistics_are()
    {
        using var device = new CpuDevice(1);
        using Scope scope = device.Scope();
        var builder = new Engine.Layers.ParameterBuilder();
        var autoencoder = new WeightAutoencoder(builder, TinyPDiff.Settings, 128);
        using Engine.Layers.ParameterSet parameters = builder.Build(device, new Engine.Random.RandomStream(1, "start"));
        Tensor latents = device.Empty((3, 8));
        device.Kernels.Normal(latents, new Engine.Random.RandomStream(2, "latents"));
        float[] together = autoencoder.Decode(Tape.Inference(device), latents, Engine.Layers.BatchNormMode.PerSample).ToArray<float>();
        for (int i = 0; i < 3; i++)
        {
            float[] alone = autoencoder.Decode(Tape.Inference(device), latents.Slice(i, 1), Engine.Layers.BatchNormMode.Train).ToArray<float>();
            Assert.Equal(alone, together[(i * 128)..((i + 1) * 128)]);
        }
    }

    private static PDiffGenerator Fitted(Device device, PDiffSettings settings)
    {
        var generator = new PDiffGenerator(device, "tiny", TinyPDiff.Layout, settings);
        generator.Fit(TinyPDiff.Trajectory(), Token);
        return generator;
    }
}
