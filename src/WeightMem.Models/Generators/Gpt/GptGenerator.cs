using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// G.pt as a generator: trains on a population of checkpoints with their losses, and makes networks from fresh initialisations by prompting for a loss.
/// </summary>
public sealed class GptGenerator : IResumableGenerator
{
    private readonly Device _device;
    private readonly IImageTarget _target;
    private readonly ImageSet _conditioning;
    private readonly GptModel _model;
    private GptTrainer? _trainer;
    private Normalizer _normalizer;

    /// <summary>A generator that has not been fitted. Takes no memory on the device yet.</summary>
    /// <param name="device">Where to train and sample.</param>
    /// <param name="target">The target of the population.</param>
    /// <param name="conditioning">The test images whose loss is the conditioning metric: the ones the population's loss was measured on.</param>
    /// <param name="settings">The method's settings.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public GptGenerator(Device device, IImageTarget target, ImageSet conditioning, GptSettings settings)
    {
        _device = device;
        _target = target;
        _conditioning = conditioning;
        Settings = settings;
        _model = new GptModel(target.Layout, settings);
    }

    /// <inheritdoc/>
    public string Name => "gpt";

    /// <summary>The method's settings.</summary>
    public GptSettings Settings { get; }

    /// <summary>Names and shapes of the transformer's parameters.</summary>
    public ParameterLayout Layout => _model.Layout;

    /// <summary>Number of parameters of the transformer.</summary>
    public long ParameterCount => _model.Layout.Count;

    /// <summary>The scaling found when fitting.</summary>
    public Normalizer Normalizer => Fitted()._normalizer;

    /// <summary>The training losses so far, one per step.</summary>
    public IReadOnlyList<float> Losses => Fitted()._trainer!.Losses;

    /// <summary>Told after every training step.</summary>
    public Action<GptProgress>? TrainingProgress { get; set; }

    /// <summary>Called after every training step to let the owner store a snapshot when it is time.</summary>
    public Action<GptTrainer>? Checkpoint { get; set; }

    /// <summary>
    /// What the model needs at least on the device to train: weights, gradients, two moments and the moving average, and the
    /// activations of one batch.
    /// </summary>
    public long RequiredBytes
    {
        get
        {
            long tokens = _model.Tokens.InputSizes.Count, width = Settings.Width;
            long perSample = Settings.Layers * tokens * 17 * width + 4 * tokens * width + 2L * _model.Tokens.InputColumns;
            return _model.TrainingBytes + sizeof(float) * perSample * Settings.Batch;
        }
    }

    /// <inheritdoc/>
    public string TrainingPath => _trainer?.Path ?? "";

    /// <summary>Trains from the first step.</summary>
    public void Fit(Population training, CancellationToken cancellation) => Fit(training, null, cancellation);

