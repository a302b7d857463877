using System.Diagnostics;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Models.Diffusion;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Training loss of the last step.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="GradientNorm">Its gradient norm before clipping.</param>
/// <param name="PairsPerSecond">Pairs per second since the training was started or resumed.</param>
/// <param name="GigaflopsPerSecond">Arithmetic of the ops per second, forward and backward.</param>
public readonly record struct GptProgress(
    long Step, long Steps, double Loss, double Rate, double GradientNorm, double PairsPerSecond, double GigaflopsPerSecond);

/// <summary>
/// The training loop of specification 3.3: learning rate, loss, backward, clipping, AdamW, moving average. Every draw is keyed by the step, so a training that is
/// stopped after any step and resumed from its <see cref="GptSnapshot"/> gives the same bits as an unbroken one.
/// </summary>
public sealed class GptTrainer : IDisposable
{
    private readonly GptModel _model;
    private readonly GptSettings _settings;
    private readonly GaussianDiffusion _diffusion;
    private readonly AdamW _optimizer;
    private readonly RandomStream _times, _noise, _dropout;
    private readonly List<float> _losses = [];
    private readonly GptBatch _batch;
    private readonly Tensor _loss;
    private readonly RepeatedWork _step;
    private OpCost _cost;

    /// <summary>A trainer of a built model, at step 0.</summary>
    public GptTrainer(GptModel model, GptSettings settings)
    {
        _model = model;
        _settings = settings;
        _diffusion = GaussianDiffusion.Linear(settings.DiffusionSteps);
        model.Parameters.StartAverage();
        _optimizer = new AdamW(model.Parameters, 0.9, 0.999, 1e-8, settings.WeightDecay, settings.Clip);
        _times = new RandomStream(settings.Seed, "gpt training times");
        _noise = new RandomStream(settings.Seed, "gpt training noise");
        _dropout = new RandomStream(settings.Seed, "gpt dropout");
        Device device = model.Parameters.Device;
        _batch = new GptBatch(device, settings.Batch, model.Tokens.Parameters);
        _loss = device.Persistent(1, device.FloatType);
        _step = device.Repeat(Compute);
    }

    /// <summary>Steps done.</summary>
    public long Step => _optimizer.Steps;

    /// <summary>How the device runs a step, as printed in run headers.</summary>
    public string Path => _step.Path;

    /// <summary>The training loss of every step so far.</summary>
    public IReadOnlyList<float> Losses => _losses;

    /// <summary>Trains until the last step or the cancellation, which is looked at between steps.</summary>
    /// <param name="pairs">Where batches come from.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops after the step in hand.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; the parameters are those of the step before.</exception>
    public void Train(PairSampler pairs, Action<GptProgress>? progress, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        long first = Step;
        double flops = 0;
        PairBatch? next = null;
        while (Step < _settings.TrainingSteps && !cancellation.IsCancellationRequested)
        {
            double rate = Schedules.WarmCosine(_settings.LearningRate, Step, _settings.TrainingSteps, _settings.WarmupSteps);
            Start(next ?? pairs.Draw(Step), rate);

            // The next pairs are drawn while the device is busy with these.
            next = Step + 1 < _settings.TrainingSteps ? pairs.Draw(Step + 1) : null;
            (double loss, double norm, OpCost cost) = Finish(rate);
            flops += cost.Flops;
            double seconds = watch.Elapsed.TotalSeconds;
            progress?.Invoke(new GptProgress(
                Step, _settings.TrainingSteps, loss, rate, norm, (Step - first) * _settings.Batch / seconds, flops / seconds * 1e-9));
        }
    }

    /// <summary>One step on a batch.</summary>
    /// <returns>The loss before the step, the gradient norm, the cost.</returns>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; the parameters are those of the step before.</exception>
    public (double Loss, double GradientNorm, OpCost Cost) TrainStep(PairBatch batch, double rate)
    {
        Start(batch, rate);
        return Finish(rate);
    }

