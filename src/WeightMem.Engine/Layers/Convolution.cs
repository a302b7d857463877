using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>
/// A convolution with the state-dict names <c>weight</c> and <c>bias</c>. Filters are <c>[filters, channels, height, width]</c>, those of signals
/// <c>[filters, channels, width]</c>; of a transposed convolution they begin with the channels it takes. The weight decays, the bias does not.
/// </summary>
public sealed class Convolution
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    private Convolution(Parameter weight, Parameter? bias)
    {
        _weight = weight;
        _bias = bias;
    }

    /// <summary>A square kernel over images.</summary>
    public static Convolution Square(ParameterBuilder builder, string name, int channels, int filters, int kernel, Initializer weight, Initializer? bias)
    {
        Shape shape = (filters, channels, kernel, kernel);
        return new Convolution(builder.Add(name + ".weight", shape, weight, true), bias is { } start ? builder.Add(name + ".bias", filters, start, false) : null);
    }

    /// <summary>A kernel along signals, with PyTorch's initialisation: uniform within 1 / sqrt(channels * kernel).</summary>
    public static Convolution Along(ParameterBuilder builder, string name, int channels, int filters, int kernel) =>
        OfSignals(builder, name, filters, channels, kernel, filters, channels * kernel);

    /// <summary>A transposed kernel along signals, with PyTorch's initialisation: uniform within 1 / sqrt(outputs * kernel).</summary>
    public static Convolution AlongTransposed(ParameterBuilder builder, string name, int channels, int outputs, int kernel) =>
        OfSignals(builder, name, channels, outputs, kernel, outputs, outputs * kernel);

    /// <summary>The convolution of <c>[batch, height, width, channels]</c>.</summary>
    public Tensor Forward(Tape tape, Tensor x, Window window) => tape.Convolution(x, _weight.Value, _bias?.Value, window);

    /// <summary>The transposed convolution; the window is of the convolution whose gradient it is.</summary>
    public Tensor Transposed(Tape tape, Tensor x, Window window) => tape.TransposedConvolution(x, _weight.Value, _bias?.Value, window);

    private static Convolution OfSignals(ParameterBuilder builder, string name, int first, int second, int kernel, int biases, int fanIn)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(fanIn));
        return new Convolution(
            builder.AddJoined([name + ".weight"], (first, second, kernel), (first, second, 1, kernel), start, true), builder.Add(name + ".bias", biases, start, false));
    }
}
