using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Diffusion;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>HyperDiffusion as a generator: an unconditional diffusion of a population's weights (arXiv 2303.17015).</summary>
public sealed class HyperDiffusionGenerator : IResumableGenerator
{
    private readonly Device _device;
    private readonly ITarget _target;
    private readonly HyperDiffusionModel _model;
    private HyperDiffusionTrainer? _trainer;
    private WeightScaling? _scaling;

    /// <summary>A generator that has not been fitted. Takes no memory on the device yet.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public HyperDiffusionGenerator(Device device, ITarget target, HyperDiffusionSettings settings)
    {
        (_device, _target, Settings) = (device, target, settings);
        _model = new HyperDiffusionModel(target.Layout, settings);
    }

    /// <inheritdoc/>
    public string Name => "hyperdiffusion";

    /// <summary>The method's settings.</summary>
    public HyperDiffusionSettings Settings { get; }

    /// <summary>Names and shapes of the transformer's parameters.</summary>
    public ParameterLayout Layout => _model.Layout;

    /// <summary>Number of parameters of the transformer.</summary>
    public long ParameterCount => _model.Layout.Count;

    /// <summary>How weights were scaled when fitting.</summary>
    public WeightScaling Scaling => _scaling ?? throw NotFitted();

    /// <summary>The training losses so far, one per step.</summary>
    public IReadOnlyList<float> Losses => _trainer?.Losses ?? [];

    /// <inheritdoc/>
    public string TrainingPath => _trainer?.Path ?? "";

    /// <summary>Told after every training step.</summary>
    public Action<HyperDiffusionProgress>? TrainingProgress { get; set; }

    /// <summary>Called after every training step to let the owner store a snapshot when it is time.</summary>
    public Action<HyperDiffusionTrainer>? Checkpoint { get; set; }

    /// <summary>What training needs at least on the device: weights, gradients and two moments, the rows that are learnt, and the activations of one batch.</summary>
    public long RequiredBytes(int networks)
    {
        long tokens = _model.Tokens, width = Settings.Width;
        long activations = (Settings.Layers * tokens * 17 * width + 4 * tokens * width + 6L * _model.TargetParameters) * Settings.Batch;
        return sizeof(float) * (4 * Layout.Extent + activations + (long)networks * (1 + Settings.Permutations) * _model.TargetParameters);
    }

    /// <summary>The diffusion of some settings: betas from 1e-4 to 2e-2 over 500 steps, scaled for another number so that its end does not move.</summary>
    public static GaussianDiffusion Diffusion(HyperDiffusionSettings settings)
    {
        double scale = 500.0 / settings.DiffusionSteps;
        return GaussianDiffusion.Linear(settings.DiffusionSteps, 1e-4 * scale, Math.Min(0.999, 2e-2 * scale));
    }

    /// <summary>Trains from the first step.</summary>
    public void Fit(Population training, CancellationToken cancellation) => Fit(training, null, cancellation);

