using System.Diagnostics;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Models.Diffusion;

namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Training loss of the last step.</param>
/// <param name="NetworksPerSecond">Networks per second since the training was started or resumed.</param>
/// <param name="GigaflopsPerSecond">Arithmetic of the ops per second, forward and backward.</param>
public readonly record struct HyperDiffusionProgress(long Step, long Steps, double Loss, double NetworksPerSecond, double GigaflopsPerSecond);

/// <summary>
/// The training loop of HyperDiffusion (specification, section 3.2 and 3.3): uniform times, mean squared error of the predicted clean weights, AdamW that decays
/// everything. Every draw is keyed by the step, so a training that is stopped and resumed from its <see cref="HyperDiffusionSnapshot"/> gives the same bits.
/// </summary>
public sealed class HyperDiffusionTrainer : IDisposable
{
    /// <summary>The published schedule: times 0.9 every 200 epochs.</summary>
    private const int EpochsPerFall = 200;

    private const double Fall = 0.9, LateShare = 0.6, LateFall = 0.05;

    private readonly HyperDiffusionModel _model;
    private readonly HyperDiffusionSettings _settings;
    private readonly HyperDiffusionData _data;
    private readonly GaussianDiffusion _diffusion;
    private readonly AdamW _optimizer;
    private readonly RandomStream _order, _times, _noise, _inputNoise, _dropout;
    private readonly List<float> _losses = [];
    private readonly Tensor _rows, _loss;
    private readonly Batch _full, _last;
    private OpCost _cost;
    private (long Epoch, int[] Order) _epoch = (-1, []);

    /// <summary>A trainer of a built model, at step 0.</summary>
    public HyperDiffusionTrainer(HyperDiffusionModel model, HyperDiffusionSettings settings, HyperDiffusionData data)
    {
        (_model, _settings, _data) = (model, settings, data);
        _diffusion = HyperDiffusionGenerator.Diffusion(settings);
        _optimizer = new AdamW(model.Parameters, 0.9, 0.999, 1e-8, settings.WeightDecay, double.PositiveInfinity, decayAll: true);
        _order = new RandomStream(settings.Seed, "hyperdiffusion order");
        _times = new RandomStream(settings.Seed, "hyperdiffusion training times");
        _noise = new RandomStream(settings.Seed, "hyperdiffusion training noise");
        _inputNoise = new RandomStream(settings.Seed, "hyperdiffusion input noise");
        _dropout = new RandomStream(settings.Seed, "hyperdiffusion dropout");
        Device device = model.Parameters.Device;
        _rows = device.Persistent((data.Count, model.TargetParameters), device.FloatType);
        device.WriteFloats(_rows, data.Rows);
        _loss = device.Persistent(1, device.FloatType);
        int batch = Math.Min(settings.Batch, data.Count), rest = data.Count % batch;
        _full = new Batch(device, batch, Compute);
        _last = rest == 0 ? _full : new Batch(device, rest, Compute);
    }

    /// <summary>Steps done.</summary>
    public long Step => _optimizer.Steps;

    /// <summary>How the device runs a step, as printed in run headers.</summary>
    public string Path => _full.Work.Path;

    /// <summary>The training loss of every step so far.</summary>
    public IReadOnlyList<float> Losses => _losses;

    private int StepsPerEpoch => (_data.Count + _full.Count - 1) / _full.Count;

    /// <summary>Trains until the last step or the cancellation, which is looked at between steps.</summary>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; the parameters are those of the step before.</exception>
    public void Train(Action<HyperDiffusionProgress>? progress, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        long first = Step;
        double flops = 0;
        while (Step < _settings.TrainingSteps && !cancellation.IsCancellationRequested)
        {
            double loss = TrainStep();
            flops += _cost.Flops;
            double seconds = watch.Elapsed.TotalSeconds;
            progress?.Invoke(new HyperDiffusionProgress(Step, _settings.TrainingSteps, loss, (Step - first) * _full.Count / seconds, flops / seconds * 1e-9));
        }
    }

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double RateAt(long step)
    {
        if (_settings.Schedule == HyperDiffusionSchedule.StepPerEpochs) return _settings.LearningRate * Math.Pow(Fall, step / StepsPerEpoch / EpochsPerFall);
        double late = (step - LateShare * _settings.TrainingSteps) / ((1 - LateShare) * _settings.TrainingSteps);
        return _settings.LearningRate * Math.Pow(LateFall, Math.Max(0, late));
    }

    /// <summary>Everything that a resumed training needs.</summary>
    public HyperDiffusionSnapshot Snapshot() => new(
        Step, [.. _losses], _model.State(), _model.Parameters.State(_optimizer.FirstMoment), _model.Parameters.State(_optimizer.SecondMoment));

