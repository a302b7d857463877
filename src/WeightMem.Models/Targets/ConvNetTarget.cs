using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;

namespace WeightMem.Models.Targets;

/// <summary>How the weights of a small convolutional network start; its biases start at 0.01.</summary>
public enum ConvNetStart
{
    /// <summary>Uniform in ±sqrt(6 / fan_in).</summary>
    KaimingUniform,

    /// <summary>Normal with variance 2 / fan_in.</summary>
    KaimingNormal,

    /// <summary>Uniform in ±sqrt(6 / (fan_in + fan_out)).</summary>
    XavierUniform,

    /// <summary>Normal with variance 2 / (fan_in + fan_out).</summary>
    XavierNormal,

    /// <summary>Standard normal.</summary>
    Normal,

    /// <summary>Uniform in [0, 1): yes, never negative.</summary>
    Uniform,
}

/// <summary>
/// The small convolutional network of Hyper-Representations (arXiv 2209.14733): convolutions of 8, 6 and 4 channels, linear layers of 20 and 10 units; 2,464
/// parameters on one channel of 28 x 28, 2,864 on three. State-dict names as published (<c>module_list.0.weight</c> ...).
/// </summary>
public sealed class ConvNetTarget : ILockstepTarget, IRescalableTarget
{
    /// <summary>Where the layers stand in the published module list.</summary>
    private static readonly int[] Places = [0, 3, 6, 9, 11];

    /// <summary>Logits on the device at a time, in floats.</summary>
    private const long PredictionFloats = 1L << 22;

    private readonly ConvNet _net;
    private readonly ConvNetStart _start;

    /// <summary>A network for images.</summary>
    /// <param name="channels">Colour channels.</param>
    /// <param name="height">Rows, at least 20.</param>
    /// <param name="width">Columns, at least 20.</param>
    /// <param name="classes">Classes to tell apart.</param>
    /// <param name="activation">After every layer but the last.</param>
    /// <param name="start">How weights start.</param>
    /// <exception cref="ArgumentException">The images are too small.</exception>
    public ConvNetTarget(int channels, int height, int width, int classes, Activation activation = Activation.Tanh, ConvNetStart start = ConvNetStart.KaimingUniform)
        : this(new ConvNet(channels, height, width, [new(8, 5, true), new(6, 5, true), new(4, 2, false)], [20, classes], activation), start)
    {
    }

    private ConvNetTarget(ConvNet net, ConvNetStart start)
    {
        (_net, _start) = (net, start);
        Name = TargetCatalog.NameOf(net.Channels, net.Height, net.Width, net.Classes, net.Activation, start);
        Layout = new ParameterLayout(Entries());
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> HiddenWidths { get; } = [8, 6, 4, 20];

    /// <summary>
    /// Any positive factor with ReLU and leaky ReLU; signs with tanh where no max pooling comes before it (the largest of negated values is not the negated largest);
    /// none otherwise.
    /// </summary>
    public IReadOnlyList<UnitSymmetry> UnitSymmetries =>
    [
        .. Enumerable.Range(0, HiddenWidths.Count).Select(layer => _net.Activation switch
        {
            Activation.Relu or Activation.LeakyRelu => UnitSymmetry.PositiveScale,
            Activation.Tanh when layer >= _net.Stages.Count || !_net.Stages[layer].Pools => UnitSymmetry.Sign,
            _ => UnitSymmetry.None,
        }),
    ];

    /// <summary>Sizes of the layers.</summary>
    public ConvNet Net => _net;

    /// <inheritdoc/>
    public void Initialize(Span<float> row, RandomStream stream)
    {
        if (row.Length != _net.Parameters) throw new ArgumentException($"{Name} has {_net.Parameters} parameters, and the row takes {row.Length}");
        row.Fill(0.01f);
        for (int i = 0; i < Layout.Entries.Count; i += 2)
        {
            ParameterEntry weight = Layout.Entries[i];
            int outputs = weight.Shape[0], area = weight.Shape.Rank == 4 ? weight.Shape[2] * weight.Shape[3] : 1;
            double fanIn = weight.Shape.Elements / outputs, fanOut = outputs * area;
            (double scale, bool normal) = _start switch
            {
                ConvNetStart.KaimingUniform => (Math.Sqrt(6 / fanIn), false),
                ConvNetStart.KaimingNormal => (Math.Sqrt(2 / fanIn), true),
                ConvNetStart.XavierUniform => (Math.Sqrt(6 / (fanIn + fanOut)), false),
                ConvNetStart.XavierNormal => (Math.Sqrt(2 / (fanIn + fanOut)), true),
                ConvNetStart.Normal => (1, true),
                _ => (1, false),
            };
            for (int k = 0; k < weight.Shape.Elements; k++)
            {
                int at = (int)weight.Offset + k;
                double u = stream.Double(2L * at);
                row[at] = (float)(normal
                    ? scale * Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * stream.Double(2L * at + 1))
                    : scale * (_start == ConvNetStart.Uniform ? u : 2 * u - 1));
            }
        }
    }

    /// <inheritdoc/>
    public void CheckImages(ImageSet images)
    {
        if ((images.Channels, images.Height, images.Width) != (_net.Channels, _net.Height, _net.Width))
        {
            throw new ArgumentException(
                $"{Name} takes images of {_net.Channels}x{_net.Height}x{_net.Width}, and those of {images.Name} are {images.Channels}x{images.Height}x{images.Width}");
        }

        if (images.Classes != _net.Classes) throw new ArgumentException($"{Name} tells {_net.Classes} classes apart, and {images.Name} has {images.Classes}");
        if (images.Count == 0) throw new ArgumentException($"{images.Name} has no images");
    }

