using System.Diagnostics;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Zoos;

/// <summary>
/// The runs of one group, trained in lockstep inside the scope that is open: weights and velocities are <c>[runs, parameters]</c>,
/// and a step is one forward and backward pass and one update for all of them.
/// </summary>
/// <remarks>
/// Minibatches are uploaded and losses read back for a block of steps at a time: on a GPU a step waits for nothing.
/// All that is random about a run comes from streams of its number, and all arithmetic on it stays in its row.
/// </remarks>
internal sealed class LockstepGroup
{
    /// <summary>Steps between two looks at the losses.</summary>
    private const int BlockSteps = 64;

    private readonly Device _device;
    private readonly ILockstepTarget _target;
    private readonly ZooSettings _settings;
    private readonly int _group, _first, _count, _batch, _stepsPerEpoch, _steps, _orders;
    private readonly Tensor _images;
    private readonly int[] _imageLabels;

    // Velocity: the first moment, when there is a second one.
    private readonly Tensor _weights, _velocity, _rates;
    private readonly Tensor? _decays, _square;

    // A block of steps: which images [step, order, batch], their labels [step, run, batch], logits [step, run, batch, classes] and
    // mean losses [step, run] before the update.
    private readonly Tensor _index, _labels, _logits, _losses;
    private readonly int[] _indexHost, _labelsHost;
    private readonly float[] _lossesHost;

    // What is saved, a row per run and checkpoint.
    private readonly int[][] _savedSteps;
    private readonly int[] _next;
    private readonly Tensor _savedWeights;
    private readonly List<(int Row, int Run, int InBlock)> _unjudged = [];
    private readonly float[] _trainLoss, _trainError;

    public LockstepGroup(
        Device device, ILockstepTarget target, Tensor images, int[] labels, int classes, ZooSettings settings, int group)
    {
        _device = device;
        _target = target;
        _settings = settings;
        _images = images;
        _imageLabels = labels;
        _group = group;
        _first = group * settings.GroupSize;
        _count = Math.Min(settings.GroupSize, settings.Runs - _first);
        _batch = settings.BatchSize;
        _stepsPerEpoch = settings.StepsPerEpoch(labels.Length);
        _steps = settings.Steps(labels.Length);
        _orders = settings.SharedOrder ? 1 : _count;
        int parameters = (int)target.Layout.Count, saved = checked(_count * settings.SavedPerRun);
        int block = Math.Min(BlockSteps, _stepsPerEpoch);

        _weights = device.Empty((_count, parameters));
        _velocity = device.Zeros((_count, parameters));
        _rates = device.Empty(_count);
        if (settings.Optimizer == ZooOptimizer.Adam) _square = device.Zeros((_count, parameters));
        if (settings.Decays is not null) _decays = device.From([.. settings.Decays.Skip(_first).Take(_count)], _count);
        _index = device.Empty((block, _orders * _batch), DType.I32);
        _labels = device.Empty((block, _count * _batch), DType.I32);
        _logits = device.Empty((block, _count, _batch, classes));
        _losses = device.Empty((block, _count));
        _indexHost = new int[_index.Elements];
        _labelsHost = new int[_labels.Elements];
        _lossesHost = new float[_losses.Elements];
        _savedSteps = [.. Enumerable.Range(_first, _count).Select(run => settings.KeptEpochs is { } kept
            ? [.. kept.Select(epoch => epoch * _stepsPerEpoch)]
            : CheckpointSteps.Draw(_steps, settings.Checkpoints, Stream(run).Sub("checkpoints")))];
        _next = new int[_count];
        _savedWeights = device.Empty((saved, parameters));
        _trainLoss = new float[saved];
        _trainError = new float[saved];
    }

    /// <summary>The learning rate of a run's step, counted from 1: a cosine over epochs, constant within one, or constant throughout.</summary>
    public static double RateAt(ZooSettings settings, int images, int run, int step) =>
        EpochRate(settings, run, Math.Max(0, step - 1) / settings.StepsPerEpoch(images));

