using System.Text.Json;
using System.Text.Json.Nodes;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Torch;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// Auto-encoders in the published form: <c>checkpoint_ae.pt</c>, a plain dict of tensors, and <c>config_ae.json</c>. Sizes are read from the shapes and checked against the
/// configuration; what shapes do not show (heads, the bound of the bottleneck, dropout, encoding, feature normalisation) is the configuration's.
/// </summary>
public static class AutoEncoderCheckpoint
{
    private const string PostNorm = "encoder.transformer.", Heads = "model::N_attention_heads", EncodingKey = "model::encoding", BottleneckKey = "model::bottleneck";

    /// <summary>Reads an auto-encoder.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="target">The layout of the weight rows it is for.</param>
    /// <param name="acrossBatch">
    /// Whether a checkpoint of the type <c>pytorch</c>, whose attention ran across the networks of a batch, is taken and run in the same way: what it returns then depends
    /// on the batch.
    /// </param>
    /// <returns>Its settings, those of training left at their defaults, and its weights by name.</returns>
    /// <exception cref="FileFormatException">A file is damaged, of another model or target, or of a kind that is not taken.</exception>
    public static (AutoEncoderSettings Settings, Dictionary<string, float[]> Weights) Read(string path, string configuration, ParameterLayout target, bool acrossBatch)
    {
        JsonObject config = ReadConfiguration(configuration);
        using ArrayFile file = ArrayFile.Open(path);
        StateDict state = StateDict.Find(file, null);
        AutoEncoderSettings settings = Settings(path, state.Layout, configuration, config, acrossBatch);
        try
        {
            using var model = new AutoEncoder(target, settings);
            var row = new float[state.Layout.Extent];
            if (state.Layout.Entries.Count != model.Layout.Entries.Count)
                throw new FileFormatException(path, $"{model.Layout.Entries.Count} parameters of an auto-encoder of these sizes", $"{state.Layout.Entries.Count}");
            var dense = new ParameterLayout(model.Layout.Entries.Select(e => (e.Name, e.Shape)));
            state.ReadRow(row, dense);
            return (settings, dense.Unpack(row));
        }
        catch (ArgumentException e)
        {
            throw new FileFormatException(configuration, "the settings of an auto-encoder", e.Message);
        }
    }

    /// <summary>Reads an auto-encoder as a training that is finished, to sample from with the latent vectors of a population.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="training">The networks it was trained on: their layers' deviations are taken from them, as the checkpoint does not keep them.</param>
    /// <param name="acrossBatch">As for <see cref="Read"/>.</param>
    /// <exception cref="FileFormatException">As for <see cref="Read"/>.</exception>
    public static (AutoEncoderSettings Settings, AutoEncoderSnapshot Snapshot) Import(string path, string configuration, Population training, bool acrossBatch)
    {
        (AutoEncoderSettings settings, Dictionary<string, float[]> weights) = Read(path, configuration, training.Layout, acrossBatch);
        settings = settings with { Epochs = 1 };
        var none = new Dictionary<string, float[]>();
        return (settings, new AutoEncoderSnapshot(
            Math.Max(1, training.Count / settings.Batch), [], ReconstructionLoss.Deviations(training, new NeuronTokens(training.Layout)), weights, none, none));
    }

    /// <summary>The layout of an auto-encoder's parameters.</summary>
    public static ParameterLayout LayoutOf(AutoEncoderSettings settings, Population training)
    {
        using var model = new AutoEncoder(training.Layout, settings);
        return model.Layout;
    }

    /// <summary>Writes an auto-encoder in the published form, the projection head left out.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="target">The layout of the weight rows it is for.</param>
    /// <param name="weights">The weights by name.</param>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static void Write(string path, string configuration, AutoEncoderSettings settings, ParameterLayout target, IReadOnlyDictionary<string, float[]> weights)
    {
        using var model = new AutoEncoder(target, settings with { HeadLayers = 0 });
        TorchWriter.Write(path, [.. model.Layout.Entries.Select(e => NamedArray.Of(e.Name, weights[e.Name], [.. e.Shape.Select(size => (long)size)]))]);
        AtomicFile.WriteText(configuration, Configuration(settings, target, model.Tokens));
    }

