using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// The transformer of G.pt (arXiv 2209.12892): predicts normalised target weights from noisy ones, the start weights and four scalars. Every token has its own
/// input matrix, every decoded token its own output matrix; the start weights are added to the result, so an untrained model returns them exactly.
/// State-dict names as published.
/// </summary>
public sealed class GptModel : IDisposable
{
    /// <summary>State-dict name of the frequency table.</summary>
    public const string FrequenciesName = "scalar_embedder.frequencies";

    private readonly GptTokens _tokens;
    private readonly GptSettings _settings;
    private readonly Parameter _position;
    private readonly List<Parameter> _inputs = [], _outputs = [];
    private readonly List<GptBlock> _blocks = [];
    private readonly LayerNorm _normIn, _normOut;
    private readonly ParameterBuilder _builder = new();
    private ParameterSet? _parameters;
    private Tensor? _frequencies;

    /// <summary>A model without memory: it knows its <see cref="Layout"/> and count, and takes memory in <see cref="Build"/>.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public GptModel(ParameterLayout target, GptSettings settings)
    {
        settings.Validate();
        _settings = settings;
        _tokens = new GptTokens(target, settings);
        Initializer matrix = Initializer.Normal(0.02);
        int width = settings.Width;
        _position = _builder.Add("decoder.pos_emb", (1, _tokens.InputSizes.Count, width), Initializer.Constant(0), decays: false);
        for (int i = 0; i < settings.Layers; i++)
            _blocks.Add(new GptBlock(_builder, $"decoder.blocks.{i}", width, settings.Heads, settings.Dropout));
        foreach (TokenGroup group in _tokens.Inputs)
            _inputs.Add(Matrices("decoder.input_parameter_projections", group, (width, group.Size), matrix));
        _normIn = new LayerNorm(_builder, "decoder.ln_in", width);
        _normOut = new LayerNorm(_builder, "decoder.ln_f", width);
        foreach (TokenGroup group in _tokens.Outputs)
            _outputs.Add(Matrices("decoder.output_parameter_projections", group, (group.Size, width), Initializer.Constant(0)));
        Layout = _builder.Layout();
        FrequencyTable = [.. Enumerable.Range(0, settings.Frequencies).Select(k => (float)Math.Pow(
            2, settings.Frequencies == 1 ? 0 : settings.MaxFrequencyLog2 * k / (settings.Frequencies - 1)))];
    }

    /// <summary>Names and shapes of the parameters.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>How inputs are cut.</summary>
    public GptTokens Tokens => _tokens;

    /// <summary>The frequencies of the scalar embedding; replaced when a published state is loaded, to match it bit for bit.</summary>
    public float[] FrequencyTable { get; private set; }

    /// <summary>The parameters on their device.</summary>
    /// <exception cref="InvalidOperationException">Not built yet.</exception>
    public ParameterSet Parameters => _parameters ?? throw new InvalidOperationException("the model is not on a device yet");

    /// <summary>Bytes for weights, gradients, both moments and the moving average.</summary>
    public long TrainingBytes => 5 * sizeof(float) * Layout.Extent;

    /// <summary>Takes memory on a device and initialises.</summary>
    public void Build(Device device)
    {
        _parameters = _builder.Build(device, new RandomStream(_settings.Seed, "gpt initialisation"));
        _frequencies = device.Persistent(FrequencyTable.Length, device.FloatType);
        device.WriteFloats(_frequencies, FrequencyTable);
    }

    /// <summary>The state dict by published names: 235 entries for the MNIST configuration.</summary>
    /// <param name="average">Whether to take the moving average (<c>G_ema</c>) instead of the raw weights (<c>G</c>).</param>
    public Dictionary<string, float[]> State(bool average)
    {
        Dictionary<string, float[]> state = Parameters.State(average ? Parameters.Average : null);
        state[FrequenciesName] = FrequencyTable;
        return state;
    }