    /// <summary>Trains to the end.</summary>
    public Population Run(Action<ZooProgress>? progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        Initialize();
        int step = 0;
        for (int epoch = 0; epoch < _settings.Epochs; epoch++)
        {
            int[][] orders = EpochOrders(epoch);
            _device.WriteFloats(_rates, [.. Enumerable.Range(_first, _count).Select(run => (float)EpochRate(_settings, run, epoch))]);
            for (int begin = 0; begin < _stepsPerEpoch; begin += BlockSteps)
            {
                int steps = Math.Min(BlockSteps, _stepsPerEpoch - begin);
                Block(orders, begin, steps, step, cancellation);
                step += steps;
                Report(progress, start, step, 0);
            }
        }

        Population population = Saved();
        Report(progress, start, step, _count);
        return population;
    }

    private static double EpochRate(ZooSettings settings, int run, int epoch)
    {
        double rate = settings.Rates?[run] ?? settings.BaseRate;
        return settings.ConstantRate ? rate : Schedules.Cosine(rate, (double)epoch / settings.Epochs);
    }

    private RandomStream Stream(int run) => new RandomStream(_settings.Seed, "zoo").Sub("run", run);

    private void Initialize()
    {
        var rows = new float[_weights.Elements];
        int parameters = _weights.Shape[1];
        for (int k = 0; k < _count; k++)
            _target.Initialize(rows.AsSpan(k * parameters, parameters), Stream(_first + k).Sub("initialisation"));
        _device.WriteFloats(_weights, rows);
        using Scope scope = _device.Scope();
        for (int k = 0; k < _count; k++)
        {
            if (IsDue(k, 0)) Save(k);
        }
    }

    private int[][] EpochOrders(int epoch) => _settings.SharedOrder
        ? [new RandomStream(_settings.Seed, "zoo").Sub("group", _group).Sub("order").At(epoch).Permutation(_imageLabels.Length)]
        : [.. Enumerable.Range(_first, _count).Select(run => Stream(run).Sub("order").At(epoch).Permutation(_imageLabels.Length))];

    /// <summary>Some steps of one epoch, from <paramref name="begin"/> in the epoch and <paramref name="done"/> in the run.</summary>
    private void Block(int[][] orders, int begin, int steps, int done, CancellationToken cancellation)
    {
        using Scope scope = _device.Scope();
        Upload(orders, begin, steps);
        for (int i = 0; i < steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(i, done + i + 1);
        }

        CheckLosses(steps, done);
        JudgeMinibatches();
    }

    private void Upload(int[][] orders, int begin, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            int images = (begin + i) * _batch;
            for (int o = 0; o < _orders; o++) orders[o].AsSpan(images, _batch).CopyTo(_indexHost.AsSpan((i * _orders + o) * _batch));
            for (int k = 0; k < _count; k++)
            {
                ReadOnlySpan<int> of = orders[k % _orders].AsSpan(images, _batch);
                Span<int> labels = _labelsHost.AsSpan((i * _count + k) * _batch, _batch);
                for (int j = 0; j < _batch; j++) labels[j] = _imageLabels[of[j]];
            }
        }

