using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.Gpt;

namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>
/// The transformer of HyperDiffusion: one token for each tensor of the target and one for the time, each with an input matrix of its own; predicts the clean
/// weights from all tokens but the last (specification, section 3.1). State-dict names as published, without the prefix <c>model.</c>.
/// </summary>
public sealed class HyperDiffusionModel : IDisposable
{
    /// <summary>State-dict name of the frequency table.</summary>
    public const string FrequenciesName = "scalar_embedder.frequencies";

    private const double MaxFrequencyLog2 = 20;

    private readonly HyperDiffusionSettings _settings;
    private readonly List<TokenGroup> _inputs, _outputs;
    private readonly List<Parameter> _inputWeights = [], _outputWeights = [];
    private readonly Parameter _position;
    private readonly List<GptBlock> _blocks = [];
    private readonly LayerNorm _normIn, _normOut;
    private readonly ParameterBuilder _builder = new();
    private ParameterSet? _parameters;
    private Tensor? _frequencies;

    /// <summary>A model without memory: it knows its <see cref="Layout"/> and count, and takes memory in <see cref="Build"/>.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public HyperDiffusionModel(ParameterLayout target, HyperDiffusionSettings settings)
    {
        settings.Validate();
        _settings = settings;
        TargetParameters = checked((int)target.Count);
        int[] sizes = [.. target.Entries.Select(e => checked((int)e.Count))];
        _outputs = GptTokens.Group(sizes);
        _inputs = GptTokens.Group([.. sizes, FeatureSize]);
        int width = settings.Width;
        Initializer matrix = Initializer.Normal(0.02);
        _position = _builder.Add("decoder.pos_emb", (1, sizes.Length + 1, width), Initializer.Constant(0), decays: false);
        for (int i = 0; i < settings.Layers; i++) _blocks.Add(new GptBlock(_builder, $"decoder.blocks.{i}", width, settings.Heads, settings.Dropout));
        foreach (TokenGroup group in _inputs) _inputWeights.Add(Matrices("decoder.input_parameter_projections", group, (width, group.Size)));
        _normIn = new LayerNorm(_builder, "decoder.ln_in", width);
        _normOut = new LayerNorm(_builder, "decoder.ln_f", width);
        foreach (TokenGroup group in _outputs) _outputWeights.Add(Matrices("decoder.output_parameter_projections", group, (group.Size, width)));
        Layout = _builder.Layout();
        FrequencyTable = [.. Enumerable.Range(0, settings.Frequencies).Select(k => (float)Math.Pow(2, MaxFrequencyLog2 * k / (settings.Frequencies - 1)))];

        Parameter Matrices(string name, TokenGroup group, (int Rows, int Columns) each) => _builder.AddJoined(
            [.. Enumerable.Range(group.First, group.Count).Select(j => $"{name}.{j}.0.weight")], each, (group.Count, each.Rows, each.Columns), matrix, decays: true);
    }

    /// <summary>Names and shapes of the parameters.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Length of a weight row.</summary>
    public int TargetParameters { get; }

    /// <summary>Tokens, the time's included.</summary>
    public int Tokens => _inputs[^1].First + 1;

    /// <summary>The frequencies of the time's embedding; replaced when a published state is loaded.</summary>
    public float[] FrequencyTable { get; private set; }

    /// <summary>The parameters on their device.</summary>
    /// <exception cref="InvalidOperationException">Not built yet.</exception>
    public ParameterSet Parameters => _parameters ?? throw new InvalidOperationException("the model is not on a device yet");

    private int FeatureSize => 2 * _settings.Frequencies + 1;

    /// <summary>Takes memory on a device and initialises.</summary>
    public void Build(Device device)
    {
        _parameters = _builder.Build(device, new RandomStream(_settings.Seed, "hyperdiffusion initialisation"));
        _frequencies = device.Persistent(FrequencyTable.Length, device.FloatType);
        device.WriteFloats(_frequencies, FrequencyTable);
    }

    /// <summary>The state dict by published names.</summary>
    public Dictionary<string, float[]> State() => new(Parameters.State()) { [FrequenciesName] = FrequencyTable };

    /// <summary>Loads a state dict by published names.</summary>
    /// <exception cref="ArgumentException">A parameter is missing or has another size.</exception>
    public void Load(IReadOnlyDictionary<string, float[]> state)
    {
        Parameters.Load(state);
        if (!state.TryGetValue(FrequenciesName, out float[]? table)) return;
        if (table.Length != FrequencyTable.Length)
            throw new ArgumentException($"parameter {FrequenciesName} has {table.Length} values; the model has {FrequencyTable.Length}");
        FrequencyTable = table;
        Parameters.Device.WriteFloats(_frequencies!, table);
    }

    /// <summary>Predicts clean weights <c>[batch, parameters]</c>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="noisy">Noisy weights <c>[batch, parameters]</c>; they get no gradient.</param>
    /// <param name="time">Time of each, 0 to steps - 1 <c>[batch]</c>.</param>
    /// <param name="dropout">Stream of the dropout masks in training; null when sampling.</param>
    public Tensor Forward(Tape tape, Tensor noisy, Tensor time, RandomStream? dropout = null)
    {
        Device device = noisy.Device;
        int batch = noisy.Shape[0];
        Tensor input = device.Empty((batch, TargetParameters + FeatureSize)), features = device.Empty((batch, FeatureSize));
        device.Kernels.FrequencyFeatures(features, time, _frequencies ?? throw new InvalidOperationException("the model is not on a device yet"));
        device.Kernels.CopyColumns(input, 0, noisy, 0, TargetParameters, false);
        device.Kernels.CopyColumns(input, TargetParameters, features, 0, FeatureSize, false);
        Tensor h = tape.TokenProjection(input, [.. _inputWeights.Select(p => p.Value)], _inputs);
        h = tape.AddBroadcast(_normIn.Forward(tape, h), _position.Value);
        if (dropout is { } stream) h = tape.Dropout(h, _settings.Dropout, stream.Sub("tokens"));
        for (int i = 0; i < _blocks.Count; i++) h = _blocks[i].Forward(tape, h, dropout?.Sub("block", i));
        return tape.TokenHeads(_normOut.Forward(tape, h), [.. _outputWeights.Select(p => p.Value)], _outputs, device.Zeros(noisy.Shape));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters?.Dispose();
        _frequencies?.Dispose();
    }
}