    /// <summary>Continues from a snapshot.</summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    public void Restore(HyperDiffusionSnapshot snapshot)
    {
        _model.Load(snapshot.Weights);
        if (snapshot.FirstMoment.Count > 0)
        {
            _model.Parameters.Load(snapshot.FirstMoment, _optimizer.FirstMoment);
            _model.Parameters.Load(snapshot.SecondMoment, _optimizer.SecondMoment);
        }

        _optimizer.Steps = snapshot.Step;
        _losses.Clear();
        _losses.AddRange(snapshot.Losses);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_last != _full) _last.Dispose();
        _full.Dispose();
        _rows.Dispose();
        _loss.Dispose();
        _optimizer.Dispose();
    }

    internal double TrainStep()
    {
        long step = Step, epoch = step / StepsPerEpoch;
        if (_epoch.Epoch != epoch) _epoch = (epoch, _order.At(epoch).Permutation(_data.Count));
        int first = (int)(step % StepsPerEpoch) * _full.Count;
        Batch batch = _data.Count - first < _full.Count ? _last : _full;
        batch.Write(_epoch.Order.AsSpan(first, batch.Count), _diffusion, _times.At(step));
        double rate = RateAt(step);
        _optimizer.Prepare(rate, 0);
        batch.Work.Run(step);
        double norm = _optimizer.Finish(), loss = _loss.Item();
        if (!double.IsFinite(norm)) throw new TrainingDivergedException("hyperdiffusion", null, step + 1, rate);
        _losses.Add((float)loss);
        return loss;
    }

    /// <summary>Loss, gradients and update of one step: everything that stays on the device.</summary>
    private void Compute(Batch batch, long step)
    {
        Device device = _model.Parameters.Device;
        IKernels kernels = device.Kernels;
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        _model.Parameters.ZeroGradients();
        Shape shape = (batch.Count, _model.TargetParameters);
        Tensor clean = device.Empty(shape), epsilon = device.Empty(shape), noisy = device.Empty(shape);
        kernels.GatherRows(clean, _rows, batch.Index);
        if (_settings.InputNoise > 0)
        {
            kernels.Normal(epsilon, _inputNoise.At(step));
            kernels.Axpby(clean, epsilon, _settings.InputNoise * _data.Scaling.Deviation, 1);
        }

        kernels.Normal(epsilon, _noise.At(step));
        kernels.CombineRows(noisy, clean, batch.Signal, epsilon, batch.Noise);
        Tensor loss = tape.MeanSquaredError(_model.Forward(tape, noisy, batch.Time, _settings.Dropout > 0 ? _dropout.At(step) : null), clean);
        tape.Backward(loss);
        kernels.Copy(_loss, loss);
        _optimizer.Update(_loss);
        _cost = tape.Cost;
    }

    /// <summary>One size of batch on the device, in tensors that stay where they are, and the step that works on it.</summary>
    private sealed class Batch : IDisposable
    {
        private readonly float[] _time, _signal, _noise;

        public Batch(Device device, int count, Action<Batch, long> compute)
        {
            Count = count;
            Index = device.Persistent(count, DType.I32);
            (Time, Signal, Noise) = (device.Persistent(count, device.FloatType), device.Persistent(count, device.FloatType), device.Persistent(count, device.FloatType));
            (_time, _signal, _noise) = (new float[count], new float[count], new float[count]);
            Work = device.Repeat(step => compute(this, step));
        }

        public int Count { get; }

        public Tensor Index { get; }

        public Tensor Time { get; }

        public Tensor Signal { get; }

        public Tensor Noise { get; }

        public RepeatedWork Work { get; }

        public void Write(ReadOnlySpan<int> rows, GaussianDiffusion diffusion, RandomStream times)
        {
            for (int i = 0; i < Count; i++)
            {
                int t = times.Integer(i, diffusion.Steps);
                (double signal, double noise) = diffusion.Forward(t);
                (_time[i], _signal[i], _noise[i]) = (t, (float)signal, (float)noise);
            }

            Index.Write(rows);
            Time.Device.WriteFloats(Time, _time);
            Time.Device.WriteFloats(Signal, _signal);
            Time.Device.WriteFloats(Noise, _noise);
        }

        public void Dispose()
        {
            Work.Dispose();
            foreach (Tensor tensor in new[] { Index, Time, Signal, Noise }) tensor.Dispose();
        }
    }
}

/// <summary>A training between two steps, by published names.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Losses">The training loss of every step.</param>
/// <param name="Weights">The weights.</param>
/// <param name="FirstMoment">First moment of the optimiser; empty for a state made elsewhere.</param>
/// <param name="SecondMoment">Second moment of the optimiser.</param>
public sealed record HyperDiffusionSnapshot(
    long Step, float[] Losses, IReadOnlyDictionary<string, float[]> Weights, IReadOnlyDictionary<string, float[]> FirstMoment,
    IReadOnlyDictionary<string, float[]> SecondMoment);