        _index.Slice(0, steps).Write<int>(_indexHost.AsSpan(0, steps * _orders * _batch));
        _labels.Slice(0, steps).Write<int>(_labelsHost.AsSpan(0, steps * _count * _batch));
    }

    private void Step(int inBlock, int step)
    {
        IKernels kernels = _device.Kernels;
        using Scope scope = _device.Scope();
        Tensor gradient = _device.Empty(_weights.Shape), logits = _device.Empty((_count, _batch, _logits.Shape[3]));
        _target.Backpropagate(
            gradient, _losses.Slice(inBlock, 1).Reshape(_count), logits, _weights, _images, _index.Slice(inBlock, 1).Reshape((_orders, _batch)),
            _labels.Slice(inBlock, 1).Reshape((_count, _batch)));
        if (NoteDue(step, inBlock)) kernels.Copy(_logits.Slice(inBlock, 1), logits);
        double decay = _settings.WeightDecay;
        if (_decays is not null)
        {
            // The kernel has one decay for all rows, so theirs are added to the gradient first.
            Tensor decayed = _device.Empty(gradient.Shape), ones = _device.Empty(_count);
            kernels.Fill(ones, 1);
            kernels.CombineRows(decayed, gradient, ones, _weights, _decays);
            (gradient, decay) = (decayed, 0);
        }

        if (_square is null) kernels.NesterovRows(_weights, _velocity, gradient, _rates, _settings.Momentum, decay, step == 1);
        else kernels.AdamRows(_weights, _velocity, _square, gradient, _rates, 0.9, 0.999, 1e-8, decay, step);
        for (int k = 0; k < _count; k++)
        {
            if (IsDue(k, step)) Save(k);
        }
    }

    private bool IsDue(int k, int step) => _next[k] < _settings.SavedPerRun && _savedSteps[k][_next[k]] == step;

    /// <summary>Notes which checkpoints the minibatch of a step belongs to, the first one also to step 0; whether there are any.</summary>
    private bool NoteDue(int step, int inBlock)
    {
        int before = _unjudged.Count;
        for (int k = 0; k < _count; k++)
        {
            if (step == 1 && _savedSteps[k][0] == 0) _unjudged.Add((k * _settings.SavedPerRun, k, inBlock));
            if (IsDue(k, step)) _unjudged.Add((k * _settings.SavedPerRun + _next[k], k, inBlock));
        }

        return _unjudged.Count > before;
    }

    /// <summary>Copies a run's weights to its next checkpoint, on the device.</summary>
    private void Save(int k) =>
        _device.Kernels.Copy(_savedWeights.Slice(k * _settings.SavedPerRun + _next[k]++, 1), _weights.Slice(k, 1));

    private void CheckLosses(int steps, int done)
    {
        _device.ReadFloats(_losses.Slice(0, steps), _lossesHost.AsSpan(0, steps * _count));
        for (int i = 0; i < steps * _count; i++)
        {
            if (!float.IsFinite(_lossesHost[i])) throw Diverged(_first + i % _count, done + i / _count + 1);
        }
    }

    /// <summary>Loss and error of the minibatches of a block's checkpoints.</summary>
    private void JudgeMinibatches()
    {
        int classes = _logits.Shape[3];
        var logits = new float[_batch * classes];
        foreach ((int row, int run, int inBlock) in _unjudged)
        {
            Tensor networks = _logits.Slice(inBlock, 1).Reshape((_count, _batch * classes));
            _device.ReadFloats(networks.Slice(run, 1), logits);
            int wrong = 0;
            for (int j = 0; j < _batch; j++)
            {
                if (PopulationEvaluation.FirstMaximum(logits.AsSpan(j * classes, classes)) != _labelsHost[(inBlock * _count + run) * _batch + j]) wrong++;
            }

            _trainLoss[row] = _lossesHost[inBlock * _count + run];
            _trainError[row] = 100f * wrong / _batch;
        }

        _unjudged.Clear();
    }

    private Population Saved()
    {
        var weights = new float[_savedWeights.Elements];
        _device.ReadFloats(_savedWeights, weights);
        int[] run = [.. Enumerable.Range(0, weights.Length / _savedWeights.Shape[1]).Select(row => _first + row / _settings.SavedPerRun)];
        var population = new Population(_target.Name, _target.Layout, weights, run, [.. _savedSteps.SelectMany(s => s)])
        {
            Metrics = new Dictionary<string, float[]> { ["train_loss"] = _trainLoss, ["train_error"] = _trainError },
        };

        // The last update can spoil weights whose loss nobody computes any more.
        if (FiniteRows.Bad(weights, population.Parameters) is [int spoilt, ..]) throw Diverged(run[spoilt], population.Step[spoilt]);
        return population;
    }

    private TrainingDivergedException Diverged(int run, int step) =>
        new(_target.Name, run, step, RateAt(_settings, _imageLabels.Length, run, step));

    private void Report(Action<ZooProgress>? progress, long start, int step, int done)
    {
        if (progress is null) return;
        double seconds = Math.Max(1e-9, Stopwatch.GetElapsedTime(start).TotalSeconds), rate = step / seconds;
        progress(new ZooProgress(_first + done, _settings.Runs, _group, step, _steps, rate, rate * _count / _steps));
    }
}
