using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Models.Diffusion;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>
/// P-diff (arXiv 2402.13144): an autoencoder of standardised weights along a trajectory, and a diffusion of its latents. Every draw of the training depends on the seed and
/// the step alone, and the noise of a sample on its index and the step alone.
/// </summary>
public sealed class PDiffGenerator : IResumableGenerator
{
    private const string Vae = "vae", Diffusion = "diffusion", Moment1 = ".exp_avg", Moment2 = ".exp_avg_sq", Frozen = PDiffSnapshot.FrozenPart, Latents = "latents";
    private const string Autoencoder = "autoencoder";

    private readonly Device _device;
    private readonly string _target;
    private readonly ParameterLayout _layout;
    private readonly WeightAutoencoder _autoencoder;
    private readonly LatentDenoiser _denoiser;
    private readonly ParameterBuilder _autoencoderBuilder = new(), _denoiserBuilder = new();
    private readonly GaussianDiffusion _diffusion;
    private readonly List<float> _autoencoderLosses = [], _denoiserLosses = [];
    private ParameterSet? _autoencoderParameters, _denoiserParameters;
    private AdamW? _autoencoderAdam, _denoiserAdam;
    private WeightStandardizer? _standardizer;
    private IReadOnlyDictionary<string, float[]>? _frozen;
    private float[] _latentMean = [], _latentDeviation = [];

    /// <summary>A generator that has not been fitted. Takes no memory on the device yet.</summary>
    /// <param name="device">Where to train and sample.</param>
    /// <param name="target">Name of the target of its populations.</param>
    /// <param name="layout">Layout of their rows.</param>
    /// <param name="settings">The method's settings.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public PDiffGenerator(Device device, string target, ParameterLayout layout, PDiffSettings settings)
    {
        settings.Validate();
        (_device, _target, _layout, Settings) = (device, target, layout, settings);
        int length = WeightStandardizer.PaddedLength(checked((int)layout.Count));
        _autoencoder = new WeightAutoencoder(_autoencoderBuilder, settings, length);
        _denoiser = new LatentDenoiser(_denoiserBuilder, settings);
        _diffusion = GaussianDiffusion.Linear(settings.DiffusionSteps, settings.FirstBeta, settings.LastBeta);
    }

    /// <inheritdoc/>
    public string Name => "p-diff";

    /// <summary>The method's settings.</summary>
    public PDiffSettings Settings { get; }

    /// <summary>Parameters of the autoencoder that train: 2,199,201 as published.</summary>
    public long AutoencoderParameters => _autoencoderBuilder.TrainedCount;

    /// <summary>Parameters of the denoiser that train: 2,462,977 as published.</summary>
    public long DenoiserParameters => _denoiserBuilder.TrainedCount;

    /// <summary>Names and shapes of the autoencoder's state.</summary>
    public ParameterLayout AutoencoderLayout => _autoencoderBuilder.Layout();

    /// <summary>Names and shapes of the denoiser's state.</summary>
    public ParameterLayout DenoiserLayout => _denoiserBuilder.Layout();

    /// <summary>Losses of the autoencoder so far, one a step.</summary>
    public IReadOnlyList<float> AutoencoderLosses => _autoencoderLosses;

    /// <summary>Losses of the denoiser so far, one a step.</summary>
    public IReadOnlyList<float> DenoiserLosses => _denoiserLosses;

    /// <summary>Told after every training step.</summary>
    public Action<PDiffProgress>? TrainingProgress { get; set; }

    /// <summary>Called after every training step to let the owner store a snapshot when it is time.</summary>
    internal Action<PDiffGenerator>? Checkpoint { get; set; }

    /// <inheritdoc/>
    public string TrainingPath => _autoencoderParameters is null ? "" : "launched one by one";

    /// <summary>Whether both trainings are done.</summary>
    public bool IsTrained => _frozen is not null;

    /// <summary>What both models take at least on the device: weights, gradients, two moments, and the activations of a batch.</summary>
    public long RequiredBytes
    {
        get
        {
            long length = WeightStandardizer.PaddedLength((int)_layout.Count), activations = 0;
            for (int i = 0; i < Settings.AutoencoderChannels.Count; i++) activations += 6 * Settings.AutoencoderChannels[i] * (length >> (i + 1));
            long ofDenoiser = 3L * Settings.Latent * Settings.DenoiserChannels.Sum();
            long parameters = AutoencoderLayout.Extent + DenoiserLayout.Extent;
            return sizeof(float) * (4 * parameters + 2L * Settings.Batch * Math.Max(activations, ofDenoiser));
        }
    }

