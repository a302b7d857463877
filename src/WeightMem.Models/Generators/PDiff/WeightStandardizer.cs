using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>What weights are standardised by.</summary>
public enum WeightScaling
{
    /// <summary>One mean and deviation for each tensor: the mean over checkpoints of its mean and of its (unbiased) deviation within, as published (specification 4).</summary>
    PerTensor,

    /// <summary>Mean and unbiased deviation of each parameter over the checkpoints: what differs between checkpoints has unit variance.</summary>
    PerParameter,
}

/// <summary>Weights to model inputs and back: standardised, and padded with zeros to whole rows of 64.</summary>
public sealed class WeightStandardizer
{
    /// <summary>Inputs come in rows of so many.</summary>
    public const int Row = 64;

    private readonly float[] _mean, _deviation;

    /// <summary>A known scaling.</summary>
    /// <param name="mean">Mean of each parameter.</param>
    /// <param name="deviation">Deviation of each, positive.</param>
    public WeightStandardizer(float[] mean, float[] deviation) => (_mean, _deviation) = (mean, deviation);

    /// <summary>Mean of each parameter.</summary>
    public IReadOnlyList<float> Mean => _mean;

    /// <summary>Deviation of each parameter.</summary>
    public IReadOnlyList<float> Deviation => _deviation;

    /// <summary>Weights of a network.</summary>
    public int Parameters => _mean.Length;

    /// <summary>Values of a model input: the weights and the padding.</summary>
    public int Length => PaddedLength(Parameters);

    /// <summary>So many weights and their padding.</summary>
    public static int PaddedLength(int parameters) => (parameters + Row - 1) / Row * Row;

    /// <summary>Measures a population.</summary>
    /// <exception cref="ArgumentException">There are fewer than two networks, or a tensor or parameter does not vary.</exception>
    public static WeightStandardizer Fit(Population population, WeightScaling scaling)
    {
        if (population.Count < 2) throw new ArgumentException("to standardise weights takes two networks at least");
        double[] mean = new double[population.Parameters], deviation = new double[population.Parameters];
        if (scaling == WeightScaling.PerTensor) OfTensors(population, mean, deviation);
        else OfParameters(population, mean, deviation);
        return new WeightStandardizer(Array.ConvertAll(mean, m => (float)m), Array.ConvertAll(deviation, d => (float)d));
    }

    /// <summary>inputs = (weights - mean) / deviation, then zeros.</summary>
    /// <param name="weights">One network's row.</param>
    /// <param name="inputs">Gets <see cref="Length"/> values.</param>
    public void Standardize(ReadOnlySpan<float> weights, Span<float> inputs)
    {
        for (int i = 0; i < weights.Length; i++) inputs[i] = (weights[i] - _mean[i]) / _deviation[i];
        inputs[weights.Length..].Clear();
    }

    /// <summary>weights = inputs * deviation + mean; the padding is left out.</summary>
    public void Restore(ReadOnlySpan<float> inputs, Span<float> weights)
    {
        for (int i = 0; i < weights.Length; i++) weights[i] = inputs[i] * _deviation[i] + _mean[i];
    }

    private static void OfTensors(Population population, double[] mean, double[] deviation)
    {
        foreach (ParameterEntry entry in population.Layout.Entries)
        {
            double means = 0, deviations = 0;
            for (int i = 0; i < population.Count; i++)
            {
                ReadOnlySpan<float> values = population.Row(i).Slice((int)entry.Offset, (int)entry.Count);
                double sum = 0, squares = 0;
                foreach (float v in values) sum += v;
                foreach (float v in values) squares += (v - sum / values.Length) * (v - sum / values.Length);
                means += sum / values.Length / population.Count;
                deviations += Math.Sqrt(squares / Math.Max(1, values.Length - 1)) / population.Count;
            }

            if (!(deviations > 0)) throw new ArgumentException($"{entry.Name} is the same everywhere in every network: there is nothing to standardise");
            mean.AsSpan((int)entry.Offset, (int)entry.Count).Fill(means);
            deviation.AsSpan((int)entry.Offset, (int)entry.Count).Fill(deviations);
        }
    }

    private static void OfParameters(Population population, double[] mean, double[] deviation)
    {
        for (int p = 0; p < mean.Length; p++)
        {
            double sum = 0, squares = 0;
            for (int i = 0; i < population.Count; i++) sum += population.Weights[(long)i * mean.Length + p];
            mean[p] = sum / population.Count;
            for (int i = 0; i < population.Count; i++) squares += Math.Pow(population.Weights[(long)i * mean.Length + p] - mean[p], 2);
            deviation[p] = Math.Sqrt(squares / (population.Count - 1));
            if (!(deviation[p] > 0)) throw new ArgumentException($"parameter {p} is the same in every network: there is nothing to standardise");
        }
    }
}
