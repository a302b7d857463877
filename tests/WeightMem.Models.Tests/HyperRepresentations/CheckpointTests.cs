using System.Text.Json.Nodes;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Torch;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

/// <summary>Auto-encoders in the published form, there and back.</summary>
public sealed class CheckpointTests
{
    public static TheoryData<int> Kinds => [.. Enumerable.Range(0, 4)];

    private static AutoEncoderSettings Settings(int kind) => (kind switch
    {
        0 => TinyAutoEncoder.Settings,
        1 => TinyAutoEncoder.Settings with { Compression = Compression.Average, Bottleneck = Bottleneck.Linear, Decompression = Decompression.Repeat, DecoderBias = true, Normalize = false },
        2 => TinyAutoEncoder.Settings with { Compression = Compression.Linear, Bottleneck = Bottleneck.Mlp, BottleneckLayers = 2, Dropout = 0.1 },

        // Not with a compression token: attention that never leaves a position tells it nothing of the others.
        _ => TinyAutoEncoder.Settings with { Transformer = TransformerKind.PostNormAcrossBatch, Compression = Compression.Linear, FeatureNormalization = true },
    })
    with
    { HeadLayers = 0, Contrast = 0 };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_written_is_read_and_computes_the_same(int kind)
    {
        using var folder = new TemporaryFolder();
        (string path, string config) = (folder["checkpoint_ae.pt"], folder["config_ae.json"]);
        AutoEncoderSettings settings = Settings(kind);
        Population networks = TinyAutoEncoder.Networks(6);
        using var device = new CpuDevice(1);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, settings);
        generator.Load(networks, null);
        AutoEncoderCheckpoint.Write(path, config, settings, networks.Layout, generator.Weights());
        bool acrossBatch = kind == 3;
        (AutoEncoderSettings read, AutoEncoderSnapshot snapshot) = AutoEncoderCheckpoint.Import(path, config, networks, acrossBatch);
        AutoEncoderSettings kept = settings with { Epochs = 1, Seed = 0, LayerWeights = read.LayerWeights };
        Assert.Equal(
            kept,
            read with
            {
                Batch = kept.Batch,
                LearningRate = kept.LearningRate,
                Permutations = kept.Permutations,
                InferenceBatch = kept.InferenceBatch,
                PlateauPatience = kept.PlateauPatience,
                HeadWidth = kept.HeadWidth,
                HeadOutputs = kept.HeadOutputs,
            });
        using var again = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, read with { InferenceBatch = settings.InferenceBatch });
        again.Load(networks, snapshot);
        Assert.Equal(generator.Reconstruct(networks).Weights, again.Reconstruct(networks).Weights);
    }

    [Fact]
    public void Attention_across_the_batch_is_taken_only_when_asked_for()
    {
        using var folder = new TemporaryFolder();
        (string path, string config) = (folder["checkpoint_ae.pt"], folder["config_ae.json"]);
        Population networks = TinyAutoEncoder.Networks(6);
        using var device = new CpuDevice(1);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, Settings(3));
        generator.Load(networks, null);
        AutoEncoderCheckpoint.Write(path, config, Settings(3), networks.Layout, generator.Weights());
        var error = Assert.Throws<FileFormatException>(() => AutoEncoderCheckpoint.Read(path, config, networks.Layout, acrossBatch: false));
        Assert.Contains("across", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => generator.Fit(networks, CancellationToken.None));

        // Its results depend on the batch: that is the defect it repeats.
        float[] together = generator.Reconstruct(networks.Select([0, 1, 2])).Weights, alone = generator.Reconstruct(networks.Select([0])).Weights;
        Assert.True(together[..alone.Length].Zip(alone, (a, b) => Math.Abs(a - b)).Max() > 1e-4f);
    }

    [Fact]
    public void Attention_across_the_batch_is_pytorchs_layer_on_batch_position_width()
    {
        using var device = new ReferenceDevice();
        AutoEncoderSettings settings = Settings(3) with { Blocks = 1, FeatureNormalization = false };
        using var model = new AutoEncoder(TinyAutoEncoder.Target.Layout, settings);
        model.Build(device);
        var random = new RandomStream(6, "weights");
        foreach (ParameterEntry entry in model.Layout.Entries)
        {
            var values = new double[entry.Count];
            for (int i = 0; i < values.Length; i++) values[i] = random.Sub(entry.Name).Double(i) - 0.5;
            using Tensor part = model.Parameters.Values.Slice((int)entry.Offset, (int)entry.Count);
            part.Write<double>(values);
        }

        Dictionary<string, float[]> state = model.Parameters.State();
        const int Batch = 3, Tokens = 7, Width = 6, Size = 3; // 3 + 2 + 2 neurons; the decoder has no compression token
        using Scope scope = device.Scope();
        double[] z = [.. Enumerable.Range(0, Batch * settings.Latent).Select(i => random.Double(i))];
        double[] found = model.Decode(Tape.Inference(device), device.From(z, (Batch, settings.Latent))).ToDoubles();

        // The same written out: positions are the batch of the attention, networks its sequence.
        double[] Of(string name) => Array.ConvertAll(state[name], v => (double)v);
        double[] h = Affine(z, Of("decoder.nec2vec.weight"), Of("decoder.nec2vec.bias"), settings.Latent);
        double[] positions = Of("decoder.position_embeddings.weight");
        for (int i = 0; i < h.Length; i++) h[i] += positions[i % positions.Length];
        const string Layer = "decoder.transformer.layers.0.";
        double[] packed = Affine(h, Of(Layer + "self_attn.in_proj_weight"), Of(Layer + "self_attn.in_proj_bias"), Width), attended = new double[h.Length];
        for (int t = 0; t < Tokens; t++)
        {
            for (int head = 0; head < 2; head++)
            {
                for (int b = 0; b < Batch; b++)
                {
                    double[] scores = [.. Enumerable.Range(0, Batch).Select(o => Math.Exp(
                        Enumerable.Range(0, Size).Sum(c => At(b, 0, c) * At(o, 1, c)) / Math.Sqrt(Size)))];
                    for (int c = 0; c < Size; c++)
                        attended[(b * Tokens + t) * Width + head * Size + c] = Enumerable.Range(0, Batch).Sum(o => scores[o] / scores.Sum() * At(o, 2, c));
                }

                double At(int network, int which, int c) => packed[(network * Tokens + t) * 3 * Width + which * Width + head * Size + c];
            }
        }

        h = Norm(Sum(h, Affine(attended, Of(Layer + "self_attn.out_proj.weight"), Of(Layer + "self_attn.out_proj.bias"), Width)), Layer + "norm1");
        double[] hidden = [.. Affine(h, Of(Layer + "linear1.weight"), Of(Layer + "linear1.bias"), Width).Select(v => Math.Max(0, v))];
        h = Norm(Sum(h, Affine(hidden, Of(Layer + "linear2.weight"), Of(Layer + "linear2.bias"), settings.Hidden)), Layer + "norm2");
        double[] last = FinalNorm(h), expected = new double[found.Length];
        int[] first = [0, 3, 5, 7], start = [0, 21, 29], length = [7, 4, 3];
        for (int b = 0; b < Batch; b++)
        {
            for (int l = 0; l < 3; l++)
            {
                double[] rows = Affine(last[((b * Tokens + first[l]) * Width)..((b * Tokens + first[l + 1]) * Width)],
                    Of($"decoder.token_debeddings.layer_lst.{l}.weight"), Of($"decoder.token_debeddings.layer_lst.{l}.bias"), Width);
                rows.CopyTo(expected, b * 35 + start[l]);
            }
        }

        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], found[i], 1e-5); // the state went through single precision
        Assert.Equal([7, 4, 3], length);

        double[] Norm(double[] x, string name) => Rows(x, (m, squares) => Math.Sqrt(squares / Width + 1e-5), Of(name + ".weight"), Of(name + ".bias"));

        double[] FinalNorm(double[] x) => Rows(x, (m, squares) => Math.Sqrt(squares / (Width - 1)) + 1e-6, Of("decoder.transformer.norm.alpha"), Of("decoder.transformer.norm.bias"));

        static double[] Rows(double[] x, Func<double, double, double> spread, double[] scale, double[] shift)
        {
            var y = new double[x.Length];
            for (int r = 0; r < x.Length / Width; r++)
            {
                double[] row = x[(r * Width)..((r + 1) * Width)];
                double mean = row.Average(), s = spread(mean, row.Sum(v => (v - mean) * (v - mean)));
                for (int c = 0; c < Width; c++) y[r * Width + c] = (row[c] - mean) / s * scale[c] + shift[c];
            }

            return y;
        }

        static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

        static double[] Affine(double[] x, double[] weight, double[] bias, int inputs)
        {
            int outputs = bias.Length;
            var y = new double[x.Length / inputs * outputs];
            for (int i = 0; i < y.Length; i++)
            {
                int row = i / outputs, o = i % outputs;
                y[i] = bias[o] + Enumerable.Range(0, inputs).Sum(c => x[row * inputs + c] * weight[o * inputs + c]);
            }

            return y;
        }
    }

    [Fact]
    public void A_configuration_that_does_not_fit_is_named()
    {
        using var folder = new TemporaryFolder();
        (string path, string config) = (folder["checkpoint_ae.pt"], folder["config_ae.json"]);
        Population networks = TinyAutoEncoder.Networks(6);
        using var device = new CpuDevice(1);
        using var generator = new HyperRepresentationGenerator(device, TinyAutoEncoder.Target, Settings(0));
        generator.Load(networks, null);
        AutoEncoderCheckpoint.Write(path, config, Settings(0), networks.Layout, generator.Weights());
        string sound = File.ReadAllText(config);
        foreach ((string key, JsonNode? value) in new (string, JsonNode?)[]
            {
                ("model::dim_attention_embedding", 12), ("model::latent_dim", 5), ("model::N_attention_blocks", 3), ("model::encoding", "weight"),
                ("model::compression", "average"), ("model::bottleneck", "mlp"), ("model::N_attention_heads", null), ("model::N_attention_heads", 4),
            })
        {
            JsonObject changed = JsonNode.Parse(sound)!.AsObject();
            changed[key] = value;
            File.WriteAllText(config, changed.ToJsonString());
            var error = Assert.Throws<FileFormatException>(() => AutoEncoderCheckpoint.Read(path, config, networks.Layout, false));
            Assert.Contains("config_ae.json", error.Message, StringComparison.Ordinal);
        }

        File.WriteAllText(config, sound);
        TorchWriter.Write(path, [NamedArray.Of("other", new float[3], 3)]);
        Assert.Contains("layer_lst", Assert.Throws<FileFormatException>(() => AutoEncoderCheckpoint.Read(path, config, networks.Layout, false)).Message, StringComparison.Ordinal);
        File.WriteAllText(config, "{");
        Assert.Throws<FileFormatException>(() => AutoEncoderCheckpoint.Read(path, config, networks.Layout, false));
    }
}