    /// <inheritdoc/>
    public void Backpropagate(Tensor gradient, Tensor losses, Tensor logits, Tensor rows, Tensor images, Tensor index, Tensor labels) =>
        rows.Device.Kernels.PopulationConvNetGradient(gradient, losses, logits, rows, images, index, labels, _net);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Also when weights are NaN or infinite: the message names the rows.</exception>
    public void Evaluate(Device device, Population population, ImageSet images)
    {
        CheckImages(images);
        PopulationEvaluation.CheckRows(this, population);
        PopulationEvaluation.Evaluate(
            device, population, images, (wrong, losses, weights, pixels, labels) => device.Kernels.PopulationConvNet(wrong, losses, weights, pixels, labels, _net),
            PopulationEvaluation.RowsPerPass(_net.Parameters));
    }

    /// <inheritdoc/>
    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images)
    {
        PopulationEvaluation.CheckRows(this, population);
        int points = images.Length / _net.Features;
        if (points * _net.Features != images.Length)
            throw new ArgumentException($"{Name} takes {_net.Features} values, and {images.Length} are no whole number of images");
        int[][] predicted = [.. Enumerable.Range(0, population.Count).Select(_ => new int[points])];
        int chunk = (int)Math.Clamp(PredictionFloats / ((long)Math.Max(1, population.Count) * _net.Classes), 1, Math.Max(1, points));
        for (int start = 0; start < points; start += chunk)
        {
            int count = Math.Min(chunk, points - start);
            float[] logits = Logits(device, population, images.Slice(start * _net.Features, count * _net.Features));
            for (int i = 0; i < population.Count * count; i++)
                predicted[i / count][start + i % count] = PopulationEvaluation.FirstMaximum(logits.AsSpan(i * _net.Classes, _net.Classes));
        }

        return predicted;
    }

    /// <inheritdoc/>
    public float[] Penultimate(Device device, Population population, ReadOnlySpan<float> images)
    {
        PopulationEvaluation.CheckRows(this, population);

        // A network without its last layer is the beginning of its row.
        var below = new ConvNetTarget(new ConvNet(_net.Channels, _net.Height, _net.Width, _net.Stages, [.. _net.Units.SkipLast(1)], _net.Activation), _start);
        float[] values = below.Logits(device, PopulationEvaluation.Beginnings(population, below), images);
        using Scope scope = device.Scope();
        device.ReadFloats(Tape.Inference(device).Activate(device.From(values, values.Length), _net.Activation), values);
        return values;
    }

    /// <inheritdoc/>
    public float[] Logits(Device device, Population population, ReadOnlySpan<float> images)
    {
        PopulationEvaluation.CheckRows(this, population);
        int count = images.Length / _net.Features;
        var logits = new float[(long)population.Count * count * _net.Classes];
        if (logits.Length == 0) return logits;
        using Scope scope = device.Scope();
        Tensor result = device.Empty((population.Count, count, _net.Classes));
        device.Kernels.PopulationConvNetLogits(
            result, device.From(population.Weights, (population.Count, _net.Parameters)), device.From(images, (count, _net.Features)), _net);
        device.ReadFloats(result, logits);
        return logits;
    }

    /// <inheritdoc/>
    public int[] PermutationIndex(IReadOnlyList<int[]> permutations)
    {
        PopulationEvaluation.CheckPermutations(this, permutations);
        var index = new int[_net.Parameters];
        for (int layer = 0; layer < Places.Length; layer++)
        {
            ParameterEntry weight = Layout.Entries[2 * layer], bias = Layout.Entries[2 * layer + 1];
            int[]? to = layer < permutations.Count ? permutations[layer] : null, from = layer > 0 ? permutations[layer - 1] : null;
            int outputs = weight.Shape[0], inputs = (int)weight.Shape.Elements / outputs;

            // What one unit of the layer before feeds: a filter plane, or the block of a flattened channel.
            int block = from is null ? inputs : inputs / from.Length;
            for (int o = 0; o < outputs; o++)
            {
                int source = to?[o] ?? o;
                index[bias.Offset + o] = (int)bias.Offset + source;
                for (int i = 0; i < inputs; i++)
                    index[weight.Offset + o * inputs + i] = (int)weight.Offset + source * inputs + (from is null ? i : from[i / block] * block + i % block);
            }
        }

        return index;
    }

    private IEnumerable<(string Name, Shape Shape)> Entries()
    {
        int inputs = _net.Channels;
        for (int i = 0; i < _net.Stages.Count; i++)
        {
            ConvStage stage = _net.Stages[i];
            yield return ($"module_list.{Places[i]}.weight", (stage.Outputs, inputs, stage.Kernel, stage.Kernel));
            yield return ($"module_list.{Places[i]}.bias", stage.Outputs);
            inputs = stage.Outputs;
        }

        inputs = _net.FlattenedFeatures;
        for (int i = 0; i < _net.Units.Count; i++)
        {
            yield return ($"module_list.{Places[_net.Stages.Count + i]}.weight", (_net.Units[i], inputs));
            yield return ($"module_list.{Places[_net.Stages.Count + i]}.bias", _net.Units[i]);
            inputs = _net.Units[i];
        }
    }
}
