using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>
/// One tensor of a model as its layers see it. May join several entries of the state dict that lie side by side, such as the key, query and
/// value matrices of an attention, so that one product serves all.
/// </summary>
public sealed class Parameter
{
    internal Parameter(Shape shape, Initializer initializer, bool decays, bool trains, IReadOnlyList<string> names, Shape entryShape)
    {
        Trains = trains;
        Shape = shape;
        Initializer = initializer;
        Decays = decays;
        Names = names;
        EntryShape = entryShape;
    }

    /// <summary>Sizes as the layer uses them.</summary>
    public Shape Shape { get; }

    /// <summary>State-dict names of the entries it joins, in order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether weight decay applies.</summary>
    public bool Decays { get; }

    /// <summary>
    /// Whether gradients are computed for it. What does not train, such as running statistics and frozen layers, is kept beside the rest: its gradient is zero, so an
    /// optimiser's pass over all leaves it as it is.
    /// </summary>
    public bool Trains { get; }

    internal Shape EntryShape { get; }

    internal Initializer Initializer { get; }

    internal long Offset { get; set; }

    internal Tensor? Trained { get; set; }

    internal Tensor? Averaged { get; set; }

    internal bool ReadsAverage { get; set; }

    /// <summary>The tensor to compute with: the trained values, or their moving average while that is being read.</summary>
    /// <exception cref="InvalidOperationException">The set has not been built on a device.</exception>
    public Tensor Value => (ReadsAverage ? Averaged : Trained) ?? throw new InvalidOperationException($"{Names[0]} is not on a device yet");
}

/// <summary>
/// Collects a model's parameters while its layers are constructed. Knows the layout and the count before any memory is taken.
/// </summary>
public sealed class ParameterBuilder
{
    /// <summary>Parameters start at multiples of so many elements (64 bytes), for vector loads on every device.</summary>
    private const int Alignment = 16;

    private readonly List<Parameter> _parameters = [];

    /// <summary>Freezes parameters: the names for which it is false do not train. Null freezes none.</summary>
    public Func<string, bool>? Trains { get; init; }

    /// <summary>Whether everything that trains decays, biases and normalisations too, as PyTorch's optimisers do when nothing else is said.</summary>
    public bool DecaysAll { get; init; }

    /// <summary>Number of values that train.</summary>
    public long TrainedCount => _parameters.Where(p => p.Trains).Sum(p => p.Shape.Elements);

    /// <summary>Adds a parameter that is one entry of the state dict.</summary>
    public Parameter Add(string name, Shape shape, Initializer initializer, bool decays) =>
        AddJoined([name], shape, shape, initializer, decays);

    /// <summary>Adds values that never train, such as running statistics.</summary>
    public Parameter AddState(string name, Shape shape, Initializer initializer) => Keep(new Parameter(shape, initializer, false, false, [name], shape));

    /// <summary>Adds a parameter that joins several entries of one shape.</summary>
    public Parameter AddJoined(IReadOnlyList<string> names, Shape entryShape, Shape shape, Initializer initializer, bool decays)
    {
        if (entryShape.Elements * names.Count != shape.Elements)
            throw new ArgumentException($"{names.Count} entries of {entryShape} do not join to {shape}");
        bool trains = Trains is null || names.All(Trains);
        return Keep(new Parameter(shape, initializer, trains && (decays || DecaysAll), trains, names, entryShape));
    }

    /// <summary>The layout: decaying parameters first, so that weight decay is one range; entries in the order of adding.</summary>
    public ParameterLayout Layout()
    {
        var entries = new Dictionary<string, ParameterEntry>();
        long offset = 0;
        foreach (Parameter parameter in _parameters.OrderBy(p => !p.Decays))
        {
            offset = (offset + Alignment - 1) / Alignment * Alignment;
            parameter.Offset = offset;
            foreach (string name in parameter.Names)
            {
                entries[name] = new ParameterEntry(name, parameter.EntryShape, offset);
                offset += parameter.EntryShape.Elements;
            }
        }

        return new ParameterLayout([.. _parameters.SelectMany(p => p.Names).Select(name => entries[name])]);
    }

    /// <summary>Takes memory on a device and initialises every parameter from a stream named after its first entry.</summary>
    public ParameterSet Build(Device device, RandomStream stream)
    {
        var set = new ParameterSet(device, Layout(), _parameters);
        foreach (Parameter parameter in _parameters) parameter.Initializer.Apply(parameter.Value, stream.Sub(parameter.Names[0]));
        return set;
    }

