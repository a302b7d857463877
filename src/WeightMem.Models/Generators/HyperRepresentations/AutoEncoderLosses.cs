using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// The layer-wise reconstruction loss: the sum over layers of w_l / Z_l times the sum over rows and the layer's weights of ((y - t) / s_l)^2, with s_l the layer's
/// deviation or 1, and Z_l the number of all weights of all rows, or of the layer's.
/// </summary>
internal sealed class ReconstructionLoss : IDisposable
{
    private static readonly ElementwiseChain Plain = new("weighted difference", [ChainInput.Full, ChainInput.Full, ChainInput.Row], v => (v[0] - v[1]) * v[2]);

    // |d| beyond the limit counts as the limit, and its gradient is zero.
    private static readonly ElementwiseChain Clamped = new(
        "clamped difference", [ChainInput.Full, ChainInput.Full, ChainInput.Row, ChainInput.Row, ChainInput.Row],
        v =>
        {
            ChainValue d = (v[0] - v[1]) * v[2];
            return ((d + v[3]).Activate(Activation.Relu) - (d - v[3]).Activate(Activation.Relu) - v[3]) * v[4];
        });

    private readonly Tensor _weights, _scales;
    private readonly Tensor? _limit;

    /// <summary>A loss for rows in token order.</summary>
    /// <param name="device">Where.</param>
    /// <param name="tokens">How rows are cut.</param>
    /// <param name="settings">Weights, normalisation and threshold.</param>
    /// <param name="deviations">Deviation of each layer over the training rows.</param>
    public ReconstructionLoss(Device device, NeuronTokens tokens, AutoEncoderSettings settings, ReadOnlySpan<float> deviations)
    {
        float[] scales = new float[tokens.Parameters], weights = new float[tokens.Parameters];
        for (int l = 0; l < tokens.Layers.Count; l++)
        {
            TokenLayer layer = tokens.Layers[l];
            double weight = settings.LayerWeights.Count > 0 ? settings.LayerWeights[l] : 1;
            double count = settings.LayerMean ? (double)tokens.Parameters / layer.Values : 1; // the mean over all weights, below, has the one Z
            scales.AsSpan(layer.Start, layer.Values).Fill(settings.NormalizeLoss ? 1 / deviations[l] : 1);
            weights.AsSpan(layer.Start, layer.Values).Fill((float)Math.Sqrt(weight * count));
        }

        if (settings.ErrorThreshold is { } threshold)
        {
            _limit = device.Persistent(scales.Length, device.FloatType);
            device.Kernels.Fill(_limit, Math.Sqrt(threshold));
        }
        else
        {
            for (int i = 0; i < weights.Length; i++) weights[i] *= scales[i];
        }

        (_weights, _scales) = (device.Persistent(weights.Length, device.FloatType), device.Persistent(scales.Length, device.FloatType));
        device.WriteFloats(_weights, weights);
        device.WriteFloats(_scales, scales);
    }

    /// <summary>The deviation of each layer over all its entries of all rows, unbiased, at least 1e-4.</summary>
    public static float[] Deviations(Population training, NeuronTokens tokens) =>
    [
        .. tokens.Layers.Select(layer =>
        {
            double sum = 0, squares = 0, count = (double)training.Count * layer.Values;
            for (int i = 0; i < training.Count; i++)
            {
                foreach (float w in training.Row(i).Slice(layer.Start, layer.Values)) sum += w;
            }

            double mean = sum / count;
            for (int i = 0; i < training.Count; i++)
            {
                foreach (float w in training.Row(i).Slice(layer.Start, layer.Values)) squares += (w - mean) * (w - mean);
            }

            return (float)Math.Max(1e-4, Math.Sqrt(squares / Math.Max(1, count - 1)));
        }),
    ];

    /// <summary>The loss of outputs <c>[rows, parameters]</c> against targets; a number.</summary>
    public Tensor Of(Tape tape, Tensor outputs, Tensor targets)
    {
        Tensor difference = _limit is { } limit
            ? tape.Fused(Clamped, outputs, targets, _scales, limit, _weights)
            : tape.Fused(Plain, outputs, targets, _weights);
        return tape.MeanSquaredError(difference, tape.Device.Zeros(difference.Shape));
    }

    public void Dispose()
    {
        _weights.Dispose();
        _scales.Dispose();
        _limit?.Dispose();
    }
}

/// <summary>
/// NT-Xent: every row is to be more similar to the other view of its network than to all other rows. Cosine similarities over the temperature, a cross-entropy for each
/// row over the others, their mean.
/// </summary>
internal sealed class ContrastiveLoss : IDisposable
{
    private readonly Tensor _mask, _partners, _mean;
    private readonly double _temperature;

    /// <summary>A loss for so many networks of two views each.</summary>
    public ContrastiveLoss(Device device, int batch, double temperature)
    {
        _temperature = temperature;
        int rows = 2 * batch;
        _mask = device.Persistent((rows, rows), device.FloatType);
        _partners = device.Persistent(rows, DType.I32);
        _mean = device.Persistent((1, rows), device.FloatType);

        // A row's similarity to itself: so low that its exponential is exactly zero, and finite.
        var mask = new float[rows * rows];
        for (int i = 0; i < rows; i++) mask[i * rows + i] = -1e9f;
        device.WriteFloats(_mask, mask);
        _partners.Write<int>([.. Enumerable.Range(0, rows).Select(i => (i + batch) % rows)]);
        device.Kernels.Fill(_mean, 1.0 / rows);
    }

    /// <summary>The loss of the two views' vectors, each <c>[batch, outputs]</c>; a number.</summary>
    public Tensor Of(Tape tape, Tensor first, Tensor second)
    {
        // One below the other: as one row of all values each, side by side.
        Tensor rows = tape.SideBySide([first, second], 1, (2 * first.Shape[0], first.Shape[1]));
        Tensor similarities = tape.RowProducts(tape.UnitRows(rows), 1 / _temperature);
        return tape.Linear(tape.CrossEntropy(tape.Add(similarities, _mask), _partners), _mean);
    }

    public void Dispose()
    {
        _mask.Dispose();
        _partners.Dispose();
        _mean.Dispose();
    }
}
