using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>One training batch on the host: normalised start and target rows, the metrics of both.</summary>
public sealed class PairBatch(int count, int parameters)
{
    /// <summary>Normalised start weights <c>[count, parameters]</c>.</summary>
    public float[] Start { get; } = new float[(long)count * parameters];

    /// <summary>Normalised target weights <c>[count, parameters]</c>.</summary>
    public float[] Target { get; } = new float[(long)count * parameters];

    /// <summary>Metric of the start.</summary>
    public float[] Metric { get; } = new float[count];

    /// <summary>Metric of the target: what is asked for.</summary>
    public float[] Prompt { get; } = new float[count];

    /// <summary>Prompt minus metric, subtracted in double precision.</summary>
    public float[] Difference { get; } = new float[count];
}

/// <summary>
/// Draws ordered pairs of checkpoints of one run (specification 1.4): every run equally often, the spacing uniform, the target always later. Item i of training is a
/// pure function of the seed and i, so training resumes with the same pairs.
/// </summary>
public sealed class PairSampler
{
    private readonly Population _population;
    private readonly IImageTarget _target;
    private readonly GptSettings _settings;
    private readonly Normalizer _normalizer;
    private readonly Device _device;
    private readonly ImageSet _conditioning;
    private readonly int[][] _rowsOfRun;
    private readonly float[] _metric;
    private readonly RandomStream _order, _pairs, _permutations, _fresh, _noise;
    private readonly int _epochItems;
    private int[] _epochOrder = [];
    private long _epoch = -1;

    /// <summary>A sampler over a population whose loss has been measured.</summary>
    /// <param name="population">Checkpoints with runs, steps and loss.</param>
    /// <param name="target">The target, for permutations and fresh starts.</param>
    /// <param name="settings">Batch, epoch, augmentation, seed.</param>
    /// <param name="normalizer">The scaling.</param>
    /// <param name="device">Where the loss of fresh starts is measured.</param>
    /// <param name="conditioning">The images that the loss of fresh starts is measured on: the ones the population's loss is from.</param>
    /// <exception cref="ArgumentException">The loss has not been measured, or a run has a single checkpoint.</exception>
    public PairSampler(Population population, IImageTarget target, GptSettings settings, Normalizer normalizer, Device device, ImageSet conditioning)
    {
        _population = population;
        _metric = population.Loss ?? throw new ArgumentException("gpt needs the loss of every checkpoint, and the population has none: measure it first");
        _target = target;
        _settings = settings;
        _normalizer = normalizer;
        _device = device;
        _conditioning = conditioning;
        _rowsOfRun = [.. Enumerable.Range(0, population.Count).GroupBy(i => population.Run[i]).OrderBy(g => g.Key)
            .Select(g => g.OrderBy(i => population.Step[i]).ToArray())];
        if (_rowsOfRun.FirstOrDefault(rows => rows.Length < 2) is { } lonely)
            throw new ArgumentException($"gpt learns from pairs of checkpoints, and run {population.Run[lonely[0]]} has only one");
        _epochItems = _rowsOfRun.Length * Math.Max(1, settings.EpochItems / _rowsOfRun.Length);
        _order = new RandomStream(settings.Seed, "gpt epoch order");
        _pairs = new RandomStream(settings.Seed, "gpt pairs");
        _permutations = new RandomStream(settings.Seed, "gpt permutations");
        _fresh = new RandomStream(settings.Seed, "gpt fresh starts");
        _noise = new RandomStream(settings.Seed, "gpt input noise");
    }

    /// <summary>Items of one epoch: a whole multiple of the runs.</summary>
    public int EpochItems => _epochItems;

    /// <summary>The rows of the pair of item <paramref name="item"/>: start and target in the population.</summary>
    public (int Start, int Target) Pair(long item)
    {
        long epoch = item / _epochItems;
        if (epoch != _epoch)
        {
            _epochOrder = _order.At(epoch).Permutation(_epochItems);
            _epoch = epoch;
        }

        int[] rows = _rowsOfRun[_epochOrder[item % _epochItems] % _rowsOfRun.Length];
        RandomStream draw = _pairs.At(item);
        int spacing = 1 + draw.Integer(0, rows.Length - 1);
        int first = draw.Integer(1, rows.Length - spacing);
        return (rows[first], rows[first + spacing]);
    }

    /// <summary>The batch of a training step.</summary>
    public PairBatch Draw(long step)
    {
        int parameters = _population.Parameters;
        var batch = new PairBatch(_settings.Batch, parameters);
        var fresh = new List<int>();
        for (int i = 0; i < _settings.Batch; i++)
        {
            long item = step * _settings.Batch + i;
            (int start, int target) = Pair(item);
            Span<float> startRow = batch.Start.AsSpan(i * parameters, parameters), targetRow = batch.Target.AsSpan(i * parameters, parameters);
            batch.Metric[i] = _metric[start];
            batch.Prompt[i] = _metric[target];
            batch.Difference[i] = (float)((double)_metric[target] - _metric[start]);
            if (_settings.FreshStarts > 0 && _pairs.At(item).Double(2) < _settings.FreshStarts)
            {
                _target.Initialize(startRow, _fresh.Sub("start", item));
                fresh.Add(i);
            }
            else
            {
                _population.Row(start).CopyTo(startRow);
            }

            _population.Row(target).CopyTo(targetRow);
            if (_settings.PermutationAugmentation)
            {
                int[] index = _target.PermutationIndex([.. _target.HiddenWidths.Select((width, layer) => _permutations.Sub("layer", layer).At(item).Permutation(width))]);
                Permute(startRow, index);
                Permute(targetRow, index);
            }
        }

        if (fresh.Count > 0) MeasureFresh(batch, fresh);
        _normalizer.Normalize(batch.Start, batch.Start);
        _normalizer.Normalize(batch.Target, batch.Target);
        if (_settings.InputNoise > 0)
        {
            AddNoise(batch.Start, _noise.Sub("start", step));
            AddNoise(batch.Target, _noise.Sub("target", step));
        }

        return batch;
    }

    private void MeasureFresh(PairBatch batch, List<int> fresh)
    {
        int parameters = _population.Parameters;
        var weights = new float[fresh.Count * parameters];
        for (int k = 0; k < fresh.Count; k++) batch.Start.AsSpan(fresh[k] * parameters, parameters).CopyTo(weights.AsSpan(k * parameters));
        var starts = new Population(_population.Target, _population.Layout, weights);
        _target.Evaluate(_device, starts, _conditioning);
        for (int k = 0; k < fresh.Count; k++)
        {
            batch.Metric[fresh[k]] = starts.Loss![k];
            batch.Difference[fresh[k]] = (float)((double)batch.Prompt[fresh[k]] - starts.Loss[k]);
        }
    }

    private void AddNoise(float[] weights, RandomStream stream)
    {
        using Scope scope = _device.Scope();
        Tensor noise = _device.Empty(weights.Length);
        _device.Kernels.Normal(noise, stream);
        var values = new float[weights.Length];
        _device.ReadFloats(noise, values);
        double deviation = _settings.InputNoise * Normalizer.Deviation;
        for (int i = 0; i < weights.Length; i++) weights[i] += (float)(deviation * values[i]);
    }

    private static void Permute(Span<float> row, int[] index)
    {
        float[] old = row.ToArray();
        for (int i = 0; i < row.Length; i++) row[i] = old[index[i]];
    }
}
