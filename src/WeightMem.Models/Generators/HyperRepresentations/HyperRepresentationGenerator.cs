using System.Globalization;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// Hyper-Representations as a generator (arXiv 2209.14733): an auto-encoder of weight rows, and samplers of its latent space whose vectors it decodes to networks.
/// </summary>
public sealed class HyperRepresentationGenerator : IResumableGenerator
{
    private readonly Device _device;
    private readonly ITarget _target;
    private readonly AutoEncoder _model;
    private AutoEncoderTrainer? _trainer;
    private float[] _loadedLosses = [];
    private Population? _training;
    private float[]? _latents;
    private float[] _deviations = [];

    /// <summary>A generator that has not been fitted. Takes no memory on the device yet.</summary>
    /// <param name="device">Where to train and sample.</param>
    /// <param name="target">The target of the population.</param>
    /// <param name="settings">The method's settings.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the target cannot be cut into neurons.</exception>
    public HyperRepresentationGenerator(Device device, ITarget target, AutoEncoderSettings settings)
    {
        _device = device;
        _target = target;
        Settings = settings;
        _model = new AutoEncoder(target.Layout, settings);
    }

    /// <inheritdoc/>
    public string Name => "hyper-representations";

    /// <summary>The method's settings.</summary>
    public AutoEncoderSettings Settings { get; }

    /// <summary>Names and shapes of the parameters, those of the projection head included.</summary>
    public ParameterLayout Layout => _model.Layout;

    /// <summary>Parameters of encoder and decoder.</summary>
    public long ParameterCount => _model.ParameterCount;

    /// <summary>The training losses so far, one per step.</summary>
    public IReadOnlyList<float> Losses => _trainer?.Losses ?? _loadedLosses;

    /// <summary>Told after every training step.</summary>
    public Action<AutoEncoderProgress>? TrainingProgress { get; set; }

    /// <summary>Called after every training step to let the owner store a snapshot when it is time.</summary>
    public Action<AutoEncoderTrainer>? Checkpoint { get; set; }

    /// <inheritdoc/>
    public string TrainingPath => _trainer?.Path ?? "";

    /// <summary>
    /// What the model needs at least on the device to train: weights, gradients and two moments, and the activations of one batch of two views.
    /// </summary>
    public long RequiredBytes
    {
        get
        {
            long tokens = 2L * _model.Tokens.Count + 1, width = Settings.Width;
            long kept = Settings.Dropout > 0 ? 2L * Settings.Heads * (_model.Tokens.Count + 1) : 0; // attention probabilities of a token, twice

            // What a token keeps in a block, gradients that are alive at once included, is fitted to measured peaks: 4.8, 6.3 and 8.6 GB at batches of 8, 24 and 48 of the published size.
            long perView = Settings.Blocks * tokens * (13 * width + 3L * Settings.Hidden + kept) + 4L * tokens * width + 4L * _model.Tokens.Parameters;
            return _model.TrainingBytes + _model.TrainingBytes / 8 + sizeof(float) * perView * 2 * Settings.Batch;
        }
    }

    /// <summary>Trains from the first step.</summary>
    public void Fit(Population training, CancellationToken cancellation) => Fit(training, null, cancellation);

    /// <summary>Trains from a snapshot, or from the first step.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; nothing has been taken.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint callback has been called after the last step.</exception>
    public void Fit(Population training, AutoEncoderSnapshot? resume, CancellationToken cancellation)
    {
        Load(training, resume);
        _trainer ??= Trainer(training, resume);
        _trainer.Train(
            progress =>
            {
                TrainingProgress?.Invoke(progress);
                Checkpoint?.Invoke(_trainer);
            },
            cancellation);
        cancellation.ThrowIfCancellationRequested();
        _latents = null;
    }

    /// <inheritdoc/>
    public void Fit(Population training, string path, ITrainingWatch watch, CancellationToken cancellation)
    {
        AutoEncoderSnapshot? stored = Snapshots.Read(path, file => AutoEncoderFile.Read(file, _target.Name), watch.Note);
        if (stored is not null && IsFinished(stored, training))
        {
            Load(training, stored);
            return;
        }

        watch.Begin(FormattableString.Invariant($"{ParameterCount:N0} parameters, {Settings.Epochs} epochs over {training.Count} networks"), stored is null ? null : $"step {stored.Step}");
        var snapshots = new Snapshots(path);
        TrainingProgress = p =>
            watch.Advance(new("train", p.Step, p.Steps, p.Loss, FormattableString.Invariant($"loss {p.Loss:F4}, {p.ViewsPerSecond:F0} views/s, {p.GigaflopsPerSecond:F0} GFLOP/s")));
        Checkpoint = trainer => snapshots.Tick(
            trainer.Step >= trainer.Steps || cancellation.IsCancellationRequested, () => AutoEncoderFile.Write(path, Snapshot(), Layout, _target.Name));
        Fit(training, stored, cancellation);
    }

