using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>Judging populations of perceptrons: accuracy, loss, error masks, label maps.</summary>
public sealed partial class Mlp
{
    /// <summary>Logits of a label map on the device at a time, in floats.</summary>
    private const long PredictionFloats = 1L << 22;

    /// <inheritdoc/>
    /// <remarks>All rows in one pass; weights and images are uploaded once. Rows beyond 256 MiB of weights go in further passes.</remarks>
    /// <exception cref="ArgumentException">Also when weights are NaN or infinite: the message names the rows.</exception>
    public void Evaluate(Device device, Population population, ImageSet images) =>
        Evaluate(device, population, images, PopulationEvaluation.RowsPerPass(Parameters));

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
        int classes = _widths[^1], points = images.Length / _widths[0];
        int[][] labels = [.. Enumerable.Range(0, population.Count).Select(_ => new int[points])];
        InParts(device, population, images, (logits, start, count) =>
        {
            for (int i = 0; i < population.Count * count; i++) labels[i / count][start + i % count] = PopulationEvaluation.FirstMaximum(logits.AsSpan(i * classes, classes));
        });
        return labels;
    }

    /// <inheritdoc/>
    public float[] Logits(Device device, Population population, ReadOnlySpan<float> images)
    {
        int points = images.Length / _widths[0], classes = _widths[^1];
        var values = new float[(long)population.Count * points * classes];
        InParts(device, population, images, (logits, start, count) =>
        {
            for (int k = 0; k < population.Count; k++) logits.AsSpan(k * count * classes, count * classes).CopyTo(values.AsSpan((k * points + start) * classes));
        });
        return values;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no hidden layer.</exception>
    public float[] Penultimate(Device device, Population population, ReadOnlySpan<float> images)
    {
        if (HiddenWidths.Count == 0) throw new InvalidOperationException($"{Name} has no hidden layer");
        PopulationEvaluation.CheckRows(this, population);

        // A network without its last layer is the beginning of its row.
        var below = new Mlp(_widths.AsSpan()[..^1]);
        float[] values = below.Logits(device, PopulationEvaluation.Beginnings(population, below), images);
        for (int i = 0; i < values.Length; i++) values[i] = Math.Max(values[i], 0);
        return values;
    }

    private void InParts(Device device, Population population, ReadOnlySpan<float> images, Action<float[], int, int> take)
    {
        PopulationEvaluation.CheckRows(this, population);
        if (images.Length % _widths[0] != 0)
            throw new ArgumentException($"{Name} takes {_widths[0]} inputs, and {images.Length} values are no whole number of points");
        if (population.Count == 0) return;
        int points = images.Length / _widths[0], widest = _widths[1..].Max();
        int chunk = (int)Math.Clamp(PredictionFloats / ((long)population.Count * widest), 1, Math.Max(1, points));
        using Scope scope = device.Scope();
        Tensor rows = device.From(population.Weights, (population.Count, Parameters));
        for (int start = 0; start < points; start += chunk)
        {
            using Scope pass = device.Scope();
            int count = Math.Min(chunk, points - start);
            Tensor logits = Logits(Tape.Inference(device), rows, device.From(images.Slice(start * _widths[0], count * _widths[0]), (count, _widths[0])));
            var values = new float[logits.Elements];
            device.ReadFloats(logits, values);
            take(values, start, count);
        }
    }

    internal void Evaluate(Device device, Population population, ImageSet images, int rowsPerPass)
    {
        CheckImages(images);
        PopulationEvaluation.CheckRows(this, population);
        PopulationEvaluation.Evaluate(
            device, population, images, (wrong, losses, weights, pixels, labels) => device.Kernels.PopulationMlp(wrong, losses, weights, pixels, labels, _widths), rowsPerPass);
    }
}
