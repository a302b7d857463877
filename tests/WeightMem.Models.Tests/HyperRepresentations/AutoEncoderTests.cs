using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

public sealed class AutoEncoderTests
{
    private static readonly ConvNetTarget Cnn = new(1, 28, 28, 10);

    [Theory]
    [InlineData("", 222.8)]
    [InlineData("+layer", 362.3)]
    [InlineData("-layer", 153.0)]
    [InlineData("+dim", 359.0)]
    [InlineData("-dim", 117.6)]
    public void The_published_sizes_have_their_counts(string variant, double millions)
    {
        AutoEncoderSettings settings = variant.Length == 0 ? AutoEncoderConfigurations.Published : AutoEncoderConfigurations.SizeVariants[variant];
        using var model = new AutoEncoder(Cnn.Layout, settings);
        Assert.Equal(millions, model.ParameterCount / 1e6, 0.05);
        Assert.Equal(Formula(settings), model.ParameterCount);
    }

    [Theory]
    [InlineData(Compression.Token, Decompression.Linear)]
    [InlineData(Compression.Average, Decompression.Linear)]
    [InlineData(Compression.Linear, Decompression.Linear)]
    public void The_count_follows_the_formula(Compression compression, Decompression decompression)
    {
        AutoEncoderSettings settings = Small with { Compression = compression, Decompression = decompression };
        using var model = new AutoEncoder(Cnn.Layout, settings);
        Assert.Equal(Formula(settings), model.ParameterCount);
        Assert.Equal(model.Layout.Entries.Where(e => !e.Name.StartsWith("head.", StringComparison.Ordinal)).Sum(e => e.Count), model.ParameterCount);
    }

    [Fact]
    public void The_specified_small_preset_has_674582_parameters()
    {
        using var model = new AutoEncoder(Cnn.Layout, Small);
        Assert.Equal(674_582, model.ParameterCount);
    }

    [Fact]
    public void Names_and_shapes_are_the_published_ones()
    {
        using var model = new AutoEncoder(Cnn.Layout, Small with { DecoderBias = true, HeadLayers = 0 });
        var shapes = model.Layout.Entries.ToDictionary(e => e.Name, e => e.Shape.ToString());
        Assert.Equal("[1, 1, 96]", shapes["encoder.comp_token"]);
        Assert.Equal("[96, 201]", shapes["encoder.token_embeddings.layer_lst.1.weight"]);
        Assert.Equal("[49, 96]", shapes["encoder.position_embeddings.weight"]);
        Assert.Equal("[96]", shapes["encoder.layers.1.norm_2.alpha"]);
        foreach (string part in new[] { "q_linear", "k_linear", "v_linear", "out" }) Assert.Equal("[96, 96]", shapes[$"decoder.layers.0.attn.{part}.weight"]);
        Assert.Equal("[192, 96]", shapes["encoder.layers.0.ff.linear_1.weight"]);
        Assert.Equal("[64, 96]", shapes["encoder.vec2neck.0.weight"]);
        Assert.Equal("[64]", shapes["decoder.decoder_bias"]);
        Assert.Equal("[4608, 64]", shapes["decoder.nec2vec.weight"]);
        Assert.Equal("[37, 96]", shapes["decoder.token_debeddings.layer_lst.3.weight"]);
        Assert.Equal("[48, 96]", shapes["decoder.position_embeddings.weight"]);
        Assert.Equal(92, shapes.Count); // 1 + 2 x (10 + 1 + 2 x 16) of tokens, positions and blocks, 2 + 1 + 2 of the bottleneck
    }

    [Fact]
    public void Every_kind_runs_and_has_the_gradient_of_its_loss()
    {
        foreach (AutoEncoderSettings settings in new[]
            {
                TinyAutoEncoder.Settings,
                TinyAutoEncoder.Settings with { Compression = Compression.Average, Bottleneck = Bottleneck.Linear, Decompression = Decompression.Repeat, DecoderBias = true, HeadBatchNorm = false },
                TinyAutoEncoder.Settings with { Compression = Compression.Linear, Bottleneck = Bottleneck.Mlp, BottleneckLayers = 2, HeadLayers = 0, Normalize = false },
                TinyAutoEncoder.Settings with { FeatureNormalization = true, ErrorThreshold = 1.5, LayerMean = true, LayerWeights = [1, 2, 0.5], Dropout = 0.2 },
                TinyAutoEncoder.Settings with { Contrast = 0 },
                TinyAutoEncoder.Settings with { Contrast = 1 },
            })
        {
            CheckGradients(settings);
        }
    }

