using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    private const int ConvolutionSide = 64, ConvolutionThreads = 256;

    /// <summary>Places of a strip of a filter gradient, at least: fewer would leave more partial gradients to add up.</summary>
    private const int FilterStripRows = 2048;

    public void ConvolutionForward(Tensor y, Tensor x, Tensor weight, Tensor? bias, Window window)
    {
        if (y.Elements == 0) return;
        ConvSizes s = ConvSizes.Of(x.Shape, weight, window);
        programs.Convolution.ConvolutionForward(
            stream, ProductGrid(y.Shape.Rows, s.Filters / s.Groups, s.Groups), F(y), F(x), F(weight), bias is null ? default : F(bias), s);
    }

    public void ConvolutionDataGradient(Tensor dx, Tensor dy, Tensor weight, Tensor? bias, Window window, bool accumulate)
    {
        if (dx.Elements == 0) return;
        ConvSizes s = ConvSizes.Of(dx.Shape, weight, window);
        programs.Convolution.ConvolutionDataGradient(
            stream, ProductGrid(dx.Shape.Rows, s.Channels / s.Groups, s.Groups), F(dx), F(dy), F(weight), bias is null ? default : F(bias), s, Flag(accumulate));
    }

    public void ConvolutionFilterGradient(Tensor dweight, Tensor dy, Tensor x, Window window, bool accumulate)
    {
        ConvSizes s = ConvSizes.Of(x.Shape, dweight, window);
        int columns = checked((int)(dweight.Elements / s.Filters)), filters = s.Filters / s.Groups;
        long rows = dy.Shape.Rows;
        int strips = (int)Math.Clamp((rows + FilterStripRows - 1) / FilterStripRows, 1, MostStrips);
        DevicePointer<float> partial = Scratch<float>(strips * dweight.Elements);
        var grid = new Dim3(Tiles(columns), Tiles(filters), (uint)(s.Groups * strips));
        programs.Convolution.ConvolutionFilterStrips(
            stream, new LaunchConfig(grid, ConvolutionThreads), partial, F(dy), F(x), s, strips, Math.Max(1, (rows + strips - 1) / strips));
        int elements = checked((int)dweight.Elements);
        programs.Rows.SumStrips(stream, StripGrid(elements, 1), F(dweight), partial, strips, elements, Flag(accumulate));
    }

    public void ChannelStatistics(Tensor mean, Tensor variance, Tensor x)
    {
        int groups = mean.Shape[0], channels = x.Shape.Columns;
        long rows = x.Shape.Rows / groups;
        (int strips, long stripRows) = FullStrips(rows);
        DevicePointer<float> partial = Scratch<float>(2L * groups * strips * channels);
        var grid = new Dim3((uint)((channels + 31) / 32), (uint)strips, (uint)groups);
        programs.Channels.ChannelMomentsStrips(stream, new LaunchConfig(grid, new Dim3(32, 8)), partial, F(x), rows, channels, stripRows);
        programs.Channels.ChannelMoments(stream, LaunchConfig.For(mean.Elements), F(mean), F(variance), partial, mean.Elements, channels, strips, rows, stripRows);
    }

    public void ChannelNormForward(Tensor y, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon, Activation activation)
    {
        if (x.Elements == 0) return;
        programs.Channels.ChannelNormForward(
            stream, LaunchConfig.For(x.Elements), F(y), F(x), F(mean), F(variance), F(gamma), F(beta), x.Elements, x.Shape.Columns, x.Elements / mean.Shape[0],
            (float)epsilon, (int)activation);
    }

    public void ChannelNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon,
        Activation activation, bool ofBatch, bool accumulate)
    {
        if (x.Elements == 0) return;
        int channels = x.Shape.Columns;
        long rows = x.Shape.Rows;
        (int strips, long stripRows) = FullStrips(rows);
        DevicePointer<float> forGamma = Scratch<float>((2L * strips + 2) * channels), forBeta = forGamma + (long)strips * channels, totals = forBeta + (long)strips * channels;
        programs.Channels.ChannelNormStrips(
            stream, StripGrid(channels, strips), forGamma, forBeta, F(dy), F(x), F(mean), F(variance), F(gamma), F(beta), rows, channels, stripRows, (float)epsilon,
            (int)activation);
        programs.Channels.ChannelNormTotals(stream, LaunchConfig.For(channels), totals, F(dgamma), F(dbeta), forGamma, forBeta, strips, channels);
        programs.Channels.ChannelNormBackward(
            stream, LaunchConfig.For(x.Elements), F(dx), F(dy), F(x), F(mean), F(variance), F(gamma), F(beta), totals, x.Elements, channels, (float)epsilon,
            ofBatch ? (float)(1.0 / rows) : 0, (int)activation, Flag(accumulate));
    }

    public void MaxPoolForward(Tensor y, Tensor places, Tensor x, Window window)
    {
        if (y.Elements > 0) programs.Channels.MaxPoolForward(stream, LaunchConfig.For(y.Elements), F(y), F(places), F(x), y.Elements, x.Shape[3], WindowSizes.Of(window));
    }

    public void MaxPoolBackward(Tensor dx, Tensor dy, Tensor places, Window window, bool accumulate)
    {
        if (dx.Elements == 0) return;
        programs.Channels.MaxPoolBackward(
            stream, LaunchConfig.For(dx.Elements), F(dx), F(dy), F(places), dx.Elements, dx.Shape[3], WindowSizes.Of(window), Flag(accumulate));
    }

    public void AveragePoolForward(Tensor y, Tensor x, Window window)
    {
        if (y.Elements > 0) programs.Channels.AveragePoolForward(stream, LaunchConfig.For(y.Elements), F(y), F(x), y.Elements, x.Shape[3], WindowSizes.Of(window));
    }

    public void AveragePoolBackward(Tensor dx, Tensor dy, Window window, bool accumulate)
    {
        if (dx.Elements == 0) return;
        programs.Channels.AveragePoolBackward(
            stream, LaunchConfig.For(dx.Elements), F(dx), F(dy), dx.Elements, dx.Shape[3], WindowSizes.Of(window), Flag(accumulate));
    }

    public void SwapRowsAndColumns(Tensor y, Tensor x, bool accumulate)
    {
        if (x.Elements > 0)
            programs.Channels.SwapRowsAndColumns(stream, LaunchConfig.For(x.Elements), F(y), F(x), x.Elements, x.Shape[1], x.Shape[2], Flag(accumulate));
    }

    private static uint Tiles(long elements) => checked((uint)((elements + ConvolutionSide - 1) / ConvolutionSide));

    private static LaunchConfig ProductGrid(long rows, int columns, int groups) => new(new Dim3(Tiles(rows), Tiles(columns), (uint)groups), ConvolutionThreads);

    /// <summary>As <see cref="Strips"/>, and no strip is empty: a mean over no rows is no number.</summary>
    private static (int Count, long Rows) FullStrips(long rows)
    {
        (_, long stripRows) = Strips(rows);
        return ((int)((rows + stripRows - 1) / stripRows), stripRows);
    }
}