    /// <inheritdoc/>
    public void Fit(Population training, CancellationToken cancellation) => Fit(training, null, cancellation);

    /// <summary>Trains from a snapshot, or from the first step.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the models need; nothing has been taken.</exception>
    /// <exception cref="TrainingDivergedException">A loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint callback has been called after the last step.</exception>
    internal void Fit(Population training, PDiffSnapshot? resume, CancellationToken cancellation)
    {
        Take(resume?.Standardizer ?? WeightStandardizer.Fit(training, Settings.Scaling), resume);
        using Scope scope = _device.Scope();
        Tensor data = Data(training);
        int extra = Settings.Reference ? 1 : 0; // the published loops run one step more, of rate 0: it moves running statistics alone
        for (int step = _autoencoderLosses.Count; step < Settings.AutoencoderSteps + extra; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = AutoencoderStep(data, step);
            _autoencoderLosses.Add((float)loss);
            TrainingProgress?.Invoke(new PDiffProgress(Autoencoder, step + 1, Settings.AutoencoderSteps + extra, loss));
            Checkpoint?.Invoke(this);
        }

        Tensor latents = Encode(data, BatchNormMode.Evaluate);
        if (Settings.StandardizeLatents && _latentMean.Length == 0) MeasureLatents(latents);
        Tensor scaled = Scaled(latents);
        for (int step = _denoiserLosses.Count; step < Settings.DenoiserSteps + extra; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = DenoiserStep(data, scaled, step);
            _denoiserLosses.Add((float)loss);
            TrainingProgress?.Invoke(new PDiffProgress("denoiser", step + 1, Settings.DenoiserSteps + extra, loss));
            if (step + 1 < Settings.DenoiserSteps + extra) Checkpoint?.Invoke(this);
        }

        _frozen ??= DatasetStatistics(Encode(data, BatchNormMode.Evaluate));
        Checkpoint?.Invoke(this);
    }

    /// <inheritdoc/>
    public void Fit(Population training, string path, ITrainingWatch watch, CancellationToken cancellation)
    {
        PDiffSnapshot? stored = Snapshots.Read(path, file => PDiffFile.Read(file, _target), watch.Note);
        if (stored is { IsLast: true })
        {
            Load(stored);
            return;
        }

        watch.Begin(
            FormattableString.Invariant($"autoencoder of {AutoencoderParameters:N0} and denoiser of {DenoiserParameters:N0} parameters"),
            stored is null ? null : $"step {stored.AutoencoderStep} of the autoencoder and {stored.DenoiserStep} of the denoiser");
        var snapshots = new Snapshots(path);
        TrainingProgress = p => watch.Advance(new(
            p.Stage, p.Stage == Autoencoder ? p.Step : Settings.AutoencoderSteps + p.Step, Settings.AutoencoderSteps + Settings.DenoiserSteps, p.Loss, FormattableString.Invariant($"{p.Stage}, loss {p.Loss:F4}")));
        Checkpoint = made => snapshots.Tick(made.IsTrained || cancellation.IsCancellationRequested, () => PDiffFile.Write(path, made.Snapshot(), made, _target));
        Fit(training, stored, cancellation);
    }

    /// <summary>Takes memory and loads a trained or half-trained generator.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the models need.</exception>
    internal void Load(PDiffSnapshot snapshot) => Take(snapshot.Standardizer, snapshot);

    /// <inheritdoc/>
    public Population Sample(int count, long seed, CancellationToken cancellation) => Sample(count, seed, Settings.Decoder, null, cancellation);