    private static AutoEncoderSettings Settings(string path, ParameterLayout layout, string configuration, JsonObject config, bool acrossBatch)
    {
        bool postNorm = layout.Entries.Any(e => e.Name.StartsWith(PostNorm, StringComparison.Ordinal));
        if (postNorm && !acrossBatch)
        {
            throw new FileFormatException(
                path, "an auto-encoder whose attention runs over the tokens of a network",
                "one of the type pytorch, whose attention ran across the networks of a batch; the compatibility mode takes it (--across-batch)");
        }

        if (!layout.Contains("encoder.token_embeddings.layer_lst.0.weight"))
            throw new FileFormatException(path, "a linear embedding for each layer (encoder.token_embeddings.layer_lst.0.weight)", "none: another embedder, which is not taken");
        Require(Text(EncodingKey, "weight") == "neuron", EncodingKey, "neuron", Text(EncodingKey, "weight"));
        Shape positions = Of("encoder.position_embeddings.weight"), decoderPositions = Of("decoder.position_embeddings.weight");
        int width = positions[1], blocks = 0;
        string prefix = postNorm ? "encoder.transformer.layers." : "encoder.layers.";
        while (layout.Entries.Any(e => e.Name.StartsWith($"{prefix}{blocks}.", StringComparison.Ordinal))) blocks++;
        bool token = layout.Contains("encoder.comp_token"), mlp = layout.Contains("encoder.vec2neck.encoder.0.weight");
        string last = mlp ? layout.Entries.Last(e => e.Name.StartsWith("encoder.vec2neck.", StringComparison.Ordinal) && e.Shape.Rank == 2).Name : "encoder.vec2neck.0.weight";
        int inputs = Of(mlp ? "encoder.vec2neck.encoder.0.weight" : last)[1], latent = Of(last)[0];
        int outputs = Of(mlp ? layout.Entries.Last(e => e.Name.StartsWith("decoder.nec2vec.", StringComparison.Ordinal) && e.Shape.Rank == 2).Name : "decoder.nec2vec.weight")[0];
        string compression = Text("model::compression", token ? "token" : "linear"), bottleneck = Text(BottleneckKey, mlp ? "mlp" : "linear");
        Check("model::dim_attention_embedding", width);
        Check("model::latent_dim", latent);
        Check("model::N_attention_blocks", blocks);
        Require(compression == "token" == token, "model::compression", token ? "token, as there is encoder.comp_token" : "another than token, as there is no encoder.comp_token", compression);
        Require(compression == "linear" == (inputs != width || positions[0] == 1), "model::compression", $"one of {inputs} inputs", compression);
        Require(bottleneck == "mlp" == mlp, BottleneckKey, mlp ? "mlp" : "linear or linear_bounded", bottleneck);
        int heads = Number(Heads) ?? throw new FileFormatException(configuration, Heads, "nothing: shapes do not show it");
        return new AutoEncoderSettings
        {
            Width = width,
            Heads = heads,
            Blocks = blocks,
            Hidden = Of(postNorm ? prefix + "0.linear1.weight" : prefix + "0.ff.linear_1.weight")[0],
            Latent = latent,
            Dropout = config["model::dropout"] is JsonValue rate && rate.TryGetValue(out double p) ? p : 0,
            Normalize = postNorm || layout.Contains(prefix + "0.norm_1.alpha"),
            Compression = Enum.Parse<Compression>(compression, ignoreCase: true),
            Decompression = outputs == decoderPositions[0] * width ? Decompression.Linear : Decompression.Repeat,
            Bottleneck = bottleneck switch
            {
                "linear" => Bottleneck.Linear,
                "linear_bounded" => Bottleneck.LinearBounded,
                _ => Bottleneck.Mlp,
            },
            BottleneckLayers = Number("model::bottleneck::h_lays") ?? 3,
            Transformer = postNorm ? TransformerKind.PostNormAcrossBatch : TransformerKind.PreNorm,
            DecoderBias = layout.Contains("decoder.decoder_bias"),
            FeatureNormalization = config["model::feature_normalization"] is JsonValue normalised && normalised.TryGetValue(out bool on) && on,
            NormalizeLoss = config["training::normalize_loss"] is JsonValue layers && layers.TryGetValue(out bool each) && each,
            HeadLayers = 0,
            Contrast = 0,
        };

        Shape Of(string name) => layout.Contains(name) ? layout[name].Shape : throw new FileFormatException(path, $"a parameter {name}", $"{layout.Entries.Count} others");

        string Text(string key, string otherwise) => config[key] is JsonValue value && value.TryGetValue(out string? text) ? text : otherwise;

        int? Number(string key) => config[key] is JsonValue value && value.TryGetValue(out int number) ? number : null;

        void Check(string key, int found)
        {
            if (Number(key) is { } said) Require(said == found, key, $"{found}, as in {Path.GetFileName(path)}", $"{said}");
        }

        void Require(bool condition, string key, string expected, string found)
        {
            if (!condition) throw new FileFormatException(configuration, $"{key}: {expected}", found);
        }
    }

