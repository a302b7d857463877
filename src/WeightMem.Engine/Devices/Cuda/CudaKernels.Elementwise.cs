using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    public void Fill(Tensor x, double value)
    {
        if (x.Elements > 0) programs.Elementwise.Fill(stream, LaunchConfig.For(x.Elements), F(x), x.Elements, (float)value);
    }

    public void Copy(Tensor y, Tensor x) =>
        stream.Copy(new DevicePointer<byte>((ulong)y.Address), new DeviceReader<byte>((ulong)x.Address), (nuint)x.Bytes);

    public void Axpby(Tensor y, Tensor x, double alpha, double beta)
    {
        if (x.Elements > 0) programs.Elementwise.Axpby(stream, LaunchConfig.For(x.Elements), F(y), F(x), x.Elements, (float)alpha, (float)beta);
    }

    public void Add(Tensor y, Tensor a, Tensor b)
    {
        if (y.Elements > 0) programs.Elementwise.Add(stream, LaunchConfig.For(y.Elements), F(y), F(a), F(b), y.Elements);
    }

    public void Multiply(Tensor y, Tensor a, Tensor b, bool accumulate)
    {
        if (y.Elements > 0) programs.Elementwise.Multiply(stream, LaunchConfig.For(y.Elements), F(y), F(a), F(b), y.Elements, Flag(accumulate));
    }

    public void ActivationForward(Tensor y, Tensor x, Activation activation)
    {
        if (x.Elements > 0) programs.Elementwise.ActivationForward(stream, LaunchConfig.For(x.Elements), F(y), F(x), x.Elements, (int)activation);
    }

    public void ActivationBackward(Tensor dx, Tensor dy, Tensor x, Activation activation, bool accumulate)
    {
        if (x.Elements > 0)
            programs.Elementwise.ActivationBackward(stream, LaunchConfig.For(x.Elements), F(dx), F(dy), F(x), x.Elements, (int)activation, Flag(accumulate));
    }

    public void AddBroadcast(Tensor y, Tensor x, Tensor b)
    {
        if (x.Elements > 0) programs.Elementwise.AddBroadcast(stream, LaunchConfig.For(x.Elements), F(y), F(x), F(b), x.Elements, checked((int)b.Elements));
    }

    public void CombineRows(Tensor y, Tensor x, Tensor a, Tensor z, Tensor b)
    {
        if (x.Elements > 0)
            programs.Elementwise.CombineRows(stream, LaunchConfig.For(x.Elements), F(y), F(x), F(a), F(z), F(b), x.Elements, x.Elements / x.Shape[0]);
    }

    public void GatherRows(Tensor y, Tensor x, Tensor index)
    {
        int columns = x.Shape.Columns;
        if (y.Elements > 0) programs.Indexing.GatherRows(stream, LaunchConfig.For(y.Elements), F(y), F(x), I(index), index.Elements, columns);
    }

    public void ScatterAddRows(Tensor dx, Tensor dy, Tensor index)
    {
        const long Small = 1 << 26; // comparisons that looking through the whole index may take
        const int MostRows = 2048, Threads = 128, MostBlocks = 1 << 16;
        int columns = dx.Shape.Columns, targets = dx.Shape.Rows;
        long rows = index.Elements;
        if (dx.Elements == 0 || rows == 0) return;
        if (rows <= MostRows && dx.Elements * rows <= Small)
        {
            programs.Indexing.ScatterAddRows(stream, LaunchConfig.For(dx.Elements), F(dx), F(dy), I(index), rows, targets, columns);
            return;
        }

        DevicePointer<int> counts = Scratch<int>(3L * targets + 1 + rows), filled = counts + targets, end = filled + targets, starts = end + 1, list = starts + targets;
        stream.Fill(counts, 0, (nuint)(2L * targets + 1));
        programs.Indexing.CountTargets(stream, LaunchConfig.For(rows), counts, I(index), rows);
        programs.Indexing.PlaceLists(stream, LaunchConfig.For(targets), starts, counts, end, targets);
        programs.Indexing.ListRows(stream, LaunchConfig.For(rows), list, filled, starts, I(index), rows);
        programs.Indexing.ScatterAddLists(
            stream, new LaunchConfig(Math.Min(targets, MostBlocks), Threads), F(dx), F(dy), I(index), counts, starts, list, rows, targets, columns);
    }

    public void GatherColumns(Tensor y, Tensor x, Tensor index)
    {
        if (x.Elements > 0) programs.Indexing.GatherColumns(stream, LaunchConfig.For(x.Elements), F(y), F(x), I(index), x.Elements, x.Shape.Columns);
    }

    public void CopyColumns(Tensor y, int yColumn, Tensor x, int xColumn, int columns, bool accumulate)
    {
        long elements = (long)x.Shape.Rows * columns;
        if (elements == 0) return;
        programs.Indexing.CopyColumns(
            stream, LaunchConfig.For(elements), F(y), y.Shape.Columns, yColumn, F(x), x.Shape.Columns, xColumn, x.Shape.Rows, columns, Flag(accumulate));
    }
}
