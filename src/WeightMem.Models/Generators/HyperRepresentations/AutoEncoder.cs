using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// The auto-encoder of Hyper-Representations (arXiv 2209.14733): one token for each neuron, a transformer, a latent vector; and back. State-dict names as published.
/// Rows go in and come out in token order (<see cref="NeuronTokens"/>).
/// </summary>
public sealed class AutoEncoder : IDisposable
{
    private readonly AutoEncoderSettings _settings;
    private readonly ParameterBuilder _builder = new();
    private readonly Parameter? _compressionToken, _decoderBias;
    private readonly Parameter _encoderPositions, _decoderPositions;
    private readonly List<Linear> _embeddings = [], _debeddings = [], _toLatent = [], _fromLatent = [];
    private readonly List<ITransformerBlock> _encoder = [], _decoder = [];
    private readonly UnbiasedNorm? _encoderNorm, _decoderNorm;
    private readonly int _positions;
    private ParameterSet? _parameters;
    private Tensor? _divide, _multiply;

    /// <summary>A model without memory: it knows its <see cref="Layout"/> and count, and takes memory in <see cref="Build"/>.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the target's layout cannot be cut into neurons.</exception>
    public AutoEncoder(ParameterLayout target, AutoEncoderSettings settings)
    {
        settings.Validate();
        _settings = settings;
        Tokens = new NeuronTokens(target);
        if (settings.LayerWeights.Count > 0 && settings.LayerWeights.Count != Tokens.Layers.Count)
            throw new ArgumentException($"auto-encoder settings: {settings.LayerWeights.Count} layer weights, and the target has {Tokens.Layers.Count} layers");
        int width = settings.Width;
        bool token = settings.Compression == Compression.Token;
        _positions = Tokens.Count + (token ? 1 : 0);
        Initializer normal = Initializer.Normal(1);
        if (token) _compressionToken = _builder.Add("encoder.comp_token", (1, 1, width), normal, decays: true);
        for (int l = 0; l < Tokens.Layers.Count; l++)
            _embeddings.Add(TorchLinear.Create(_builder, [$"encoder.token_embeddings.layer_lst.{l}"], Tokens.Layers[l].Length, width));
        _encoderPositions = _builder.Add("encoder.position_embeddings.weight", (_positions, width), normal, decays: true);
        _encoderNorm = Blocks(_encoder, "encoder");
        BottleneckInputs = settings.Compression == Compression.Linear ? _positions * width : width;
        int outputs = settings.Decompression == Decompression.Linear ? Tokens.Count * width : width;
        if (settings.Bottleneck == Bottleneck.Mlp)
        {
            Chain(_toLatent, "encoder.vec2neck.encoder", Widths(BottleneckInputs));
            if (settings.DecoderBias) _decoderBias = Bias();
            Chain(_fromLatent, "decoder.nec2vec.decoder", [.. Widths(outputs).Reverse()]);
        }
        else
        {
            _toLatent.Add(TorchLinear.Create(_builder, ["encoder.vec2neck.0"], BottleneckInputs, settings.Latent));
            if (settings.DecoderBias) _decoderBias = Bias();
            _fromLatent.Add(TorchLinear.Create(_builder, ["decoder.nec2vec"], settings.Latent, outputs));
        }

        for (int l = 0; l < Tokens.Layers.Count; l++)
            _debeddings.Add(TorchLinear.Create(_builder, [$"decoder.token_debeddings.layer_lst.{l}"], width, Tokens.Layers[l].Length));
        _decoderPositions = _builder.Add("decoder.position_embeddings.weight", (Tokens.Count, width), normal, decays: true);
        _decoderNorm = Blocks(_decoder, "decoder");
        ParameterCount = _builder.Layout().Count;
        if (settings is { HeadLayers: > 0, Contrast: > 0 }) Head = new ProjectionHead(_builder, settings);
        Layout = _builder.Layout();

        Parameter Bias() => _builder.Add("decoder.decoder_bias", settings.Latent, Initializer.Normal(1e-3), decays: true);
    }