    /// <summary>Makes networks with another choice of the decoder's statistics.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="statistics">Whose statistics decode.</param>
    /// <param name="progress">Told the denoising steps done and in all.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population Sample(int count, long seed, DecoderStatistics statistics, Action<int, int>? progress, CancellationToken cancellation)
    {
        if (_standardizer is not { } standardizer || _frozen is null) throw new InvalidOperationException("p-diff has not been fitted: train it, or load a stored generator");
        var sampler = new LatentSampler(_denoiser, _denoiserParameters!, _diffusion, Settings);
        var weights = new float[(long)count * _layout.Count];
        int parameters = (int)_layout.Count;
        IReadOnlyDictionary<string, float[]> trained = _autoencoderParameters!.State();
        if (statistics == DecoderStatistics.FrozenDatasetBatch) _autoencoderParameters.Load(_frozen);
        try
        {
            for (int first = 0; first < count; first += Settings.SamplingBatch)
            {
                int done = first, size = Math.Min(Settings.SamplingBatch, count - first);
                using Scope scope = _device.Scope();
                Tensor latents = sampler.Sample(first, size, seed, step => progress?.Invoke(done * sampler.Steps + step * size, count * sampler.Steps), cancellation);
                Decode(standardizer, Unscaled(latents), statistics, weights.AsSpan(first * parameters, size * parameters));
            }
        }
        finally
        {
            _autoencoderParameters.Load(trained);
        }

        if (!FiniteRows.All(weights))
            throw new TrainingDivergedException("p-diff's samples", null, Settings.DenoiserSteps, Settings.DenoiserRate);
        return new Population(_target, _layout, weights)
        {
            Provenance = { ["generator"] = Name, ["sampling seed"] = $"{seed}", ["decoder statistics"] = $"{statistics}", ["sampler"] = $"{Settings.Sampler}" },
        };
    }

    /// <summary>What the autoencoder makes of networks without any noise: the mean squared error in standardised units, and the weights.</summary>
    public (double Error, Population Restored) Reconstruct(Population networks)
    {
        WeightStandardizer standardizer = _standardizer ?? throw new InvalidOperationException("p-diff has not been fitted");
        using Scope scope = _device.Scope();
        Tensor data = Data(networks);
        Tape tape = Tape.Inference(_device);
        Tensor restored = _autoencoder.Decode(tape, _autoencoder.Encode(tape, data, BatchNormMode.Evaluate), BatchNormMode.Evaluate);
        double error = tape.MeanSquaredError(restored, data).Item();
        var weights = new float[networks.Weights.Length];
        Restore(standardizer, restored, weights);
        return (error, new Population(networks.Target, networks.Layout, weights, networks.Run, networks.Step));
    }

    /// <summary>The state to store.</summary>
    internal PDiffSnapshot Snapshot()
    {
        ParameterSet vae = _autoencoderParameters!, net = _denoiserParameters!;
        var parts = new Dictionary<string, IReadOnlyDictionary<string, float[]>>
        {
            [Vae] = vae.State(),
            [Diffusion] = net.State(),
            [Vae + Moment1] = vae.State(_autoencoderAdam!.FirstMoment),
            [Vae + Moment2] = vae.State(_autoencoderAdam.SecondMoment),
            [Diffusion + Moment1] = net.State(_denoiserAdam!.FirstMoment),
            [Diffusion + Moment2] = net.State(_denoiserAdam.SecondMoment),
        };
        if (_frozen is not null) parts[Frozen] = _frozen;
        if (_latentMean.Length > 0) parts[Latents] = new Dictionary<string, float[]> { ["mean"] = _latentMean, ["deviation"] = _latentDeviation };
        return new PDiffSnapshot(_autoencoderLosses.Count, _denoiserLosses.Count, [.. _autoencoderLosses], [.. _denoiserLosses], _standardizer!, parts);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _autoencoderAdam?.Dispose();
        _denoiserAdam?.Dispose();
        _autoencoderParameters?.Dispose();
        _denoiserParameters?.Dispose();
    }