    private Parameter Keep(Parameter parameter)
    {
        _parameters.Add(parameter);
        return parameter;
    }
}

/// <summary>
/// All parameters of a model in one flat buffer, and their gradients in another: an optimiser step, clipping and a moving average are one pass
/// each, and a checkpoint is one write.
/// </summary>
public sealed class ParameterSet : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly List<Tensor> _views = [];
    private readonly Dictionary<string, Tensor> _entries = [];

    internal ParameterSet(Device device, ParameterLayout layout, IReadOnlyList<Parameter> parameters)
    {
        Device = device;
        Layout = layout;
        _parameters = parameters;
        Values = Flat();
        Gradients = Flat();
        DecayedCount = parameters.Where(p => p.Decays).Select(p => p.Offset + p.Shape.Elements).DefaultIfEmpty(0).Max();
        foreach (Parameter parameter in parameters)
        {
            parameter.Trained = View(Values, parameter);
            if (!parameter.Trains) continue;
            parameter.Trained.RequiresGradient = true;
            parameter.Trained.Gradient = View(Gradients, parameter);
        }
    }

    /// <summary>Where the parameters live.</summary>
    public Device Device { get; }

    /// <summary>Names, shapes and offsets in the flat buffers.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Number of parameters, without alignment gaps.</summary>
    public long Count => Layout.Count;

    /// <summary>Flat values <c>[extent]</c>.</summary>
    public Tensor Values { get; }

    /// <summary>Flat gradients <c>[extent]</c>.</summary>
    public Tensor Gradients { get; }

    /// <summary>The moving average of the values <c>[extent]</c>, once there is one.</summary>
    public Tensor? Average { get; private set; }

    /// <summary>How many leading elements of the flat buffer decay.</summary>
    public long DecayedCount { get; }

    /// <summary>The values of one entry of the state dict: a view that the set owns, made on first use.</summary>
    /// <exception cref="KeyNotFoundException">There is no such entry.</exception>
    public Tensor Entry(string name)
    {
        if (_entries.TryGetValue(name, out Tensor? view)) return view;
        ParameterEntry entry = Layout[name];
        view = Values.PersistentView(entry.Shape, entry.Offset);
        _views.Add(view);
        return _entries[name] = view;
    }

    /// <summary>Starts a moving average at the present values.</summary>
    public void StartAverage()
    {
        if (Average is not null) return;
        Average = Flat();
        Device.Kernels.Copy(Average, Values);
        foreach (Parameter parameter in _parameters) parameter.Averaged = View(Average, parameter);
    }

    /// <summary>Lets the layers compute with the moving average until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">There is no average.</exception>
    public IDisposable ReadAverage()
    {
        if (Average is null) throw new InvalidOperationException("there is no moving average to read");
        return new Reading(this);
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients() => Device.Kernels.Fill(Gradients, 0);

    /// <summary>The state by name, from the values or another flat buffer of the same layout.</summary>
    public Dictionary<string, float[]> State(Tensor? flat = null)
    {
        var row = new float[Layout.Extent];
        Device.ReadFloats(flat ?? Values, row);
        return Layout.Unpack(row);
    }

    /// <summary>Loads a state by name into the values or another flat buffer of the same layout.</summary>
    /// <exception cref="ArgumentException">A parameter is missing or has another size.</exception>
    public void Load(IReadOnlyDictionary<string, float[]> state, Tensor? flat = null)
    {
        var row = new float[Layout.Extent];
        Layout.Pack(row, state);
        Device.WriteFloats(flat ?? Values, row);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in _views) view.Dispose();
        Values.Dispose();
        Gradients.Dispose();
        Average?.Dispose();
    }

    private Tensor Flat()
    {
        Tensor flat = Device.Persistent(checked((int)Layout.Extent), Device.FloatType);
        Device.Kernels.Fill(flat, 0); // alignment gaps stay zero through every optimiser step
        return flat;
    }

    private Tensor View(Tensor flat, Parameter parameter)
    {
        Tensor view = flat.PersistentView(parameter.Shape, parameter.Offset);
        _views.Add(view);
        return view;
    }

    private sealed class Reading : IDisposable
    {
        private readonly ParameterSet _set;

        public Reading(ParameterSet set)
        {
            _set = set;
            foreach (Parameter parameter in set._parameters) parameter.ReadsAverage = true;
        }

        public void Dispose()
        {
            foreach (Parameter parameter in _set._parameters) parameter.ReadsAverage = false;
        }
    }
}