    /// <summary>Names and shapes of all parameters, those of the projection head included.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Parameters of encoder and decoder: what a checkpoint holds.</summary>
    public long ParameterCount { get; }

    /// <summary>How rows are cut.</summary>
    public NeuronTokens Tokens { get; }

    /// <summary>Inputs of the bottleneck.</summary>
    public int BottleneckInputs { get; }

    /// <summary>The head of the contrastive loss, where there is one.</summary>
    internal ProjectionHead? Head { get; }

    /// <summary>The parameters on their device.</summary>
    /// <exception cref="InvalidOperationException">Not built yet.</exception>
    public ParameterSet Parameters => _parameters ?? throw new InvalidOperationException("the auto-encoder is not on a device yet");

    /// <summary>Bytes for weights, gradients and both moments.</summary>
    public long TrainingBytes => 4 * sizeof(float) * Layout.Extent;

    /// <summary>Takes memory on a device and initialises; every block by itself.</summary>
    public void Build(Device device) => _parameters = _builder.Build(device, new RandomStream(_settings.Seed, "hyper-representations initialisation"));

    /// <summary>Sets the deviation of each layer over the training rows, for <see cref="AutoEncoderSettings.FeatureNormalization"/>.</summary>
    public void SetDeviations(ReadOnlySpan<float> layers)
    {
        if (!_settings.FeatureNormalization) return;
        Device device = Parameters.Device;
        float[] row = OfLayers(layers, deviation => deviation);
        _divide ??= device.Persistent(row.Length, device.FloatType);
        _multiply ??= device.Persistent(row.Length, device.FloatType);
        device.WriteFloats(_multiply, row);
        device.WriteFloats(_divide, Array.ConvertAll(row, deviation => 1 / deviation));
    }

    /// <summary>A row in token order of a number for each layer.</summary>
    internal float[] OfLayers(ReadOnlySpan<float> layers, Func<float, float> value)
    {
        var row = new float[Tokens.Parameters];
        for (int l = 0; l < layers.Length; l++) row.AsSpan(Tokens.Layers[l].Start, Tokens.Layers[l].Values).Fill(value(layers[l]));
        return row;
    }

    /// <summary>Rows <c>[batch, parameters]</c> to latent vectors <c>[batch, latent]</c>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="rows">Rows in token order.</param>
    /// <param name="dropout">Stream of the dropout masks in training; null otherwise.</param>
    public Tensor Encode(Tape tape, Tensor rows, RandomStream? dropout = null)
    {
        int batch = rows.Shape[0], width = _settings.Width;
        if (_settings.FeatureNormalization) rows = tape.Fused(Scaling, rows, _divide ?? throw NoDeviations());
        var tokens = new List<Tensor>();
        if (_compressionToken is { } first) tokens.Add(tape.Mix(first.Value, Constant(tape.Device, (batch, 1), 1)));
        for (int l = 0; l < _embeddings.Count; l++)
        {
            TokenLayer layer = Tokens.Layers[l];
            tokens.Add(_embeddings[l].Forward(tape, tape.Columns(rows, batch, layer.Start, (batch * layer.Count, layer.Length))));
        }

        Tensor h = tape.AddBroadcast(tape.SideBySide(tokens, batch, (batch, _positions, width)), _encoderPositions.Value);
        h = Forward(tape, _encoder, _encoderNorm, h, dropout?.Sub("encoder"));
        h = _settings.Compression == Compression.Average
            ? tape.Columns(tape.Mix(h, Constant(tape.Device, (1, _positions), 1.0 / _positions)), batch, 0, (batch, width))
            : tape.Columns(h, batch, 0, (batch, BottleneckInputs));
        Tensor z = Forward(tape, _toLatent, h, dropout?.Sub("to latent"));
        return _settings.Bottleneck == Bottleneck.Linear ? z : tape.Activate(z, Activation.Tanh);
    }

