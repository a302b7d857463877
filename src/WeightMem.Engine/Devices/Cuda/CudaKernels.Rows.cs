using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    /// <summary>Rows of a strip of a sum over rows, about; strips are summed by different blocks.</summary>
    private const int StripRows = 256;

    private const int MostStrips = 64;

    /// <summary>The widest head that a warp's registers hold: 32 lanes of 8.</summary>
    private const int WidestHead = 256;

    public void SumRows(Tensor y, Tensor x, bool accumulate)
    {
        int columns = checked((int)y.Elements);
        long rows = x.Elements / columns;
        (int strips, long stripRows) = Strips(rows);
        DevicePointer<float> partial = Scratch<float>((long)strips * columns);
        programs.Rows.SumRowsStrips(stream, StripGrid(columns, strips), partial, F(x), rows, columns, stripRows);
        programs.Rows.SumStrips(stream, LaunchConfig.For(columns), F(y), partial, strips, columns, Flag(accumulate));
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
        (int strips, long stripRows) = Strips(rows);
        DevicePointer<float> forGamma = Scratch<float>(2L * strips * columns), forBeta = forGamma + (long)strips * columns;
        programs.Rows.LayerNormBackwardStrips(stream, StripGrid(columns, strips), forGamma, forBeta, F(dy), F(x), F(mean), F(rstd), rows, columns, stripRows);
        programs.Rows.SumStrips(stream, LaunchConfig.For(columns), F(dgamma), forGamma, strips, columns, accumulate: 1);
        programs.Rows.SumStrips(stream, LaunchConfig.For(columns), F(dbeta), forBeta, strips, columns, accumulate: 1);
        programs.Rows.LayerNormBackwardInput(
            stream, WarpPerRow(rows), F(dx), F(dy), F(x), F(mean), F(rstd), F(gamma), rows, columns, Flag(accumulate));
    }

    public void AttentionForward(Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        Heads h = HeadsOf(qkv, heads);
        uint shared = h.SharedBytes(rowsPerWarp: 1);
        Allow(programs.Attention.AttentionForwardFunction, shared);
        programs.Attention.AttentionForward(stream, new LaunchConfig(h.Grid, WarpsPerBlock * 32, shared), F(y), F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
    }

    public void AttentionBackward(Tensor dqkv, Tensor dy, Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        Heads h = HeadsOf(qkv, heads);
        DevicePointer<float> dots = Scratch<float>(logSumExp.Elements);
        uint shared = h.SharedBytes(rowsPerWarp: 2);
        var config = new LaunchConfig(h.Grid, WarpsPerBlock * 32, shared);
        Allow(programs.Attention.AttentionBackwardQueriesFunction, shared);
        Allow(programs.Attention.AttentionBackwardKeysFunction, shared);
        programs.Attention.AttentionDots(stream, new LaunchConfig(h.Grid, WarpsPerBlock * 32), dots, F(dy), F(y), h.Tokens, h.Width, h.Size);
        programs.Attention.AttentionBackwardQueries(stream, config, F(dqkv), F(dy), dots, F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
        programs.Attention.AttentionBackwardKeys(stream, config, F(dqkv), F(dy), dots, F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
    }

    private static (int Count, long Rows) Strips(long rows)
    {
        int count = (int)Math.Clamp((rows + StripRows - 1) / StripRows, 1, MostStrips);
        return (count, Math.Max(1, (rows + count - 1) / count));
    }

    private static LaunchConfig StripGrid(int columns, int strips) => new(new Dim3((uint)((columns + 31) / 32), (uint)strips), new Dim3(32, 8));

    /// <summary>More shared memory than every device gives must be asked for.</summary>
    private static void Allow(CudaFunction function, uint sharedBytes)
    {
        const uint Everywhere = 48 << 10;
        if (sharedBytes > Everywhere) function.AllowSharedBytes((int)sharedBytes);
    }

    private static Heads HeadsOf(Tensor qkv, int heads)
    {
        int tokens = qkv.Shape[1], width = qkv.Shape[2] / 3, size = width / heads;
        if (size > WidestHead) throw new ArgumentException($"attention on a GPU takes heads of at most {WidestHead} values, not {size}");
        var grid = new Dim3((uint)((tokens + WarpsPerBlock - 1) / WarpsPerBlock), (uint)heads, (uint)qkv.Shape[0]);
        return new Heads(tokens, width, size, (float)(1 / Math.Sqrt(size)), grid);
    }

    private readonly record struct Heads(int Tokens, int Width, int Size, float Scale, Dim3 Grid)
    {
        private const int Tile = 32;

        /// <summary>Two tiles, and so many rows for each warp.</summary>
        public uint SharedBytes(int rowsPerWarp) => (uint)(sizeof(float) * (2 * Tile * (Size + 1) + WarpsPerBlock * rowsPerWarp * Size));
    }
}
