using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>Convolutions, normalisation of channels and pooling, at the shapes of ResNet-18 and of P-diff's models.</summary>
internal static class GridRows
{
    private const double Rounding = 2e-6, Sums = 2e-5;

    /// <summary>Every kernel of the family.</summary>
    /// <param name="tiny">Sizes for a device whose speed means nothing.</param>
    public static IEnumerable<KernelRow> All(bool tiny)
    {
        foreach ((string name, int batch, int channels, int filters, Window w) in tiny
            ? [("tiny", 2, 3, 5, new Window(5, 6, 3, 3, 1, 1, 1, 1))]
            : new (string, int, int, int, Window)[]
            {
                ("resnet stem", 32, 3, 64, new(224, 224, 7, 7, 2, 2, 3, 3)),
                ("resnet layer 1", 32, 64, 64, new(56, 56, 3, 3, 1, 1, 1, 1)),
                ("resnet layer 4", 32, 512, 512, new(7, 7, 3, 3, 1, 1, 1, 1)),
                ("p-diff denoiser", 50, 256, 512, Window.Along(128, 7, 1, 3)),
            })
        {
            Shape x = w.Input(batch, channels), y = w.Output(batch, filters), weight = (filters, channels, w.KernelHeight, w.KernelWidth);
            double flops = 2.0 * y.Elements * channels * w.Taps, bytes = 4.0 * (x.Elements + y.Elements + weight.Elements);
            yield return Row("ConvolutionForward", name, [new(x), new(weight)], [y], (k, i, o) => k.ConvolutionForward(o[0], i[0], i[1], null, w), bytes, flops, Sums);
            yield return Row("ConvolutionDataGradient", name, [new(y), new(weight)], [x], (k, i, o) => k.ConvolutionDataGradient(o[0], i[0], i[1], null, w, false), bytes, flops, Sums);
            yield return Row("ConvolutionFilterGradient", name, [new(y), new(x)], [weight], (k, i, o) => k.ConvolutionFilterGradient(o[0], i[0], i[1], w, false), bytes, flops, 2e-4);
        }

        (string grid, Shape shape) = tiny ? ("tiny", (2, 4, 6, 3)) : ("resnet layer 1", new Shape(32, 56, 56, 64));
        Shape row = (1, shape[3]), channel = shape[3];
        double n = shape.Elements;
        yield return Row("ChannelStatistics", grid, [new(shape)], [row, row], (k, i, o) => k.ChannelStatistics(o[0], o[1], i[0]), 4 * n, 4 * n, Sums);
        yield return Row(
            "ChannelNormForward", grid, [new(shape), new(row), new(row, InputKind.Positive), new(channel), new(channel)], [shape],
            (k, i, o) => k.ChannelNormForward(o[0], i[0], i[1], i[2], i[3], i[4], 1e-5, Activation.Relu), 8 * n, 4 * n, Rounding);
        yield return Row(
            "ChannelNormBackward", grid, [new(channel), new(channel), new(shape), new(shape), new(row), new(row, InputKind.Positive), new(channel), new(channel)], [shape],
            (k, i, o) => k.ChannelNormBackward(o[0], i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7], 1e-5, Activation.Elu, true, false), 20 * n, 20 * n, Sums);
        Window pool = new(shape[1], shape[2], 2, 2, 2, 2);
        Shape pooled = pool.Output(shape[0], shape[3]);
        yield return Row("MaxPoolForward", grid, [new(shape)], [pooled, pooled], (k, i, o) => k.MaxPoolForward(o[0], o[1], i[0], pool), 6 * n, n, 0);
        yield return Row(
            "MaxPoolBackward and forward", grid, [new(shape), new(pooled)], [shape, pooled, pooled],
            (k, i, o) =>
            {
                k.MaxPoolForward(o[1], o[2], i[0], pool);
                k.MaxPoolBackward(o[0], i[1], o[2], pool, false);
            },
            12 * n, 2 * n, Rounding);
        yield return Row("AveragePoolForward", grid, [new(shape)], [pooled], (k, i, o) => k.AveragePoolForward(o[0], i[0], pool), 5 * n, n, Rounding);
        yield return Row("AveragePoolBackward", grid, [new(pooled)], [shape], (k, i, o) => k.AveragePoolBackward(o[0], i[0], pool, false), 5 * n, n, Rounding);
        Shape matrices = (shape[0], shape[1] * shape[2], shape[3]), swapped = (shape[0], shape[3], shape[1] * shape[2]);
        yield return Row("SwapRowsAndColumns", grid, [new(matrices)], [swapped], (k, i, o) => k.SwapRowsAndColumns(o[0], i[0], false), 8 * n, 0, 0);
    }

    private static KernelRow Row(
        string kernel, string size, IReadOnlyList<CaseInput> inputs, IReadOnlyList<Shape> outputs, Action<IKernels, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> run,
        double bytes, double flops, double tolerance) =>
        new(kernel, size, KernelRow.Ships, inputs, outputs, (d, i, o) => run(d.Kernels, i, o), bytes, flops, tolerance);
}
