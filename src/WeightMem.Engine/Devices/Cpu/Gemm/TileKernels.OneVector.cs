using System.Runtime.CompilerServices;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

// The tiles that are one vector wide. Each sum is one variable: only so does the compiler keep it in a register.
internal static unsafe partial class TileKernels<TLanes, TVector>
{
    /// <summary>Computes a tile of <paramref name="rows"/> rows (12, 8, 6, 4, 2 or 1) and one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OneVector<TRows>(int rows, nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        switch (rows)
        {
            case 12:
                Tile12x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 8:
                Tile8x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 6:
                Tile6x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 4:
                Tile4x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 2:
                Tile2x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
            default:
                Tile1x1<TRows>(depth, a, aStride, b, bStep, output);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        TVector c20 = TLanes.Zero;
        TVector c30 = TLanes.Zero;
        TVector c40 = TLanes.Zero;
        TVector c50 = TLanes.Zero;
        TVector c60 = TLanes.Zero;
        TVector c70 = TLanes.Zero;
        TVector c80 = TLanes.Zero;
        TVector c90 = TLanes.Zero;
        TVector cA0 = TLanes.Zero;
        TVector cB0 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(1, aStride)]), b0, c10);
            c20 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(2, aStride)]), b0, c20);
            c30 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(3, aStride)]), b0, c30);
            c40 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(4, aStride)]), b0, c40);
            c50 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(5, aStride)]), b0, c50);
            c60 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(6, aStride)]), b0, c60);
            c70 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(7, aStride)]), b0, c70);
            c80 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(8, aStride)]), b0, c80);
            c90 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(9, aStride)]), b0, c90);
            cA0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(10, aStride)]), b0, cA0);
            cB0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(11, aStride)]), b0, cB0);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
        Put(c + stride, c10, alpha, bias0, beta, reads);
        Put(c + 2 * stride, c20, alpha, bias0, beta, reads);
        Put(c + 3 * stride, c30, alpha, bias0, beta, reads);
        Put(c + 4 * stride, c40, alpha, bias0, beta, reads);
        Put(c + 5 * stride, c50, alpha, bias0, beta, reads);
        Put(c + 6 * stride, c60, alpha, bias0, beta, reads);
        Put(c + 7 * stride, c70, alpha, bias0, beta, reads);
        Put(c + 8 * stride, c80, alpha, bias0, beta, reads);
        Put(c + 9 * stride, c90, alpha, bias0, beta, reads);
        Put(c + 10 * stride, cA0, alpha, bias0, beta, reads);
        Put(c + 11 * stride, cB0, alpha, bias0, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        TVector c20 = TLanes.Zero;
        TVector c30 = TLanes.Zero;
        TVector c40 = TLanes.Zero;
        TVector c50 = TLanes.Zero;
        TVector c60 = TLanes.Zero;
        TVector c70 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(1, aStride)]), b0, c10);
            c20 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(2, aStride)]), b0, c20);
            c30 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(3, aStride)]), b0, c30);
            c40 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(4, aStride)]), b0, c40);
            c50 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(5, aStride)]), b0, c50);
            c60 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(6, aStride)]), b0, c60);
            c70 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(7, aStride)]), b0, c70);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
        Put(c + stride, c10, alpha, bias0, beta, reads);
        Put(c + 2 * stride, c20, alpha, bias0, beta, reads);
        Put(c + 3 * stride, c30, alpha, bias0, beta, reads);
        Put(c + 4 * stride, c40, alpha, bias0, beta, reads);
        Put(c + 5 * stride, c50, alpha, bias0, beta, reads);
        Put(c + 6 * stride, c60, alpha, bias0, beta, reads);
        Put(c + 7 * stride, c70, alpha, bias0, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        TVector c20 = TLanes.Zero;
        TVector c30 = TLanes.Zero;
        TVector c40 = TLanes.Zero;
        TVector c50 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(1, aStride)]), b0, c10);
            c20 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(2, aStride)]), b0, c20);
            c30 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(3, aStride)]), b0, c30);
            c40 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(4, aStride)]), b0, c40);
            c50 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(5, aStride)]), b0, c50);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
        Put(c + stride, c10, alpha, bias0, beta, reads);
        Put(c + 2 * stride, c20, alpha, bias0, beta, reads);
        Put(c + 3 * stride, c30, alpha, bias0, beta, reads);
        Put(c + 4 * stride, c40, alpha, bias0, beta, reads);
        Put(c + 5 * stride, c50, alpha, bias0, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        TVector c20 = TLanes.Zero;
        TVector c30 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(1, aStride)]), b0, c10);
            c20 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(2, aStride)]), b0, c20);
            c30 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(3, aStride)]), b0, c30);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
        Put(c + stride, c10, alpha, bias0, beta, reads);
        Put(c + 2 * stride, c20, alpha, bias0, beta, reads);
        Put(c + 3 * stride, c30, alpha, bias0, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(1, aStride)]), b0, c10);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
        Put(c + stride, c10, alpha, bias0, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x1<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b);
            c00 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TRows.Offset(0, aStride)]), b0, c00);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0);
        bool reads = output->Beta != 0;
        Put(c, c00, alpha, bias0, beta, reads);
    }
}
