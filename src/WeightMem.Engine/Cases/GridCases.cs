using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>Convolutions, normalisation of channels and pooling, at the shapes of ResNets and of the generators' signals, and at odd ones.</summary>
internal static class GridCases
{
    private const string Sums = "sums in single precision: about sqrt(terms) roundings of 6e-8";
    private const string Moments = "differences from a mean of many values, and sums of them, in single precision";

    private static readonly (string Name, int Batch, int Channels, int Filters, int Groups, Window Window, bool Bias)[] Convolutions =
    [
        ("one pixel", 1, 1, 1, 1, new(1, 1, 1, 1), true),
        ("3x3", 3, 5, 7, 1, new(6, 9, 3, 3, 1, 1, 1, 1), true),
        ("3x3 stride 2", 2, 16, 33, 1, new(9, 8, 3, 3, 2, 2, 1, 1), false),
        ("1x1", 2, 24, 40, 1, new(5, 7, 1, 1), true),
        ("1x1 stride 2", 3, 8, 12, 1, new(7, 6, 1, 1, 2, 2), false),
        ("7x7 stem", 1, 3, 64, 1, new(23, 21, 7, 7, 2, 2, 3, 3), false),
        ("groups", 2, 12, 18, 3, new(5, 6, 3, 3, 1, 1, 1, 1), true),
        ("depthwise", 2, 10, 10, 10, new(7, 5, 3, 3, 2, 2, 1, 1), true),
        ("mixed strides", 2, 4, 6, 1, new(11, 10, 2, 5, 3, 2, 1, 2), false),
        ("no padding, rows left over", 1, 3, 4, 1, new(8, 9, 3, 2, 3, 4), false),
        ("resnet", 2, 64, 64, 1, new(7, 7, 3, 3, 1, 1, 1, 1), false),
        ("signal", 3, 8, 17, 1, Window.Along(32, 7, 1, 3), true),
        ("signal stride 2", 2, 1, 16, 1, Window.Along(64, 7, 2, 3), true),
        ("signal to one channel", 2, 48, 1, 1, Window.Along(33, 7, 1, 3), true),
        ("long signal to one channel", 4, 64, 1, 1, Window.Along(2048, 7, 1, 3), true),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OpCase> All { get; } = [.. Products(), .. Norms(), .. Pools(), .. Transpositions()];

    private static IEnumerable<OpCase> Products()
    {
        foreach ((string name, int batch, int channels, int filters, int groups, Window window, bool bias) in Convolutions)
        {
            CaseInput weight = new((filters, channels / groups, window.KernelHeight, window.KernelWidth));
            yield return Op(
                "Convolution", name, bias ? [new(window.Input(batch, channels)), weight, new(filters)] : [new(window.Input(batch, channels)), weight],
                (t, x) => t.Convolution(x[0], x[1], bias ? x[2] : null, window), 5e-6, Sums);
            if (groups > 1) continue;
            yield return Op(
                "TransposedConvolution", name, bias ? [new(window.Output(batch, filters)), weight, new(channels)] : [new(window.Output(batch, filters)), weight],
                (t, x) => t.TransposedConvolution(x[0], x[1], bias ? x[2] : null, window), 5e-6, Sums);
        }

        // Two uses of one input and of one filter: gradients are added up.
        Window same = new(5, 5, 3, 3, 1, 1, 1, 1), halved = new(5, 5, 1, 1, 2, 2);
        yield return Op(
            "Convolution", "twice", [new((2, 5, 5, 6)), new((6, 6, 3, 3), Scale: 0.3), new((6, 6, 1, 1))],
            (t, x) =>
            {
                Tensor y = t.Add(x[0], t.Convolution(t.Convolution(x[0], x[1], null, same), x[1], null, same));
                return t.Multiply(t.Convolution(y, x[2], null, halved), t.Convolution(x[0], x[2], null, halved));
            },
            1e-5, Sums);
        Window tall = new(18, 5, 3, 3, 1, 1, 1, 1);
        yield return Op(
            "Convolution", "twice, few channels", [new((2, 18, 5, 2)), new((2, 2, 3, 3), Scale: 0.3)],
            (t, x) => t.Multiply(t.Convolution(x[0], x[1], null, tall), t.Convolution(t.Convolution(x[0], x[1], null, tall), x[1], null, tall)), 5e-6, Sums);
        yield return Op(
            "TransposedConvolution", "twice", [new((2, 1, 8, 6)), new((6, 6, 1, 7), Scale: 0.3)],
            (t, x) =>
            {
                Window along = Window.Along(8, 7, 1, 3);
                return t.Add(x[0], t.TransposedConvolution(t.TransposedConvolution(x[0], x[1], null, along), x[1], null, along));
            },
            1e-5, Sums);
    }

    private static IEnumerable<OpCase> Norms()
    {
        foreach ((string name, Shape shape) in new (string, Shape)[] { ("few rows", (4, 3)), ("odd", (3, 5, 7, 13)), ("resnet", (2, 14, 14, 64)), ("signal", (5, 1, 300, 8)) })
        {
            Shape row = shape.Columns;
            foreach (Activation activation in new[] { Activation.Identity, Activation.Relu, Activation.LeakyRelu, Activation.Elu, Activation.Silu })
            {
                yield return Op(
                    "BatchNorm", $"{name}, {activation}", [new(shape, Scale: 2), new(row), new(row)], (t, x) => t.BatchNorm(x[0], x[1], x[2], activation), 2e-5, Moments);
                yield return Op(
                    "ChannelNorm", $"{name}, {activation}", [new(shape, Scale: 2), new(row, InputKind.Constants), new(row, InputKind.Positive), new(row), new(row)],
                    (t, x) => t.ChannelNorm(x[0], x[1], x[2], x[3], x[4], activation), 1e-5, Moments);
            }

            yield return new OpCase(
                "SampleNorm", name, [new(shape), new(row), new(row)],
                (t, x) =>
                {
                    Tensor mean = t.Device.Empty((shape[0], shape.Columns)), variance = t.Device.Empty((shape[0], shape.Columns)), y = t.Device.Empty(shape);
                    t.Device.Kernels.ChannelStatistics(mean, variance, x[0]);
                    t.Device.Kernels.ChannelNormForward(y, x[0], mean, variance, x[1], x[2], 1e-5, Activation.Elu);
                    return [mean, variance, y];
                },
                5e-5, Moments, Differentiable: false);
            yield return new OpCase(
                "BatchNorm", $"{name}, running statistics", [new(shape, Scale: 2), new(row), new(row), new(row), new(row, InputKind.Positive)],
                (t, x) =>
                {
                    Tensor y = t.BatchNorm(x[0], x[1], x[2], Activation.Relu, new RunningMoments(x[3], x[4]));
                    return [y, x[3], x[4]];
                },
                2e-5, Moments, Differentiable: false);
        }
    }

    private static IEnumerable<OpCase> Pools()
    {
        foreach ((string name, int batch, int channels, Window window) in new (string, int, int, Window)[]
            {
                ("2x2", 3, 5, new(6, 8, 2, 2, 2, 2)),
                ("2x2, a row left over", 2, 19, new(5, 7, 2, 2, 2, 2)),
                ("resnet stem", 2, 16, new(11, 12, 3, 3, 2, 2, 1, 1)),
                ("overlapping", 1, 33, new(7, 6, 3, 2)),
            })
        {
            yield return Op("MaxPool", name, [new(window.Input(batch, channels))], (t, x) => t.MaxPool(x[0], window), 1e-7, "copies; a pixel that several windows see adds their gradients");
            if (window.PadHeight == 0)
                yield return Op("AveragePool", name, [new(window.Input(batch, channels))], (t, x) => t.AveragePool(x[0], window), 1e-6, Sums);
        }

        yield return new OpCase(
            "MaxPool", "equals", [new((2, 6, 6, 3), InputKind.Labels, 3)],
            (t, x) =>
            {
                // Small whole numbers: most windows hold their largest several times.
                Window window = new(6, 6, 3, 3, 1, 1, 1, 1);
                Tensor values = t.Device.From([.. x[0].ToArray<int>().Select(v => (float)v)], x[0].Shape), y = t.Device.Empty(x[0].Shape), places = t.Device.Empty(x[0].Shape);
                t.Device.Kernels.MaxPoolForward(y, places, values, window);
                return [y, places];
            },
            0, "copies and whole numbers", Differentiable: false);
        yield return Op("AveragePool", "global", [new((3, 7, 7, 37))], (t, x) => t.AveragePool(x[0], Window.All(x[0])), 2e-6, Sums);
    }

    private static IEnumerable<OpCase> Transpositions()
    {
        foreach ((string name, Shape shape) in new (string, Shape)[] { ("odd", (3, 7, 37)), ("grid", (2, 64, 128)), ("one channel", (5, 33, 1)) })
            yield return Op("SwapRowsAndColumns", name, [new(shape)], (t, x) => t.SwapRowsAndColumns(x[0]), 0, "copies: no rounding at all");
        yield return Op(
            "SwapRowsAndColumns", "twice", [new((2, 3, 5))], (t, x) => t.Add(t.SwapRowsAndColumns(x[0]), t.SwapRowsAndColumns(t.Scale(x[0], 2))), 2e-7, "one rounding");
        yield return Op("Reshape", "grid", [new((2, 3, 5))], (t, x) => t.Multiply(t.Reshape(x[0], (5, 6)), t.Reshape(t.Scale(x[0], 2), (5, 6))), 4e-7, "two roundings");
        yield return Op("AddColumn", "odd", [new((3, 7, 13)), new((3, 7))], (t, x) => t.AddColumn(x[0], x[1]), 3e-6, Sums);
        yield return Op("AddColumn", "twice", [new((2, 5, 16)), new((2, 5))], (t, x) => t.AddColumn(t.AddColumn(x[0], x[1]), x[1]), 3e-6, Sums);
    }

    private static OpCase Op(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<Tape, IReadOnlyList<Tensor>, Tensor> run, double tolerance, string reason) =>
        new(op, name, inputs, (tape, x) => [run(tape, x)], tolerance, reason);
}
