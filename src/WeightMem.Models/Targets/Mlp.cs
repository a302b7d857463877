using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Symmetries;

namespace WeightMem.Models.Targets;

/// <summary>
/// A multi-layer perceptron on flattened images: linear layers with ReLU between them, the last one giving logits. With widths
/// 784, 10, 10 it is the MNIST network of G.pt (arXiv 2209.12892): 7,960 parameters.
/// </summary>
public sealed partial class Mlp : ILockstepTarget, IRescalableTarget
{
    private readonly int[] _widths;

    /// <summary>A perceptron of any depth.</summary>
    /// <param name="widths">Inputs, the hidden layers' units, classes: at least two numbers.</param>
    /// <exception cref="ArgumentException">Fewer than two widths, or one that is not positive.</exception>
    public Mlp(params ReadOnlySpan<int> widths)
    {
        if (widths.Length < 2) throw new ArgumentException("a multi-layer perceptron has at least two widths: inputs and classes");
        foreach (int width in widths)
        {
            if (width < 1) throw new ArgumentException($"the widths of a multi-layer perceptron are positive, and {width} is not");
        }

        _widths = widths.ToArray();
        Name = $"mlp-{string.Join('-', _widths)}";
        HiddenWidths = _widths[1..^1];
        Layout = new ParameterLayout(Entries(_widths));
        if (Layout.Count > int.MaxValue)
            throw new ArgumentException($"{Name} has {Layout.Count} parameters; a row holds at most {int.MaxValue}");
        Parameters = (int)Layout.Count;
    }

    /// <summary>Inputs, hidden units, classes.</summary>
    public IReadOnlyList<int> Widths => _widths;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <summary>Parameters of one network.</summary>
    public int Parameters { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> HiddenWidths { get; }

    /// <inheritdoc/>
    public IReadOnlyList<UnitSymmetry> UnitSymmetries => [.. HiddenWidths.Select(_ => UnitSymmetry.PositiveScale)];

    private int Layers => _widths.Length - 1;

    /// <summary>
    /// Weights and biases uniform in ±1/sqrt(fan_in), PyTorch's default for a linear layer. Parameter i of the row is made of number i
    /// of the stream.
    /// </summary>
    /// <exception cref="ArgumentException">The row is of another width.</exception>
    public void Initialize(Span<float> row, RandomStream stream)
    {
        if (row.Length != Parameters) throw new ArgumentException($"{Name} has {Parameters} parameters, and the row takes {row.Length}");
        int at = 0;
        for (int layer = 0; layer < Layers; layer++)
        {
            double bound = 1 / Math.Sqrt(_widths[layer]);
            int end = at + (_widths[layer] + 1) * _widths[layer + 1];
            for (; at < end; at++) row[at] = (float)(bound * (2 * stream.Double(at) - 1));
        }
    }

    /// <summary>The forward pass of every network of a population.</summary>
    /// <param name="tape">Where it is recorded.</param>
    /// <param name="rows">Weights <c>[count, parameters]</c>; watched for gradients by the caller.</param>
    /// <param name="images"><c>[count, batch, features]</c>, each network's own images, or <c>[batch, features]</c>, the same for all. Images get no gradient.</param>
    /// <returns>Logits <c>[count, batch, classes]</c>.</returns>
    public Tensor Logits(Tape tape, Tensor rows, Tensor images)
    {
        Tensor x = images;
        for (int layer = 0; layer < Layers; layer++)
        {
            int offset = (int)Layout.Entries[2 * layer].Offset, outputs = _widths[layer + 1];
            x = x.Shape.Rank == 2 ? tape.SharedInputLinear(x, rows, offset, outputs) : tape.BatchedLinear(x, rows, offset, outputs);
            if (layer < Layers - 1) x = tape.Activate(x, Activation.Relu);
        }

        return x;
    }

    /// <inheritdoc/>
    public void Backpropagate(Tensor gradient, Tensor losses, Tensor logits, Tensor rows, Tensor images, Tensor index, Tensor labels)
    {
        Device device = rows.Device;
        IKernels kernels = device.Kernels;
        int count = labels.Shape[0], batch = labels.Shape[1];
        using Scope scope = device.Scope();
        Tensor x = device.Empty((checked((int)index.Elements), images.Shape[1])), ones = device.Empty((batch, 1));
        kernels.GatherRows(x, images, index);
        if (index.Shape[0] > 1 || count == 1) x = x.Reshape((count, batch, images.Shape[1]));

        // A view of its own for each step: the tape hangs the step's gradient on it.
        var tape = Tape.Record(device);
        Tensor watched = tape.Watch(rows.Reshape(rows.Shape)), found = Logits(tape, watched, x);
        kernels.Copy(logits, found);
        Tensor each = tape.CrossEntropy(found, labels.Reshape(count * batch));
        kernels.Fill(ones, 1);
        kernels.Gemm(MatrixView.Strided(losses, count, 1, 0, 1), MatrixView.Of(each.Reshape((count, batch))), MatrixView.Of(ones), 1.0 / batch);
        tape.Backward(tape.Sum(tape.Scale(each, 1.0 / batch)));
        kernels.Copy(gradient, watched.Gradient!);
    }

    /// <inheritdoc/>
    public void CheckImages(ImageSet images)
    {
        if (images.Features != _widths[0])
            throw new ArgumentException($"{Name} takes {_widths[0]} inputs, and an image of {images.Name} has {images.Features} pixels");
        if (images.Classes != _widths[^1])
            throw new ArgumentException($"{Name} tells {_widths[^1]} classes apart, and {images.Name} has {images.Classes}");
        if (images.Count == 0) throw new ArgumentException($"{images.Name} has no images");
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A hidden layer's permutation is missing, has another length, or is no permutation.</exception>
    public int[] PermutationIndex(IReadOnlyList<int[]> permutations)
    {
        PopulationEvaluation.CheckPermutations(this, permutations);
        var index = new int[Parameters];
        int at = 0;
        for (int layer = 0; layer < Layers; layer++)
        {
            int inputs = _widths[layer], outputs = _widths[layer + 1], weight = at, bias = at + inputs * outputs;
            int[]? from = layer > 0 ? permutations[layer - 1] : null, to = layer < Layers - 1 ? permutations[layer] : null;
            for (int o = 0; o < outputs; o++)
            {
                for (int i = 0; i < inputs; i++) index[at++] = weight + (to?[o] ?? o) * inputs + (from?[i] ?? i);
            }

            for (int o = 0; o < outputs; o++) index[at++] = bias + (to?[o] ?? o);
        }

        return index;
    }

    private static IEnumerable<(string Name, Shape Shape)> Entries(int[] widths)
    {
        for (int layer = 1; layer < widths.Length; layer++)
        {
            yield return ($"fc{layer}.weight", (widths[layer], widths[layer - 1]));
            yield return ($"fc{layer}.bias", widths[layer]);
        }
    }
}
