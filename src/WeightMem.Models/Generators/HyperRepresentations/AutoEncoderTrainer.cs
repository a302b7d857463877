using System.Diagnostics;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Loss">Training loss of the last step.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="ViewsPerSecond">Views per second since the training was started or resumed.</param>
/// <param name="GigaflopsPerSecond">Arithmetic of the ops per second, forward and backward.</param>
public readonly record struct AutoEncoderProgress(
    long Step, long Steps, int Epoch, double Loss, double Rate, double ViewsPerSecond, double GigaflopsPerSecond);

/// <summary>
/// The training loop: two views of every network, gamma times the contrastive loss plus (1 - gamma) times the reconstruction loss, Adam. Every draw is keyed by
/// the step and the rate follows from the losses so far, so a training that is stopped after any step and resumed from its snapshot gives the same bits as an unbroken one.
/// </summary>
public sealed class AutoEncoderTrainer : IDisposable
{
    private readonly AutoEncoder _model;
    private readonly AutoEncoderSettings _settings;
    private readonly ViewSampler _views;
    private readonly ReconstructionLoss _reconstruction;
    private readonly ContrastiveLoss? _contrast;
    private readonly AdamW _optimizer;
    private readonly RandomStream _dropout;
    private readonly List<float> _losses = [];
    private readonly Tensor _inputs, _targets, _loss;
    private readonly RepeatedWork _step;
    private OpCost _cost;

    internal AutoEncoderTrainer(AutoEncoder model, AutoEncoderSettings settings, ViewSampler views, ReadOnlySpan<float> deviations)
    {
        if (settings.Transformer != TransformerKind.PreNorm)
            throw new ArgumentException("attention across the batch makes results depend on the batch: such an auto-encoder is loaded, never trained");
        (_model, _settings, _views) = (model, settings, views);
        Device device = model.Parameters.Device;
        _reconstruction = new ReconstructionLoss(device, model.Tokens, settings, deviations);
        _contrast = settings.Contrast > 0 ? new ContrastiveLoss(device, settings.Batch, settings.Temperature) : null;
        _optimizer = new AdamW(
            model.Parameters, 0.9, 0.999, 1e-8, settings.Decay == DecayKind.Decoupled ? settings.WeightDecay : 0, settings.Clip ?? double.PositiveInfinity);
        _dropout = new RandomStream(settings.Seed, "hyper-representations dropout");
        Shape shape = (2 * settings.Batch, model.Tokens.Parameters);
        _inputs = device.Persistent(shape, device.FloatType);
        _targets = NeedsTargets ? device.Persistent(shape, device.FloatType) : _inputs;
        _loss = device.Persistent(1, device.FloatType);
        _step = device.Repeat(Compute);
    }

    /// <summary>Steps done.</summary>
    public long Step => _optimizer.Steps;

    /// <summary>Steps in all.</summary>
    public long Steps => (long)_settings.Epochs * _views.StepsPerEpoch;

    /// <summary>How the device runs a step, as printed in run headers.</summary>
    public string Path => _step.Path;

    /// <summary>The training loss of every step so far.</summary>
    public IReadOnlyList<float> Losses => _losses;

    private bool NeedsTargets => _settings.Denoise && (_settings.InputNoise > 0 || _settings.Erasing is not null);

    /// <summary>Trains until the last step or the cancellation, which is looked at between steps.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops after the step in hand.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; the parameters are those of the step before.</exception>
    public void Train(Action<AutoEncoderProgress>? progress, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        long first = Step;
        double flops = 0;
        ViewBatch? next = null;
        while (Step < Steps && !cancellation.IsCancellationRequested)
        {
            double rate = Rate(Step);
            Start(next ?? _views.Draw(Step), rate);

            // The next views are made while the device is busy with these.
            next = Step + 1 < Steps ? _views.Draw(Step + 1) : null;
            double loss = Finish(rate);
            flops += _cost.Flops;
            double seconds = watch.Elapsed.TotalSeconds;
            progress?.Invoke(new AutoEncoderProgress(
                Step, Steps, (int)(Step / _views.StepsPerEpoch), loss, rate, 2.0 * (Step - first) * _settings.Batch / seconds, flops / seconds * 1e-9));
        }
    }

    /// <summary>One step on the views of its number.</summary>
    /// <returns>The loss before the step.</returns>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; the parameters are those of the step before.</exception>
    public double TrainStep()
    {
        double rate = Rate(Step);
        Start(_views.Draw(Step), rate);
        return Finish(rate);
    }

    /// <summary>Everything that a resumed training needs.</summary>
    public AutoEncoderSnapshot Snapshot(float[] deviations) => new(
        Step, [.. _losses], deviations, _model.Parameters.State(), _model.Parameters.State(_optimizer.FirstMoment), _model.Parameters.State(_optimizer.SecondMoment));

