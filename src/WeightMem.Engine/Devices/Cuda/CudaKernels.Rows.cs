using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    /// <summary>Rows of a strip of a sum over rows, about; strips are summed by different blocks.</summary>
    private const int StripRows = 256;

    private const int MostStrips = 64;

    /// <summary>The longest row that the registers of a warp hold.</summary>
    private const int WidestRow = 1536;

    /// <summary>In the gradient of layer normalisation, rows of a warp, about, and blocks at most: enough to fill a GPU, few enough sums to add up.</summary>
    private const int RowsOfWarp = 2, MostRowStrips = 512;

    public void SumRows(Tensor y, Tensor x, bool accumulate)
    {
        int columns = checked((int)y.Elements);
        long rows = x.Elements / columns;
        (int strips, long stripRows) = Strips(rows);
        DevicePointer<float> partial = Scratch<float>((long)strips * columns);
        programs.Rows.SumRowsStrips(stream, StripGrid(columns, strips), partial, F(x), rows, columns, stripRows);
        programs.Rows.SumStrips(stream, StripGrid(columns, 1), F(y), partial, strips, columns, Flag(accumulate));
    }

    public void SoftmaxForward(Tensor y, Tensor x)
    {
        if (x.Elements > 0) programs.Rows.SoftmaxForward(stream, WarpPerRow(x.Shape.Rows), F(y), F(x), x.Shape.Rows, x.Shape.Columns);
    }

    public void SoftmaxBackward(Tensor dx, Tensor dy, Tensor y, bool accumulate)
    {
        if (y.Elements > 0)
            programs.Rows.SoftmaxBackward(stream, WarpPerRow(y.Shape.Rows), F(dx), F(dy), F(y), y.Shape.Rows, y.Shape.Columns, Flag(accumulate));
    }

    public void LayerNormForward(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, Tensor beta, double epsilon)
    {
        if (x.Elements == 0) return;
        programs.Rows.LayerNormForward(
            stream, WarpPerRow(x.Shape.Rows), F(y), F(mean), F(rstd), F(x), F(gamma), F(beta), x.Shape.Rows, x.Shape.Columns, (float)epsilon);
    }

    public void LayerNormBackward(Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor gamma, bool accumulate)
    {
        int columns = x.Shape.Columns;
        long rows = x.Shape.Rows;
        if (x.Elements == 0) return;
        bool inRegisters = columns <= WidestRow;
        (int strips, long stripRows) = inRegisters ? Strips(rows, RowsOfWarp * WarpsPerBlock, MostRowStrips) : Strips(rows);
        DevicePointer<float> forGamma = Scratch<float>(2L * strips * columns), forBeta = forGamma + (long)strips * columns;
        if (inRegisters)
        {
            uint shared = (uint)(sizeof(float) * 2 * WarpsPerBlock * columns);
            programs.Rows.LayerNormBackward(
                stream, new LaunchConfig(strips, WarpsPerBlock * 32, shared), F(dx), forGamma, forBeta, F(dy), F(x), F(mean), F(rstd), F(gamma), rows, columns,
                stripRows, Flag(accumulate));
        }
        else
        {
            programs.Rows.LayerNormBackwardStrips(
                stream, StripGrid(columns, strips), forGamma, forBeta, F(dy), F(x), F(mean), F(rstd), rows, columns, stripRows);
            programs.Rows.LayerNormBackwardInput(
                stream, WarpPerRow(rows), F(dx), F(dy), F(x), F(mean), F(rstd), F(gamma), rows, columns, Flag(accumulate));
        }

        programs.Rows.SumStrips(stream, StripGrid(columns, 1), F(dgamma), forGamma, strips, columns, accumulate: 1);
        programs.Rows.SumStrips(stream, StripGrid(columns, 1), F(dbeta), forBeta, strips, columns, accumulate: 1);
    }

    private static (int Count, long Rows) Strips(long rows, int stripRows = StripRows, int most = MostStrips)
    {
        int count = (int)Math.Clamp((rows + stripRows - 1) / stripRows, 1, most);
        return (count, Math.Max(1, (rows + count - 1) / count));
    }

    private static LaunchConfig StripGrid(int columns, int strips) => new(new Dim3((uint)((columns + 31) / 32), (uint)strips), new Dim3(32, 8));

    /// <summary>More shared memory than every device gives must be asked for.</summary>
    private static void Allow(CudaFunction function, uint sharedBytes)
    {
        const uint Everywhere = 48 << 10;
        if (sharedBytes > Everywhere) function.AllowSharedBytes((int)sharedBytes);
    }
}