    private static JsonObject ReadConfiguration(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new FileFormatException(path, "a JSON object", "another value");
        }
        catch (JsonException e)
        {
            throw new FileFormatException(path, "JSON", e.Message);
        }
    }

    private static string Configuration(AutoEncoderSettings settings, ParameterLayout target, NeuronTokens tokens)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("model::type", "transformer");
            json.WriteNumber("model::i_dim", tokens.Parameters);
            json.WriteString(EncodingKey, "neuron");
            json.WriteStartObject("model::index_dict");
            Numbers("idx_start", l => tokens.Layers[l].Start);
            Numbers("idx_length", l => tokens.Layers[l].Values);
            Numbers("kernel_no", l => tokens.Layers[l].Count);
            Numbers("kernel_size", l => Kernel(l));
            Numbers("channels_in", l => (tokens.Layers[l].Length - 1) / Kernel(l));
            json.WriteEndObject();
            json.WriteNumber("model::dim_attention_embedding", settings.Width);
            json.WriteNumber(Heads, settings.Heads);
            json.WriteNumber("model::N_attention_blocks", settings.Blocks);
            json.WriteNumber("model::attention_hidden_dim", settings.Hidden);
            json.WriteNumber("model::latent_dim", settings.Latent);
            json.WriteNumber("model::dropout", settings.Dropout);
            json.WriteBoolean("model::normalize", settings.Normalize);
            json.WriteString("model::compression", settings.Compression.ToString().ToLowerInvariant());
            json.WriteString("model::decompression", settings.Decompression.ToString().ToLowerInvariant());
            json.WriteString(BottleneckKey, settings.Bottleneck switch { Bottleneck.Linear => "linear", Bottleneck.LinearBounded => "linear_bounded", _ => "mlp" });
            json.WriteNumber("model::bottleneck::h_lays", settings.BottleneckLayers);
            json.WriteString("model::transformer_type", settings.Transformer == TransformerKind.PreNorm ? "pol" : "pytorch");
            json.WriteBoolean("model::decoder_bias", settings.DecoderBias);
            json.WriteBoolean("model::feature_normalization", settings.FeatureNormalization);
            json.WriteBoolean("training::normalize_loss", settings.NormalizeLoss);
            json.WriteEndObject();

            void Numbers(string name, Func<int, int> of)
            {
                json.WriteStartArray(name);
                for (int l = 0; l < tokens.Layers.Count; l++) json.WriteNumberValue(of(l));
                json.WriteEndArray();
            }
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";

        // Weights of a neuron from one channel, or from one channel's block of the flattened layer before.
        int Kernel(int layer)
        {
            Shape weight = target.Entries[2 * layer].Shape;
            if (weight.Rank == 4) return weight[2] * weight[3];
            int before = layer > 0 ? tokens.Layers[layer - 1].Count : 1;
            return weight[1] % before == 0 ? weight[1] / before : 1;
        }
    }
}