    /// <summary>The same loss on other pairs, with the raw parameters and without dropout; the draws are those of the given step.</summary>
    public double TestLoss(PairBatch batch, long step)
    {
        Device device = _model.Parameters.Device;
        using Scope scope = device.Scope();
        using var there = new GptBatch(device, batch.Metric.Length, _model.Tokens.Parameters);
        there.Write(batch, _diffusion, _times.At(step));
        return Loss(Tape.Inference(device), there, step, null).Item();
    }

    /// <summary>Everything that a resumed training needs.</summary>
    public GptSnapshot Snapshot() => new(
        Step, [.. _losses], _model.State(average: false), _model.State(average: true),
        _model.Parameters.State(_optimizer.FirstMoment), _model.Parameters.State(_optimizer.SecondMoment));

    /// <summary>Continues from a snapshot.</summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    public void Restore(GptSnapshot snapshot)
    {
        _model.Load(snapshot.Weights, average: false);
        _model.Load(snapshot.Average, average: true);
        _model.Parameters.Load(snapshot.FirstMoment, _optimizer.FirstMoment);
        _model.Parameters.Load(snapshot.SecondMoment, _optimizer.SecondMoment);
        _optimizer.Steps = snapshot.Step;
        _losses.Clear();
        _losses.AddRange(snapshot.Losses);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _batch.Dispose();
        _loss.Dispose();
        _optimizer.Dispose();
    }

    private void Start(PairBatch pairs, double rate)
    {
        _batch.Write(pairs, _diffusion, _times.At(Step));
        _optimizer.Prepare(rate, _settings.RampAverage ? Schedules.RampedDecay(_settings.AverageDecay, Step) : _settings.AverageDecay);
        _step.Run(Step);
    }

    private (double Loss, double GradientNorm, OpCost Cost) Finish(double rate)
    {
        long step = Step + 1;
        double norm = _optimizer.Finish(), loss = _loss.Item();
        if (!double.IsFinite(norm)) throw new TrainingDivergedException("gpt", null, step, rate);
        _losses.Add((float)loss);
        return (loss, norm, _cost);
    }

    /// <summary>Loss, gradients and update of one step: everything that stays on the device.</summary>
    private void Compute(long step)
    {
        Device device = _model.Parameters.Device;
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        _model.Parameters.ZeroGradients();
        Tensor loss = Loss(tape, _batch, step, _dropout.At(step));
        tape.Backward(loss);
        device.Kernels.Copy(_loss, loss);
        _optimizer.Update(_loss);
        _cost = tape.Cost;
    }

    private Tensor Loss(Tape tape, GptBatch batch, long step, RandomStream? dropout)
    {
        Device device = tape.Device;
        Tensor epsilon = device.Empty(batch.Target.Shape), noisy = device.Empty(batch.Target.Shape);
        device.Kernels.Normal(epsilon, _noise.At(step));
        device.Kernels.CombineRows(noisy, batch.Target, batch.Signal, epsilon, batch.Noise);
        Tensor input = _model.Input(batch.Start, batch.Metric, batch.Prompt, batch.Difference);
        _model.WriteNoisy(input, noisy, batch.Time);
        return tape.MeanSquaredError(_model.Forward(tape, input, batch.Start, dropout), batch.Target);
    }
}

/// <summary>A training between two steps, by published names: weights, moving average, both moments, and the losses so far.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Losses">The training loss of every step.</param>
/// <param name="Weights">The raw weights (<c>G</c>).</param>
/// <param name="Average">Their moving average (<c>G_ema</c>).</param>
/// <param name="FirstMoment">First moment of the optimiser.</param>
/// <param name="SecondMoment">Second moment of the optimiser.</param>
public sealed record GptSnapshot(
    long Step,
    float[] Losses,
    IReadOnlyDictionary<string, float[]> Weights,
    IReadOnlyDictionary<string, float[]> Average,
    IReadOnlyDictionary<string, float[]> FirstMoment,
    IReadOnlyDictionary<string, float[]> SecondMoment);