    /// <summary>Whether a snapshot is the last one of its training.</summary>
    public bool IsFinished(AutoEncoderSnapshot snapshot, Population training) => snapshot.Step >= (long)Settings.Epochs * (training.Count / Settings.Batch);

    /// <summary>Takes memory, loads a snapshot and prepares the training without a step of it: for benchmarks and checks.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; nothing has been taken.</exception>
    public AutoEncoderTrainer Prepare(Population training, AutoEncoderSnapshot? resume)
    {
        Load(training, resume);
        return _trainer ??= Trainer(training, resume);
    }

    /// <summary>Everything that a resumed training needs.</summary>
    /// <exception cref="InvalidOperationException">Nothing has been trained.</exception>
    public AutoEncoderSnapshot Snapshot() => (_trainer ?? throw NotFitted()).Snapshot(_deviations);

    /// <summary>The parameters by published names, those of the projection head included.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Dictionary<string, float[]> Weights()
    {
        Fitted();
        return _model.Parameters.State();
    }

    /// <summary>Takes memory and loads a snapshot without training: to sample from a stored generator.</summary>
    /// <param name="training">The networks whose latent vectors samplers draw from, with accuracies.</param>
    /// <param name="snapshot">What to load; null for a fresh initialisation.</param>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs to train; nothing has been taken.</exception>
    public void Load(Population training, AutoEncoderSnapshot? snapshot)
    {
        if (training.Parameters != _model.Tokens.Parameters)
            throw new ArgumentException($"the auto-encoder is for rows of {_model.Tokens.Parameters} weights, and those of {training.Target} have {training.Parameters}");
        if (_training is null)
        {
            CheckMemory();
            _model.Build(_device);
        }

        _training = training;
        _latents = null;
        _loadedLosses = snapshot?.Losses ?? [];
        _deviations = snapshot?.Deviations ?? ReconstructionLoss.Deviations(training, _model.Tokens);
        _model.SetDeviations(_deviations);
        if (snapshot is not null) _model.Parameters.Load(snapshot.Weights);
    }

    /// <summary>Refuses when the device has less memory than training needs.</summary>
    /// <exception cref="InsufficientMemoryException">The message says how much is needed and how much there is.</exception>
    public void CheckMemory()
    {
        long available = _device.AvailableBytes;
        if (RequiredBytes <= available) return;
        throw new InsufficientMemoryException(FormattableString.Invariant(
            $"hyper-representations with {ParameterCount:N0} parameters and batch {Settings.Batch} needs {RequiredBytes / 1e9:F1} GB on {_device.Name}, which has {available / 1e9:F1} GB free; a smaller preset or batch fits"));
    }

    /// <summary>The latent vectors of networks, <c>[count, latent]</c>.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public float[] Encode(Population networks)
    {
        Fitted();
        float[] latents = new float[(long)networks.Count * Settings.Latent], tokens = new float[networks.Weights.Length];
        for (int i = 0; i < networks.Count; i++) _model.Tokens.Tokenize(tokens.AsSpan(i * networks.Parameters, networks.Parameters), networks.Row(i));
        InBatches(tokens, networks.Parameters, latents, (tape, rows) => _model.Encode(tape, rows));
        return latents;
    }

    /// <summary>The networks of latent vectors <c>[count, latent]</c>.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population Decode(float[] latents)
    {
        Fitted();
        int count = latents.Length / Settings.Latent, parameters = _model.Tokens.Parameters;
        float[] tokens = new float[(long)count * parameters], weights = new float[tokens.Length];
        InBatches(latents, Settings.Latent, tokens, (tape, z) => _model.Decode(tape, z));
        for (int i = 0; i < count; i++) _model.Tokens.Detokenize(weights.AsSpan(i * parameters, parameters), tokens.AsSpan(i * parameters, parameters));
        return new Population(_target.Name, _target.Layout, weights);
    }

    /// <summary>What becomes of networks that are encoded and decoded, with their runs and steps; nothing is measured.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population Reconstruct(Population networks) =>
        new(_target.Name, _target.Layout, Decode(Encode(networks)).Weights, networks.Run, networks.Step) { Provenance = { ["generator"] = Name, ["made by"] = "encoding and decoding" } };