    /// <summary>Trains from a snapshot, or from the first step.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; nothing has been taken.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint callback has been called after the last step.</exception>
    public void Fit(Population training, HyperDiffusionSnapshot? resume, CancellationToken cancellation)
    {
        Load(training, resume);
        _trainer!.Train(
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
        HyperDiffusionSnapshot? stored = Snapshots.Read(path, file => HyperDiffusionFile.Read(file, _target.Name), watch.Note);
        if (stored is not null && stored.Step >= Settings.TrainingSteps)
        {
            Load(training, stored);
            return;
        }

        watch.Begin(FormattableString.Invariant($"{ParameterCount:N0} parameters, {Settings.TrainingSteps} steps of {Settings.Batch} networks"), stored is null ? null : $"step {stored.Step}");
        var snapshots = new Snapshots(path);
        TrainingProgress = p =>
            watch.Advance(new("train", p.Step, p.Steps, p.Loss, FormattableString.Invariant($"loss {p.Loss:F4}, {p.NetworksPerSecond:F0} networks/s, {p.GigaflopsPerSecond:F0} GFLOP/s")));
        Checkpoint = trainer => snapshots.Tick(
            trainer.Step >= Settings.TrainingSteps || cancellation.IsCancellationRequested, () => HyperDiffusionFile.Write(path, trainer.Snapshot(), Layout, _target.Name));
        Fit(training, stored, cancellation);
    }

    /// <summary>Takes memory and loads a snapshot without training.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs.</exception>
    public void Load(Population training, HyperDiffusionSnapshot? snapshot)
    {
        if (_trainer is null)
        {
            RequireMemory(training.Count);
            HyperDiffusionData data = HyperDiffusionData.Of(training, _target, Settings);
            _model.Build(_device);
            _trainer = new HyperDiffusionTrainer(_model, Settings, data);
            _scaling = data.Scaling;
        }

        if (snapshot is not null) _trainer.Restore(snapshot);
    }

    /// <summary>Refuses a device that is too small, before anything is taken.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; the message has both numbers.</exception>
    public void RequireMemory(int networks)
    {
        long required = RequiredBytes(networks), available = _device.AvailableBytes;
        if (required > available)
        {
            throw new InsufficientMemoryException(FormattableString.Invariant(
                $"hyperdiffusion with {ParameterCount:N0} parameters and batch {Settings.Batch} needs {required / 1e9:F1} GB on {_device.Name}, which has {available / 1e9:F1} GB free; a smaller preset or batch fits"));
        }
    }

    /// <summary>Makes networks from noise. The noise of a sample depends on its index alone.</summary>
    public Population Sample(int count, long seed, CancellationToken cancellation) => Sample(count, seed, null, cancellation);

    /// <summary>Makes networks from noise by DDIM with eta 0 (specification, section 3.4).</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="progress">Told the denoising steps done and in all.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    public Population Sample(int count, long seed, Action<int, int>? progress, CancellationToken cancellation)
    {
        WeightScaling scaling = Scaling;
        GaussianDiffusion diffusion = Diffusion(Settings).Respace(Settings.SamplingSteps);
        var weights = new float[(long)count * _model.TargetParameters];
        int batches = (count + Settings.SamplingBatch - 1) / Settings.SamplingBatch;
        for (int b = 0; b < batches; b++)
        {
            int first = b * Settings.SamplingBatch, size = Math.Min(Settings.SamplingBatch, count - first), done = b * diffusion.Steps;
            Span<float> rows = weights.AsSpan(first * _model.TargetParameters, size * _model.TargetParameters);
            Denoise(rows, size, diffusion, new RandomStream(seed, "hyperdiffusion sampling"), first, step => progress?.Invoke(done + step, batches * diffusion.Steps), cancellation);
        }

        var row = new float[_model.TargetParameters];
        for (int i = 0; i < count; i++)
        {
            Span<float> at = weights.AsSpan(i * row.Length, row.Length);
            at.CopyTo(row);
            scaling.Unscale(row, at);
        }

        return new Population(_target.Name, _target.Layout, weights) { Provenance = { ["generator"] = Name, ["sampling seed"] = $"{seed}" } };
    }

    /// <summary>Everything that a later session needs to go on.</summary>
    public HyperDiffusionSnapshot Snapshot() => (_trainer ?? throw NotFitted()).Snapshot();

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer?.Dispose();
        _model.Dispose();
    }

    private void Denoise(
        Span<float> result, int count, GaussianDiffusion diffusion, RandomStream stream, int firstSample, Action<int> progress, CancellationToken cancellation)
    {
        using Scope scope = _device.Scope();
        Tensor state = _device.Empty((count, _model.TargetParameters)), time = _device.Empty(count), keys = _device.Empty(count, DType.U64);
        Tensor times = _device.Empty((diffusion.Steps, count)), coefficients = diffusion.DdimTable(_device, 0);
        keys.Write<ulong>([.. Enumerable.Range(firstSample, count).Select(i => stream.Sub("sample", i).Key)]);
        _device.WriteFloats(times, [.. diffusion.Timesteps.SelectMany(t => Enumerable.Repeat((float)t, count))]);
        _device.Kernels.NormalRows(state, keys, diffusion.Steps);
        using RepeatedWork work = _device.Repeat(Step);
        for (int step = diffusion.Steps - 1; step >= 0; step--)
        {
            cancellation.ThrowIfCancellationRequested();
            work.Run(step);
            progress(diffusion.Steps - step);
        }

        _device.ReadFloats(state, result);

        void Step(long step)
        {
            using Scope inner = _device.Scope();
            _device.Kernels.SelectRow(time, times, step);
            _device.Kernels.ReverseStep(state, _model.Forward(Tape.Inference(_device), state, time), coefficients, keys, step);
        }
    }

    private static InvalidOperationException NotFitted() => new("hyperdiffusion has not been fitted: train it, or load a stored generator");
}