    [Fact]
    public void A_network_comes_back_the_same_whatever_the_batch()
    {
        using var device = new CpuDevice(1);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, TinyAutoEncoder.Settings);
        var networks = TinyAutoEncoder.Networks(7);
        generator.Load(networks, null);
        float[] together = generator.Reconstruct(networks).Weights;
        float[] alone = [.. Enumerable.Range(0, 7).SelectMany(i => generator.Reconstruct(networks.Select([i])).Weights)];
        for (int i = 0; i < alone.Length; i++) Assert.Equal(together[i], alone[i], 1e-5f);
    }

    [Fact]
    public void Blocks_start_differently()
    {
        using var device = new CpuDevice(1);
        using var model = new AutoEncoder(TinyAutoEncoder.Target.Layout, TinyAutoEncoder.Settings);
        model.Build(device);
        Dictionary<string, float[]> state = model.Parameters.State();
        Assert.NotEqual(state["encoder.layers.0.ff.linear_1.weight"], state["encoder.layers.1.ff.linear_1.weight"]);
        Assert.All(state["encoder.layers.0.ff.linear_1.bias"], b => Assert.InRange(b, -1 / Math.Sqrt(6), 1 / Math.Sqrt(6)));
    }

    /// <summary>The sizes of the specification's small preset.</summary>
    internal static AutoEncoderSettings Small { get; } = new() { Width = 96, Heads = 4, Blocks = 2, Hidden = 192, Latent = 64, Dropout = 0, HeadLayers = 2, HeadWidth = 64, HeadOutputs = 32 };

    /// <summary>2N(4D^2 + 2DF + 9D + F) + 315 D + 310 D + 310 + (S + 48) D + [D] + in L + L + 48 D L + 48 D, specification 3.4.</summary>
    private static long Formula(AutoEncoderSettings s)
    {
        long d = s.Width, f = s.Hidden, l = s.Latent, token = s.Compression == Compression.Token ? 1 : 0, positions = 48 + token;
        long inputs = s.Compression == Compression.Linear ? positions * d : d;
        return 2L * s.Blocks * (4 * d * d + 2 * d * f + 9 * d + f) + 315 * d + 310 * d + 310 + (positions + 48) * d + token * d + inputs * l + l + 48 * d * l + 48 * d;
    }

    /// <summary>The whole loss's gradient in double precision against central differences, at a few values of every parameter.</summary>
    private static void CheckGradients(AutoEncoderSettings settings)
    {
        using Device device = new ReferenceDevice();
        using var model = new AutoEncoder(TinyAutoEncoder.Target.Layout, settings);
        model.Build(device);
        var networks = TinyAutoEncoder.Networks(8);
        float[] deviations = ReconstructionLoss.Deviations(networks, model.Tokens);
        model.SetDeviations(deviations);
        using var reconstruction = new ReconstructionLoss(device, model.Tokens, settings, deviations);
        using ContrastiveLoss? contrast = settings.Contrast > 0 ? new ContrastiveLoss(device, settings.Batch, settings.Temperature) : null;
        RandomStream? dropout = settings.Dropout > 0 ? new RandomStream(9, "dropout") : null;

        model.Parameters.ZeroGradients();
        using (device.Scope())
        {
            Tape tape = Tape.Record(device);
            tape.Backward(Loss(tape));
        }

        double[] gradients = model.Parameters.Gradients.ToArray<double>(), values = model.Parameters.Values.ToArray<double>();
        double scale = Math.Max(1, gradients.Max(Math.Abs));
        var stream = new RandomStream(11, "sampled");
        int nonzero = 0;
        foreach (ParameterEntry entry in model.Layout.Entries)
        {
            foreach (int at in stream.Sub(entry.Name).Choose((int)entry.Count, Math.Min(3, (int)entry.Count)))
            {
                int i = (int)entry.Offset + at;
                double difference = (At(i, 1e-5) - At(i, -1e-5)) / 2e-5;
                Assert.True(Math.Abs(difference - gradients[i]) < 3e-6 * scale, $"{settings}: {entry.Name}[{at}]: {gradients[i]}, by differences {difference}");
                if (gradients[i] != 0) nonzero++;
            }
        }

        Assert.True(nonzero > model.Layout.Entries.Count / 2 || settings.Contrast == 1, $"only {nonzero} gradients are not zero");

        double At(int i, double shift)
        {
            double[] moved = [.. values];
            moved[i] += shift;
            model.Parameters.Values.Write<double>(moved);
            using Scope scope = device.Scope();
            double loss = Loss(Tape.Inference(device)).Item();
            model.Parameters.Values.Write<double>(values);
            return loss;
        }

        Tensor Loss(Tape tape)
        {
            Tensor rows = device.From(networks.Weights, (8, TinyAutoEncoder.Target.Parameters));
            return AutoEncoderTrainer.Loss(tape, model, settings, reconstruction, contrast, rows, rows, dropout);
        }
    }
}