    private void Take(WeightStandardizer standardizer, PDiffSnapshot? snapshot)
    {
        if (_autoencoderParameters is null)
        {
            long available = _device.AvailableBytes;
            if (RequiredBytes > available)
            {
                throw new InsufficientMemoryException(FormattableString.Invariant(
                    $"p-diff with {AutoencoderParameters + DenoiserParameters:N0} parameters and batch {Settings.Batch} needs {RequiredBytes / 1e9:F1} GB on {_device.Name}, which has {available / 1e9:F1} GB free"));
            }

            var stream = new RandomStream(Settings.Seed, "p-diff initialisation");
            _autoencoderParameters = _autoencoderBuilder.Build(_device, stream.Sub(Vae));
            _denoiserParameters = _denoiserBuilder.Build(_device, stream.Sub(Diffusion));
            _autoencoderAdam = new AdamW(_autoencoderParameters, 0.9, 0.999, 1e-8, 0, double.PositiveInfinity);
            _denoiserAdam = new AdamW(_denoiserParameters, 0.9, 0.999, 1e-8, 0, double.PositiveInfinity);
        }

        _standardizer = standardizer;
        if (snapshot is null) return;
        _autoencoderParameters.Load(snapshot.Parts[Vae]);
        _denoiserParameters!.Load(snapshot.Parts[Diffusion]);
        _autoencoderParameters.Load(snapshot.Parts[Vae + Moment1], _autoencoderAdam!.FirstMoment);
        _autoencoderParameters.Load(snapshot.Parts[Vae + Moment2], _autoencoderAdam.SecondMoment);
        _denoiserParameters.Load(snapshot.Parts[Diffusion + Moment1], _denoiserAdam!.FirstMoment);
        _denoiserParameters.Load(snapshot.Parts[Diffusion + Moment2], _denoiserAdam.SecondMoment);
        (_autoencoderAdam.Steps, _denoiserAdam.Steps) = (snapshot.AutoencoderStep, snapshot.DenoiserStep);
        _autoencoderLosses.Clear();
        _denoiserLosses.Clear();
        _autoencoderLosses.AddRange(snapshot.AutoencoderLosses);
        _denoiserLosses.AddRange(snapshot.DenoiserLosses);
        _frozen = snapshot.Parts.GetValueOrDefault(Frozen);
        if (snapshot.Parts.GetValueOrDefault(Latents) is { } latents) (_latentMean, _latentDeviation) = (latents["mean"], latents["deviation"]);
    }

    private Tensor Data(Population networks)
    {
        int length = _standardizer!.Length;
        var data = new float[(long)networks.Count * length];
        for (int i = 0; i < networks.Count; i++) _standardizer.Standardize(networks.Row(i), data.AsSpan(i * length, length));
        return _device.From(data, (networks.Count, length));
    }

    /// <summary>A batch drawn with replacement.</summary>
    private Tensor Draw(Tensor data, RandomStream stream)
    {
        int[] index = [.. Enumerable.Range(0, Settings.Batch).Select(i => stream.Integer(i, data.Shape[0]))];
        Tensor batch = _device.Empty((Settings.Batch, data.Shape[1]));
        _device.Kernels.GatherRows(batch, data, _device.From(index, index.Length));
        return batch;
    }

    private Tensor Noise(Shape shape, double deviation, RandomStream stream)
    {
        Tensor noise = _device.Empty(shape);
        _device.Kernels.Normal(noise, stream);
        if (deviation != 1) _device.Kernels.Axpby(noise, noise, deviation, 0);
        return noise;
    }

    private double AutoencoderStep(Tensor data, int step)
    {
        var stream = new RandomStream(Settings.Seed, "p-diff autoencoder").At(step);
        using Scope scope = _device.Scope();
        Tape tape = Tape.Record(_device);
        Tensor x = Draw(data, stream.Sub("networks"));
        if (Settings.InputNoise > 0) _device.Kernels.Add(x, x, Noise(x.Shape, Settings.InputNoise, stream.Sub("input noise")));
        Tensor latents = _autoencoder.Encode(tape, x, BatchNormMode.Train);
        if (Settings.LatentNoise > 0) latents = tape.Add(latents, Noise(latents.Shape, Settings.LatentNoise, stream.Sub("latent noise")));
        Tensor loss = tape.MeanSquaredError(_autoencoder.Decode(tape, latents, BatchNormMode.Train), x);
        return Descend(tape, loss, _autoencoderParameters!, _autoencoderAdam!, Settings.AutoencoderRate, step, Settings.AutoencoderSteps, Autoencoder);
    }