    /// <summary>Continues from a snapshot; its weights are loaded by the caller.</summary>
    internal void Restore(AutoEncoderSnapshot snapshot)
    {
        _model.Parameters.Load(snapshot.FirstMoment, _optimizer.FirstMoment);
        _model.Parameters.Load(snapshot.SecondMoment, _optimizer.SecondMoment);
        _optimizer.Steps = snapshot.Step;
        _losses.Clear();
        _losses.AddRange(snapshot.Losses);
    }

    /// <summary>The learning rate of a step, from the losses of the epochs before.</summary>
    internal double Rate(long step)
    {
        int epoch = (int)(step / _views.StepsPerEpoch);
        return _settings.Schedule switch
        {
            RateSchedule.Cosine => Schedules.Cosine(_settings.LearningRate, (double)epoch / _settings.Epochs),
            RateSchedule.Plateau => Schedules.Plateau(
                _settings.LearningRate, [.. Enumerable.Range(0, epoch).Select(MeanLoss)], _settings.PlateauFactor, _settings.PlateauPatience, _settings.PlateauThreshold),
            _ => _settings.LearningRate,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _inputs.Dispose();
        _targets.Dispose();
        _loss.Dispose();
        _optimizer.Dispose();
        _reconstruction.Dispose();
        _contrast?.Dispose();
    }

    /// <summary>The reconstruction loss alone on rows in token order, as they are and without dropout.</summary>
    internal double ReconstructionOf(Tape tape, Tensor rows, Tensor targets) => _reconstruction.Of(tape, rows, targets).Item();

    private double MeanLoss(int epoch)
    {
        double sum = 0;
        for (int i = 0; i < _views.StepsPerEpoch; i++) sum += _losses[epoch * _views.StepsPerEpoch + i];
        return sum / _views.StepsPerEpoch;
    }

    private void Start(ViewBatch views, double rate)
    {
        Device device = _model.Parameters.Device;
        device.WriteFloats(_inputs, views.Inputs);
        if (NeedsTargets) device.WriteFloats(_targets, views.Targets);
        _optimizer.Prepare(rate, 0);
        _step.Run(Step);
    }

    private double Finish(double rate)
    {
        long step = Step + 1;
        double norm = _optimizer.Finish(), loss = _loss.Item();
        if (!double.IsFinite(norm)) throw new TrainingDivergedException("hyper-representations", null, step, rate);
        _losses.Add((float)loss);
        return loss;
    }

    /// <summary>Loss, gradients and update of one step: everything that stays on the device.</summary>
    private void Compute(long step)
    {
        Device device = _model.Parameters.Device;
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        _model.Parameters.ZeroGradients();
        Tensor loss = Loss(tape, _model, _settings, _reconstruction, _contrast, _inputs, _targets, _dropout.At(step));
        tape.Backward(loss);
        device.Kernels.Copy(_loss, loss);
        if (_settings.Decay == DecayKind.Coupled && _settings.WeightDecay > 0)
            device.Kernels.Axpby(_model.Parameters.Gradients, _model.Parameters.Values, _settings.WeightDecay, 1);
        _optimizer.Update(_loss);
        _cost = tape.Cost;
    }

    /// <summary>The whole loss of both views, stacked <c>[2 * batch, parameters]</c>.</summary>
    internal static Tensor Loss(
        Tape tape, AutoEncoder model, AutoEncoderSettings settings, ReconstructionLoss reconstruction, ContrastiveLoss? contrast, Tensor inputs, Tensor targets,
        RandomStream? dropout)
    {
        Tensor z = model.Encode(tape, inputs, dropout);
        Tensor? similar = contrast is null ? null : tape.Scale(contrast.Of(tape, View(0), View(1)), settings.Contrast);
        if (similar is not null && settings.Contrast == 1) return similar;
        Tensor same = tape.Scale(reconstruction.Of(tape, model.Decode(tape, z, dropout), targets), 1 - settings.Contrast);
        return similar is null ? same : tape.Add(same, similar);

        Tensor View(int which)
        {
            int batch = z.Shape[0] / 2, latent = z.Shape[1];
            Tensor view = tape.Columns(z, 1, which * batch * latent, (batch, latent));
            return model.Head?.Forward(tape, view) ?? view;
        }
    }
}

/// <summary>A training between two steps, by published names: weights and both moments, and the losses so far.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Losses">The training loss of every step.</param>
/// <param name="Deviations">The deviation of each layer over the training rows.</param>
/// <param name="Weights">The weights.</param>
/// <param name="FirstMoment">First moment of the optimiser.</param>
/// <param name="SecondMoment">Second moment of the optimiser.</param>
public sealed record AutoEncoderSnapshot(
    long Step,
    float[] Losses,
    float[] Deviations,
    IReadOnlyDictionary<string, float[]> Weights,
    IReadOnlyDictionary<string, float[]> FirstMoment,
    IReadOnlyDictionary<string, float[]> SecondMoment);