    /// <summary>Loads a state dict by published names into the raw weights, or into the moving average.</summary>
    /// <exception cref="ArgumentException">A parameter is missing or has another size.</exception>
    public void Load(IReadOnlyDictionary<string, float[]> state, bool average)
    {
        Parameters.Load(state, average ? Parameters.Average : null);
        if (!state.TryGetValue(FrequenciesName, out float[]? table)) return;
        if (table.Length != FrequencyTable.Length)
            throw new ArgumentException($"parameter {FrequenciesName} has {table.Length} values; the model has {FrequencyTable.Length}");
        FrequencyTable = table;
        Parameters.Device.WriteFloats(_frequencies!, table);
    }

    /// <summary>
    /// The flat input of a batch. Only x_t and the time change while sampling; see <see cref="WriteNoisy"/>.
    /// </summary>
    /// <param name="start">Normalised start weights <c>[batch, parameters]</c>.</param>
    /// <param name="metric">Metric of the start <c>[batch]</c>.</param>
    /// <param name="prompt">Metric asked for <c>[batch]</c>.</param>
    /// <param name="difference">Prompt minus metric <c>[batch]</c>, taken by the caller in double precision.</param>
    public Tensor Input(Tensor start, Tensor metric, Tensor prompt, Tensor difference)
    {
        Device device = start.Device;
        Tensor input = device.Empty((start.Shape[0], _tokens.InputColumns));
        device.Kernels.CopyColumns(input, _tokens.Parameters, start, 0, _tokens.Parameters, false);
        WriteScalar(input, 1, difference);
        WriteScalar(input, 2, prompt);
        WriteScalar(input, 3, metric);
        return input;
    }

    /// <summary>Writes the noisy weights and their time <c>[batch]</c> into a flat input.</summary>
    public void WriteNoisy(Tensor input, Tensor noisy, Tensor time)
    {
        input.Device.Kernels.CopyColumns(input, 0, noisy, 0, _tokens.Parameters, false);
        WriteScalar(input, 0, time);
    }

    /// <summary>Predicts the normalised target weights <c>[batch, parameters]</c>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="input">A flat input <c>[batch, columns]</c>.</param>
    /// <param name="start">The normalised start weights, added to the result.</param>
    /// <param name="dropout">Stream of the dropout masks in training; null when sampling.</param>
    public Tensor Forward(Tape tape, Tensor input, Tensor start, RandomStream? dropout = null)
    {
        Tensor h = tape.TokenProjection(input, [.. _inputs.Select(p => p.Value)], _tokens.Inputs);
        h = tape.AddBroadcast(_normIn.Forward(tape, h), _position.Value);
        if (dropout is { } stream) h = tape.Dropout(h, _settings.Dropout, stream.Sub("tokens"));
        for (int i = 0; i < _blocks.Count; i++) h = _blocks[i].Forward(tape, h, dropout?.Sub("block", i));
        return tape.TokenHeads(_normOut.Forward(tape, h), [.. _outputs.Select(p => p.Value)], _tokens.Outputs, start);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters?.Dispose();
        _frequencies?.Dispose();
    }

    private void WriteScalar(Tensor input, int which, Tensor values)
    {
        Device device = input.Device;
        Tensor features = device.Empty((checked((int)values.Elements), _tokens.FeatureSize));
        device.Kernels.FrequencyFeatures(features, values, _frequencies ?? throw new InvalidOperationException("the model is not on a device yet"));
        device.Kernels.CopyColumns(input, 2 * _tokens.Parameters + which * _tokens.FeatureSize, features, 0, _tokens.FeatureSize, false);
        features.Dispose();
    }

    private Parameter Matrices(string name, TokenGroup group, (int Rows, int Columns) each, Initializer initializer) => _builder.AddJoined(
        [.. Enumerable.Range(group.First, group.Count).Select(j => $"{name}.{j}.0.weight")], each, (group.Count, each.Rows, each.Columns), initializer, decays: true);
}