    /// <summary>Latent vectors <c>[batch, latent]</c> to rows in token order <c>[batch, parameters]</c>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="latents">Latent vectors.</param>
    /// <param name="dropout">Stream of the dropout masks in training; null otherwise.</param>
    public Tensor Decode(Tape tape, Tensor latents, RandomStream? dropout = null)
    {
        int batch = latents.Shape[0], width = _settings.Width, count = Tokens.Count;
        if (_decoderBias is { } bias) latents = tape.AddBroadcast(latents, bias.Value);
        Tensor vector = Forward(tape, _fromLatent, latents, dropout?.Sub("from latent"));
        Tensor h = _settings.Decompression == Decompression.Linear
            ? tape.Columns(vector, batch, 0, (batch, count, width))
            : tape.Mix(tape.Columns(vector, batch, 0, (batch, 1, width)), Constant(tape.Device, (count, 1), 1));
        h = Forward(tape, _decoder, _decoderNorm, tape.AddBroadcast(h, _decoderPositions.Value), dropout?.Sub("decoder"));
        var layers = new List<Tensor>();
        for (int l = 0; l < _debeddings.Count; l++)
        {
            TokenLayer layer = Tokens.Layers[l];
            layers.Add(_debeddings[l].Forward(tape, tape.Columns(h, batch, layer.First * width, (batch * layer.Count, width))));
        }

        Tensor rows = tape.SideBySide(layers, batch, (batch, Tokens.Parameters));
        return _settings.FeatureNormalization ? tape.Fused(Scaling, rows, _multiply ?? throw NoDeviations()) : rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters?.Dispose();
        _divide?.Dispose();
        _multiply?.Dispose();
    }

    private static readonly ElementwiseChain Scaling = new("feature scaling", [ChainInput.Full, ChainInput.Row], v => v[0] * v[1]);

    private static Tensor Constant(Device device, Shape shape, double value)
    {
        Tensor tensor = device.Empty(shape);
        device.Kernels.Fill(tensor, value);
        return tensor;
    }

    private static InvalidOperationException NoDeviations() => new("feature normalisation needs the deviations of the training rows");

    private UnbiasedNorm? Blocks(List<ITransformerBlock> blocks, string part)
    {
        bool preNorm = _settings.Transformer == TransformerKind.PreNorm;
        for (int n = 0; n < _settings.Blocks; n++)
        {
            blocks.Add(preNorm
                ? new PreNormBlock(_builder, $"{part}.layers.{n}", _settings)
                : new AcrossBatchBlock(_builder, $"{part}.transformer.layers.{n}", _settings));
        }

        return preNorm ? null : new UnbiasedNorm(_builder, $"{part}.transformer.norm", _settings.Width);
    }

    private static Tensor Forward(Tape tape, List<ITransformerBlock> blocks, UnbiasedNorm? norm, Tensor h, RandomStream? dropout)
    {
        for (int n = 0; n < blocks.Count; n++) h = blocks[n].Forward(tape, h, dropout?.Sub("block", n));
        return norm?.Forward(tape, h) ?? h;
    }

    /// <summary>Widths of the layers of an MLP bottleneck, from the tokens' side to the latent vector's, evenly spaced and rounded down.</summary>
    private int[] Widths(int outside)
    {
        int steps = _settings.BottleneckLayers + 1;
        double each = (double)(_settings.Latent - outside) / steps;
        return [.. Enumerable.Range(0, steps).Select(i => (int)(outside + i * each)), _settings.Latent];
    }

    private void Chain(List<Linear> layers, string name, int[] widths)
    {
        int apart = _settings.Dropout > 0 ? 3 : 2; // the published lists number activations and dropouts too
        for (int i = 0; i + 1 < widths.Length; i++)
        {
            layers.Add(new Linear(
                _builder, [$"{name}.{i * apart}"], widths[i], widths[i + 1], Initializer.Normal(Math.Sqrt(2.0 / widths[i])), Initializer.Constant(0.01), biasDecays: true));
        }
    }

    private Tensor Forward(Tape tape, List<Linear> layers, Tensor x, RandomStream? dropout)
    {
        for (int i = 0; i < layers.Count - 1; i++)
        {
            x = layers[i].Forward(tape, x, Activation.LeakyRelu);
            if (dropout is { } stream) x = tape.Dropout(x, _settings.Dropout, stream.Sub("layer", i));
        }

        return layers[^1].Forward(tape, x);
    }
}
