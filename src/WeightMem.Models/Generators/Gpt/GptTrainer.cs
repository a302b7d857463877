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
    }

    /// <summary>Steps done.</summary>
    public long Step => _optimizer.Steps;

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
        while (Step < _settings.TrainingSteps && !cancellation.IsCancellationRequested)
        {
            double rate = Schedules.WarmCosine(_settings.LearningRate, Step, _settings.TrainingSteps, _settings.WarmupSteps);
            (double loss, double norm, OpCost cost) = TrainStep(pairs.Draw(Step), rate);
            flops += cost.Flops;
            double seconds = watch.Elapsed.TotalSeconds;
            progress?.Invoke(new GptProgress(
                Step, _settings.TrainingSteps, loss, rate, norm, (Step - first) * _settings.Batch / seconds, flops / seconds * 1e-9));
        }
    }

    /// <summary>One step on a batch.</summary>
    /// <returns>The loss before the step, the gradient norm, the cost.</returns>
    public (double Loss, double GradientNorm, OpCost Cost) TrainStep(PairBatch batch, double rate)
    {
        Device device = _model.Parameters.Device;
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        _model.Parameters.ZeroGradients();
        Tensor loss = Loss(tape, batch, Step, _dropout.At(Step));
        tape.Backward(loss);
        double value = loss.Item();
        double decay = _settings.RampAverage ? Schedules.RampedDecay(_settings.AverageDecay, Step) : _settings.AverageDecay;
        double norm = double.IsFinite(value) ? _optimizer.Step(rate, decay) : double.NaN;
        if (!double.IsFinite(norm)) throw new TrainingDivergedException("gpt", null, Step + 1, rate);
        _losses.Add((float)value);
        return (value, norm, tape.Cost);
    }

    /// <summary>The same loss on other pairs, with the raw parameters and without dropout; the draws are those of the given step.</summary>
    public double TestLoss(PairBatch batch, long step)
    {
        using Scope scope = _model.Parameters.Device.Scope();
        return Loss(Tape.Inference(_model.Parameters.Device), batch, step, null).Item();
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
    public void Dispose() => _optimizer.Dispose();

    private Tensor Loss(Tape tape, PairBatch batch, long step, RandomStream? dropout)
    {
        Device device = tape.Device;
        int count = batch.Metric.Length, parameters = _model.Tokens.Parameters;
        float[] time = new float[count], signal = new float[count], noise = new float[count];
        for (int i = 0; i < count; i++)
        {
            int t = _times.At(step).Integer(i, _diffusion.Steps);
            (double s, double n) = _diffusion.Forward(t);
            (time[i], signal[i], noise[i]) = (_diffusion.Timesteps[t], (float)s, (float)n);
        }

        Tensor start = device.From(batch.Start, (count, parameters)), target = device.From(batch.Target, (count, parameters));
        Tensor epsilon = device.Empty((count, parameters)), noisy = device.Empty((count, parameters));
        device.Kernels.Normal(epsilon, _noise.At(step));
        device.Kernels.CombineRows(noisy, target, device.From(signal, count), epsilon, device.From(noise, count));
        Tensor input = _model.Input(start, device.From(batch.Metric, count), device.From(batch.Prompt, count), device.From(batch.Difference, count));
        _model.WriteNoisy(input, noisy, device.From(time, count));
        return tape.MeanSquaredError(_model.Forward(tape, input, start, dropout), target);
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