    /// <summary>Makes networks with <see cref="LatentSampler.Kde30"/>.</summary>
    public Population Sample(int count, long seed, CancellationToken cancellation) => Sample(LatentSampler.Kde30, count, seed);

    /// <summary>Makes networks.</summary>
    /// <param name="sampler">One of <see cref="LatentSampler.Names"/>.</param>
    /// <param name="count">How many; for <see cref="LatentSampler.Direct"/> at most as many as there are training networks of the last step.</param>
    /// <param name="seed">Seed; <see cref="LatentSampler.Kde30Reference"/> has its own.</param>
    /// <exception cref="ArgumentException">There is no such sampler, or the training networks have no accuracies.</exception>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population Sample(string sampler, int count, long seed)
    {
        Population training = Fitted();
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var provenance = new Dictionary<string, string> { ["generator"] = Name, ["sampler"] = sampler, ["seed"] = seed.ToString(CultureInfo.InvariantCulture) };
        if (sampler == LatentSampler.Direct) return Direct(training, count, provenance);
        _latents ??= Encode(training);
        LatentSample drawn = LatentSampler.Draw(sampler, _latents, Settings.Latent, LatentSampler.Best(training.Score), count, seed);
        if (drawn.Sources is { } sources) provenance["source_rows"] = string.Join(',', sources);
        Population made = Decode(drawn.Latents);
        foreach ((string key, string value) in provenance) made.Provenance[key] = value;
        return made;
    }

    /// <summary>
    /// How well networks come back: the reconstruction loss of training, and its share of that of answering with the mean training network, 1 minus which is R².
    /// </summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public (double Loss, double RSquared) ReconstructionError(Population networks, Population reconstructed)
    {
        Population training = Fitted();
        var mean = new double[training.Parameters];
        for (int i = 0; i < training.Count; i++)
        {
            ReadOnlySpan<float> row = training.Row(i);
            for (int p = 0; p < mean.Length; p++) mean[p] += row[p] / (double)training.Count;
        }

        float[] scale = new float[mean.Length];
        _model.Tokens.Detokenize(scale, _model.OfLayers(_deviations, deviation => Settings.NormalizeLoss ? 1 / deviation : 1));
        double loss = 0, ofMean = 0;
        for (int i = 0; i < networks.Count; i++)
        {
            ReadOnlySpan<float> row = networks.Row(i), back = reconstructed.Row(i);
            for (int p = 0; p < mean.Length; p++)
            {
                double error = ((double)back[p] - row[p]) * scale[p], plain = (mean[p] - row[p]) * scale[p];
                loss += error * error;
                ofMean += plain * plain;
            }
        }

        return (loss / networks.Weights.LongLength, 1 - loss / ofMean);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer?.Dispose();
        _model.Head?.Dispose();
        _model.Dispose();
    }

    private static Population Direct(Population training, int count, Dictionary<string, string> provenance)
    {
        int last = training.Step.Max();
        int[] rows = [.. Enumerable.Range(0, training.Count).Where(i => training.Step[i] == last).Take(count)];
        if (rows.Length < count) throw new ArgumentException($"{count} networks of the last step are asked for, and there are {rows.Length}: ask for fewer");
        Population chosen = training.Select(rows);
        return new Population(training.Target, training.Layout, chosen.Weights) { Provenance = provenance };
    }

    private AutoEncoderTrainer Trainer(Population training, AutoEncoderSnapshot? resume)
    {
        var trainer = new AutoEncoderTrainer(_model, Settings, new ViewSampler(training, _target, _model.Tokens, Settings), _deviations);
        if (resume is not null) trainer.Restore(resume);
        return trainer;
    }

    private void InBatches(float[] inputs, int inputColumns, float[] outputs, Func<Tape, Tensor, Tensor> pass)
    {
        int count = inputs.Length / inputColumns, outputColumns = count == 0 ? 0 : outputs.Length / count;
        for (int start = 0; start < count; start += Settings.InferenceBatch)
        {
            int rows = Math.Min(Settings.InferenceBatch, count - start);
            using Scope scope = _device.Scope();
            Tensor x = _device.From(inputs.AsSpan(start * inputColumns, rows * inputColumns), (rows, inputColumns));
            _device.ReadFloats(pass(Tape.Inference(_device), x), outputs.AsSpan(start * outputColumns, rows * outputColumns));
        }
    }

    private Population Fitted() => _training ?? throw NotFitted();

    private static InvalidOperationException NotFitted() => new("hyper-representations has not been fitted");
}
