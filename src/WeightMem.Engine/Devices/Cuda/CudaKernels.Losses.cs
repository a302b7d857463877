using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    private const int SumThreads = 256;
    private const int MostSumBlocks = 512;

    /// <summary>As in <c>losses.cu</c>.</summary>
    private enum SumKind
    {
        Plain,
        Squares,
        SquaredDifferences,
    }

    public void MeanSquaredErrorForward(Tensor loss, Tensor x, Tensor target) =>
        Total(x, F(target), SumKind.SquaredDifferences, 1.0 / x.Elements, F(loss), default);

    public void MeanSquaredErrorBackward(Tensor dx, Tensor dloss, Tensor x, Tensor target, bool accumulate)
    {
        if (x.Elements == 0) return;
        programs.Losses.MeanSquaredErrorBackward(
            stream, LaunchConfig.For(x.Elements), F(dx), F(dloss), F(x), F(target), x.Elements, (float)(2.0 / x.Elements), Flag(accumulate));
    }

    public void CrossEntropyForward(Tensor losses, Tensor logits, Tensor labels)
    {
        if (logits.Elements > 0)
            programs.Losses.CrossEntropyForward(stream, WarpPerRow(logits.Shape.Rows), F(losses), F(logits), I(labels), logits.Shape.Rows, logits.Shape.Columns);
    }

    public void CrossEntropyBackward(Tensor dlogits, Tensor dlosses, Tensor logits, Tensor labels, bool accumulate)
    {
        if (logits.Elements == 0) return;
        programs.Losses.CrossEntropyBackward(
            stream, WarpPerRow(logits.Shape.Rows), F(dlogits), F(dlosses), F(logits), I(labels), logits.Shape.Rows, logits.Shape.Columns, Flag(accumulate));
    }

    public void Sum(Tensor result, Tensor x) => Total(x, default, SumKind.Plain, 1, F(result), default);

    public void SumOfSquares(Tensor result, Tensor x) => Total(x, default, SumKind.Squares, 1, default, new DevicePointer<double>((ulong)result.Address));

    public void RequireFinite(Tensor number, Tensor other) =>
        programs.Losses.RequireFinite(stream, new LaunchConfig(1, 1), new DevicePointer<double>((ulong)number.Address), F(other));

    /// <summary>A sum over an array in double precision: its blocks, then one block over theirs.</summary>
    private void Total(Tensor x, DeviceReader<float> z, SumKind kind, double scale, DevicePointer<float> result, DevicePointer<double> exact)
    {
        const int PerThread = 8;
        int blocks = (int)Math.Clamp((x.Elements + SumThreads * PerThread - 1) / (SumThreads * PerThread), 1, MostSumBlocks);
        DevicePointer<double> partial = Scratch<double>(blocks);
        programs.Losses.SumPartial(stream, new LaunchConfig(blocks, SumThreads), partial, F(x), z, x.Elements, (int)kind);
        programs.Losses.SumTotal(stream, new LaunchConfig(1, SumThreads), result, exact, partial, blocks, scale);
    }
}