    private double DenoiserStep(Tensor data, Tensor latents, int step)
    {
        var stream = new RandomStream(Settings.Seed, "p-diff denoiser").At(step);
        using Scope scope = _device.Scope();
        RandomStream networks = stream.Sub("networks"), times = stream.Sub("times");
        Tensor clean = Settings.Reference ? Scaled(Encode(Draw(data, networks), BatchNormMode.Train)) : Draw(latents, networks);
        float[] signal = new float[Settings.Batch], share = new float[Settings.Batch], time = new float[Settings.Batch * LatentDenoiser.TimeFeatures];
        for (int i = 0; i < Settings.Batch; i++)
        {
            int t = times.Integer(i, _diffusion.Steps);
            (double ofSignal, double ofNoise) = _diffusion.Forward(t);
            (signal[i], share[i]) = ((float)ofSignal, (float)ofNoise);
            LatentDenoiser.WriteTime(t, time.AsSpan(i * LatentDenoiser.TimeFeatures, LatentDenoiser.TimeFeatures));
        }

        Tensor noise = Noise(clean.Shape, 1, stream.Sub("noise")), noisy = _device.Empty(clean.Shape);
        _device.Kernels.CombineRows(noisy, clean, _device.From(signal, signal.Length), noise, _device.From(share, share.Length));
        Tape tape = Tape.Record(_device);
        Tensor loss = tape.MeanSquaredError(_denoiser.Forward(tape, noisy, _device.From(time, (Settings.Batch, LatentDenoiser.TimeFeatures)), BatchNormMode.Train), noise);
        return Descend(tape, loss, _denoiserParameters!, _denoiserAdam!, Settings.DenoiserRate, step, Settings.DenoiserSteps, "denoiser");
    }

    private double Descend(Tape tape, Tensor loss, ParameterSet parameters, AdamW adam, double baseRate, int step, int steps, string what)
    {
        double value = loss.Item(), rate = Schedules.Cosine(baseRate, (double)step / steps);
        if (!double.IsFinite(value)) throw new TrainingDivergedException($"p-diff's {what}", null, step + 1, rate);
        parameters.ZeroGradients();
        tape.Backward(loss);
        adam.Step(rate, 0);
        return value;
    }

    private Tensor Encode(Tensor data, BatchNormMode mode) => _autoencoder.Encode(Tape.Inference(_device), data, mode);

    private void MeasureLatents(Tensor latents)
    {
        int width = latents.Shape[1];
        Tensor mean = _device.Empty((1, width)), variance = _device.Empty((1, width));
        _device.Kernels.ChannelStatistics(mean, variance, latents);
        (_latentMean, _latentDeviation) = (new float[width], new float[width]);
        _device.ReadFloats(mean, _latentMean);
        _device.ReadFloats(variance, _latentDeviation);
        for (int i = 0; i < width; i++) _latentDeviation[i] = MathF.Sqrt(MathF.Max(_latentDeviation[i], 1e-12f));
    }

    /// <summary>Latents as the diffusion sees them.</summary>
    private Tensor Scaled(Tensor latents) => _latentMean.Length == 0 ? latents : Affine(latents, (v, i) => (v - _latentMean[i]) / _latentDeviation[i]);

    private Tensor Unscaled(Tensor latents) => _latentMean.Length == 0 ? latents : Affine(latents, (v, i) => v * _latentDeviation[i] + _latentMean[i]);

    private Tensor Affine(Tensor latents, Func<float, int, float> map)
    {
        var values = new float[latents.Elements];
        _device.ReadFloats(latents, values);
        for (int i = 0; i < values.Length; i++) values[i] = map(values[i], i % latents.Shape[1]);
        return _device.From(values, latents.Shape);
    }

    private void Decode(WeightStandardizer standardizer, Tensor latents, DecoderStatistics statistics, Span<float> weights) =>
        Restore(standardizer, _autoencoder.Decode(Tape.Inference(_device), latents, statistics == DecoderStatistics.PerSample ? BatchNormMode.PerSample : BatchNormMode.Evaluate), weights);

    private void Restore(WeightStandardizer standardizer, Tensor inputs, Span<float> weights)
    {
        var values = new float[inputs.Elements];
        _device.ReadFloats(inputs, values);
        int rows = inputs.Shape[0], parameters = (int)_layout.Count;
        for (int i = 0; i < rows; i++) standardizer.Restore(values.AsSpan(i * standardizer.Length, standardizer.Length), weights.Slice(i * parameters, parameters));
    }

    /// <summary>The autoencoder's state with the statistics that its decoder has on all training networks at once.</summary>
    private Dictionary<string, float[]> DatasetStatistics(Tensor latents)
    {
        Dictionary<string, float[]> trained = _autoencoderParameters!.State();
        _autoencoder.Decode(Tape.Inference(_device), latents, BatchNormMode.Measure);
        Dictionary<string, float[]> measured = _autoencoderParameters.State();
        _autoencoderParameters.Load(trained);
        return measured;
    }
}