    /// <summary>Trains from a snapshot, or from the first step.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; nothing has been taken.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint callback has been called after the last step.</exception>
    public void Fit(Population training, GptSnapshot? resume, CancellationToken cancellation)
    {
        Load(training, resume);
        var pairs = new PairSampler(training, _target, Settings, _normalizer, _device, _conditioning);
        _trainer!.Train(
            pairs,
            progress =>
            {
                TrainingProgress?.Invoke(progress);
                Checkpoint?.Invoke(_trainer);
            },
            cancellation);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Fit(Population training, string path, ITrainingWatch watch, CancellationToken cancellation)
    {
        Tuple<GptSnapshot, Normalizer>? found = Snapshots.Read(path, file => GptFile.Read(file, _target.Name).ToTuple(), watch.Note);
        GptSnapshot? stored = found?.Item1;
        if (stored is not null && stored.Step >= Settings.TrainingSteps)
        {
            Load(found!.Item2, stored);
            return;
        }

        watch.Begin(FormattableString.Invariant($"{ParameterCount:N0} parameters, {Settings.TrainingSteps} steps of {Settings.Batch} pairs"), stored is null ? null : $"step {stored.Step}");
        var snapshots = new Snapshots(path);
        TrainingProgress = p => watch.Advance(new("train", p.Step, p.Steps, p.Loss, FormattableString.Invariant($"loss {p.Loss:F4}, {p.PairsPerSecond:F0} pairs/s, {p.GigaflopsPerSecond:F0} GFLOP/s")));
        Checkpoint = trainer => snapshots.Tick(
            trainer.Step >= Settings.TrainingSteps || cancellation.IsCancellationRequested, () => GptFile.Write(path, trainer.Snapshot(), Layout, Normalizer, _target.Name));
        Fit(training, stored, cancellation);
    }

    /// <summary>Takes memory and loads a snapshot without training: to sample from a stored generator.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs.</exception>
    public void Load(Population training, GptSnapshot? snapshot) => Load(Normalizer.Fit(training, Settings.Seed), snapshot);

    /// <summary>Takes memory and loads a snapshot whose scaling is known.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs.</exception>
    public void Load(Normalizer normalizer, GptSnapshot? snapshot)
    {
        if (_trainer is null)
        {
            long available = _device.AvailableBytes;
            if (RequiredBytes > available)
            {
                throw new InsufficientMemoryException(FormattableString.Invariant(
                    $"gpt with {ParameterCount:N0} parameters and batch {Settings.Batch} needs {RequiredBytes / 1e9:F1} GB on {_device.Name}, which has {available / 1e9:F1} GB free; a smaller preset or batch fits"));
            }

            _model.Build(_device);
            _trainer = new GptTrainer(_model, Settings);
        }

        _normalizer = normalizer;
        if (snapshot is not null) _trainer.Restore(snapshot);
    }

    /// <summary>One training step by itself, for benchmarks.</summary>
    /// <exception cref="InvalidOperationException">Nothing has been loaded.</exception>
    internal (double Loss, double GradientNorm, OpCost Cost) TrainStep(PairBatch batch, double rate) => Fitted()._trainer!.TrainStep(batch, rate);

    /// <summary>Makes networks from fresh initialisations that training never saw.</summary>
    public Population Sample(int count, long seed, CancellationToken cancellation)
    {
        var starts = new Population(_target.Name, _target.Layout, new float[(long)count * _target.Layout.Count]);
        var stream = new RandomStream(seed, "gpt fresh starts of sampling");
        for (int i = 0; i < count; i++) _target.Initialize(starts.Row(i), stream.Sub("start", i));
        return SampleFrom(starts, seed, null, cancellation);
    }

    /// <summary>One network from each start: what the paper evaluates, with the first checkpoints of held-out runs as starts.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population SampleFrom(Population starts, long seed, Action<int, int>? progress, CancellationToken cancellation) =>
        Sampler().OneStep(starts, Settings.Prompt, seed, progress, cancellation);

    /// <summary>Recursive prompting: each result is the start of the next round.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population SampleRecursively(Population starts, int rounds, long seed, Action<int, int>? progress, CancellationToken cancellation) =>
        Sampler().Recursive(starts, Settings.Prompt, rounds, seed, progress, cancellation);

    /// <summary>Everything that a later session needs to go on.</summary>
    public GptSnapshot Snapshot() => Fitted()._trainer!.Snapshot();

    /// <summary>Mean loss on pairs of other runs, with the raw parameters, over so many batches.</summary>
    public double TestLoss(Population heldout, int batches)
    {
        var pairs = new PairSampler(heldout, _target, Settings with { FreshStarts = 0, InputNoise = 0 }, Normalizer, _device, _conditioning);
        double sum = 0;
        for (int i = 0; i < batches; i++) sum += _trainer!.TestLoss(pairs.Draw(i), i);
        return sum / batches;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer?.Dispose();
        _model.Dispose();
    }

    private GptSampler Sampler() => new(_model, Settings, Fitted()._normalizer, _target, _conditioning);

    private GptGenerator Fitted() =>
        _trainer is null ? throw new InvalidOperationException("gpt has not been fitted: train it, or load a stored generator") : this;
}
