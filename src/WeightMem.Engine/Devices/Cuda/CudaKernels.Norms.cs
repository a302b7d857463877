using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    public void UnbiasedNormForward(Tensor y, Tensor mean, Tensor scale, Tensor x, Tensor alpha, Tensor bias, double epsilon)
    {
        if (x.Elements == 0) return;
        programs.Norms.UnbiasedNormForward(
            stream, WarpPerRow(x.Shape.Rows), F(y), F(mean), F(scale), F(x), F(alpha), F(bias), x.Shape.Rows, x.Shape.Columns, (float)epsilon);
    }

    public void UnbiasedNormBackward(
        Tensor dx, Tensor dalpha, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor scale, Tensor alpha, double epsilon, bool accumulate)
    {
        int columns = x.Shape.Columns;
        long rows = x.Shape.Rows;
        if (x.Elements == 0) return;

        // The sums over rows are those of layer normalisation: it keeps the same two numbers of each row.
        (int strips, long stripRows) = Strips(rows);
        DevicePointer<float> forAlpha = Scratch<float>(2L * strips * columns), forBias = forAlpha + (long)strips * columns;
        programs.Rows.LayerNormBackwardStrips(stream, StripGrid(columns, strips), forAlpha, forBias, F(dy), F(x), F(mean), F(scale), rows, columns, stripRows);
        programs.Rows.SumStrips(stream, StripGrid(columns, 1), F(dalpha), forAlpha, strips, columns, accumulate: 1);
        programs.Rows.SumStrips(stream, StripGrid(columns, 1), F(dbias), forBias, strips, columns, accumulate: 1);
        programs.Norms.UnbiasedNormBackwardInput(
            stream, WarpPerRow(rows), F(dx), F(dy), F(x), F(mean), F(scale), F(alpha), rows, columns, (float)epsilon, Flag(accumulate));
    }

    public void UnitRowsForward(Tensor y, Tensor norm, Tensor x, double floor)
    {
        if (x.Elements > 0) programs.Norms.UnitRowsForward(stream, WarpPerRow(x.Shape.Rows), F(y), F(norm), F(x), x.Shape.Rows, x.Shape.Columns, (float)floor);
    }

    public void UnitRowsBackward(Tensor dx, Tensor dy, Tensor y, Tensor norm, double floor, bool accumulate)
    {
        if (y.Elements == 0) return;
        programs.Norms.UnitRowsBackward(
            stream, WarpPerRow(y.Shape.Rows), F(dx), F(dy), F(y), F(norm), y.Shape.Rows, y.Shape.Columns, (float)floor, Flag(accumulate));
    }
}
