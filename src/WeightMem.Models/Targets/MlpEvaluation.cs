using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>Judging populations of perceptrons: accuracy, loss, error masks, label maps.</summary>
public sealed partial class Mlp
{
    /// <summary>Weights on the device at a time, in floats: 256 MiB, beyond which a larger pass is not faster.</summary>
    private const long EvaluationFloats = 1L << 26;

    /// <summary>Logits of a label map on the device at a time, in floats.</summary>
    private const long PredictionFloats = 1L << 22;

    /// <inheritdoc/>
    /// <remarks>All rows in one pass; weights and images are uploaded once. Rows beyond 256 MiB of weights go in further passes.</remarks>
    /// <exception cref="ArgumentException">Also when weights are NaN or infinite: the message names the rows.</exception>
    public void Evaluate(Device device, Population population, ImageSet images) =>
        Evaluate(device, population, images, (int)Math.Clamp(EvaluationFloats / Parameters, 1, int.MaxValue));

    /// <summary>
    /// The class that each network gives to each point: label maps, for decision boundaries.
    /// </summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">The networks.</param>
    /// <param name="images">Points as the networks take them, <c>[points, inputs]</c>.</param>
    /// <returns>For each network the first largest logit's class of each point.</returns>
    /// <exception cref="ArgumentException">Rows or points are of another width, or weights are NaN or infinite.</exception>
    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images)
    {
        CheckRows(population);
        if (images.Length % _widths[0] != 0)
            throw new ArgumentException($"{Name} takes {_widths[0]} inputs, and {images.Length} values are no whole number of points");
        int points = images.Length / _widths[0], widest = _widths[1..].Max(), classes = _widths[^1];
        int chunk = (int)Math.Clamp(PredictionFloats / ((long)Math.Max(1, population.Count) * widest), 1, Math.Max(1, points));
        var labels = new int[population.Count][];
        for (int k = 0; k < labels.Length; k++) labels[k] = new int[points];
        if (population.Count == 0) return labels;

        using Scope scope = device.Scope();
        Tensor rows = device.From(population.Weights, (population.Count, Parameters));
        for (int start = 0; start < points; start += chunk)
        {
            using Scope pass = device.Scope();
            int count = Math.Min(chunk, points - start);
            Tensor x = device.From(images.Slice(start * _widths[0], count * _widths[0]), (count, _widths[0]));
            Tensor logits = Logits(Tape.Inference(device), rows, x);
            var values = new float[logits.Elements];
            device.ReadFloats(logits, values);
            for (int k = 0; k < labels.Length; k++)
            {
                for (int i = 0; i < count; i++) labels[k][start + i] = FirstMaximum(values.AsSpan((k * count + i) * classes, classes));
            }
        }

        return labels;
    }

    internal static int FirstMaximum(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int c = 1; c < logits.Length; c++)
        {
            if (logits[c] > logits[best]) best = c;
        }

        return best;
    }

    internal void Evaluate(Device device, Population population, ImageSet images, int rowsPerPass)
    {
        CheckImages(images);
        CheckRows(population);
        int count = population.Count, words = ErrorMasks.WordsFor(images.Count);
        var losses = new float[count];
        var wrong = new ulong[(long)count * words];
        using Scope scope = device.Scope();
        Tensor pixels = device.From(images.Pixels, (images.Count, images.Features)), labels = device.From(images.Labels, images.Count);
        for (int start = 0; start < count; start += rowsPerPass)
        {
            using Scope pass = device.Scope();
            int rows = Math.Min(rowsPerPass, count - start);
            Tensor weights = device.From(population.Weights.AsSpan(start * Parameters, rows * Parameters), (rows, Parameters));
            Tensor errors = device.Empty((rows, words), DType.U64), loss = device.Empty(rows);
            device.Kernels.PopulationMlp(errors, loss, weights, pixels, labels, _widths);
            errors.Read(wrong.AsSpan(start * words, rows * words));
            device.ReadFloats(loss, losses.AsSpan(start, rows));
        }

        var masks = new ErrorMasks(wrong, count, images.Count);
        population.Wrong = masks;
        population.Loss = losses;
        population.Score = [.. Enumerable.Range(0, count).Select(i => (float)masks.Accuracy(i))];
    }

    private void CheckRows(Population population)
    {
        if (population.Parameters != Parameters)
        {
            throw new ArgumentException(
                $"{Name} has {Parameters} parameters, and a row of this population ({population.Target}) has {population.Parameters}");
        }

        const int Named = 10;
        var bad = new List<int>();
        for (int i = 0; i < population.Count; i++)
        {
            if (population.Row(i).ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) bad.Add(i);
        }

        if (bad.Count == 0) return;
        string rows = string.Join(", ", bad.Take(Named)) + (bad.Count > Named ? ", ..." : "");
        (string noun, string verb) = bad.Count == 1 ? ("row", "has") : ("rows", "have");
        throw new ArgumentException($"{Name}: {noun} {rows} ({bad.Count} of {population.Count}) {verb} NaN or infinite weights");
    }
}
