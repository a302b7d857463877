using System.Runtime.CompilerServices;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

// The tiles that are two vectors wide. Each sum is one variable: only so does the compiler keep it in a register.
internal static unsafe partial class TileKernels<TLanes, TVector>
{
    /// <summary>Computes a tile of <paramref name="rows"/> rows (12, 8, 6, 4, 2 or 1) and two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TwoVectors<TRows>(int rows, nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        switch (rows)
        {
            case 12:
                Tile12x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 8:
                Tile8x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 6:
                Tile6x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 4:
                Tile4x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
            case 2:
                Tile2x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
            default:
                Tile1x2<TRows>(depth, a, aStride, b, bStep, output);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero;
        TVector c40 = TLanes.Zero, c41 = TLanes.Zero;
        TVector c50 = TLanes.Zero, c51 = TLanes.Zero;
        TVector c60 = TLanes.Zero, c61 = TLanes.Zero;
        TVector c70 = TLanes.Zero, c71 = TLanes.Zero;
        TVector c80 = TLanes.Zero, c81 = TLanes.Zero;
        TVector c90 = TLanes.Zero, c91 = TLanes.Zero;
        TVector cA0 = TLanes.Zero, cA1 = TLanes.Zero;
        TVector cB0 = TLanes.Zero, cB1 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[TRows.Offset(1, aStride)]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[TRows.Offset(2, aStride)]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a[TRows.Offset(3, aStride)]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            x = TLanes.Broadcast(a[TRows.Offset(4, aStride)]);
            c40 = TLanes.MultiplyAdd(x, b0, c40);
            c41 = TLanes.MultiplyAdd(x, b1, c41);
            x = TLanes.Broadcast(a[TRows.Offset(5, aStride)]);
            c50 = TLanes.MultiplyAdd(x, b0, c50);
            c51 = TLanes.MultiplyAdd(x, b1, c51);
            x = TLanes.Broadcast(a[TRows.Offset(6, aStride)]);
            c60 = TLanes.MultiplyAdd(x, b0, c60);
            c61 = TLanes.MultiplyAdd(x, b1, c61);
            x = TLanes.Broadcast(a[TRows.Offset(7, aStride)]);
            c70 = TLanes.MultiplyAdd(x, b0, c70);
            c71 = TLanes.MultiplyAdd(x, b1, c71);
            x = TLanes.Broadcast(a[TRows.Offset(8, aStride)]);
            c80 = TLanes.MultiplyAdd(x, b0, c80);
            c81 = TLanes.MultiplyAdd(x, b1, c81);
            x = TLanes.Broadcast(a[TRows.Offset(9, aStride)]);
            c90 = TLanes.MultiplyAdd(x, b0, c90);
            c91 = TLanes.MultiplyAdd(x, b1, c91);
            x = TLanes.Broadcast(a[TRows.Offset(10, aStride)]);
            cA0 = TLanes.MultiplyAdd(x, b0, cA0);
            cA1 = TLanes.MultiplyAdd(x, b1, cA1);
            x = TLanes.Broadcast(a[TRows.Offset(11, aStride)]);
            cB0 = TLanes.MultiplyAdd(x, b0, cB0);
            cB1 = TLanes.MultiplyAdd(x, b1, cB1);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
        Put(c + stride, c10, c11, alpha, bias0, bias1, beta, reads);
        Put(c + 2 * stride, c20, c21, alpha, bias0, bias1, beta, reads);
        Put(c + 3 * stride, c30, c31, alpha, bias0, bias1, beta, reads);
        Put(c + 4 * stride, c40, c41, alpha, bias0, bias1, beta, reads);
        Put(c + 5 * stride, c50, c51, alpha, bias0, bias1, beta, reads);
        Put(c + 6 * stride, c60, c61, alpha, bias0, bias1, beta, reads);
        Put(c + 7 * stride, c70, c71, alpha, bias0, bias1, beta, reads);
        Put(c + 8 * stride, c80, c81, alpha, bias0, bias1, beta, reads);
        Put(c + 9 * stride, c90, c91, alpha, bias0, bias1, beta, reads);
        Put(c + 10 * stride, cA0, cA1, alpha, bias0, bias1, beta, reads);
        Put(c + 11 * stride, cB0, cB1, alpha, bias0, bias1, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero;
        TVector c40 = TLanes.Zero, c41 = TLanes.Zero;
        TVector c50 = TLanes.Zero, c51 = TLanes.Zero;
        TVector c60 = TLanes.Zero, c61 = TLanes.Zero;
        TVector c70 = TLanes.Zero, c71 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[TRows.Offset(1, aStride)]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[TRows.Offset(2, aStride)]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a[TRows.Offset(3, aStride)]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            x = TLanes.Broadcast(a[TRows.Offset(4, aStride)]);
            c40 = TLanes.MultiplyAdd(x, b0, c40);
            c41 = TLanes.MultiplyAdd(x, b1, c41);
            x = TLanes.Broadcast(a[TRows.Offset(5, aStride)]);
            c50 = TLanes.MultiplyAdd(x, b0, c50);
            c51 = TLanes.MultiplyAdd(x, b1, c51);
            x = TLanes.Broadcast(a[TRows.Offset(6, aStride)]);
            c60 = TLanes.MultiplyAdd(x, b0, c60);
            c61 = TLanes.MultiplyAdd(x, b1, c61);
            x = TLanes.Broadcast(a[TRows.Offset(7, aStride)]);
            c70 = TLanes.MultiplyAdd(x, b0, c70);
            c71 = TLanes.MultiplyAdd(x, b1, c71);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
        Put(c + stride, c10, c11, alpha, bias0, bias1, beta, reads);
        Put(c + 2 * stride, c20, c21, alpha, bias0, bias1, beta, reads);
        Put(c + 3 * stride, c30, c31, alpha, bias0, bias1, beta, reads);
        Put(c + 4 * stride, c40, c41, alpha, bias0, bias1, beta, reads);
        Put(c + 5 * stride, c50, c51, alpha, bias0, bias1, beta, reads);
        Put(c + 6 * stride, c60, c61, alpha, bias0, bias1, beta, reads);
        Put(c + 7 * stride, c70, c71, alpha, bias0, bias1, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero;
        TVector c40 = TLanes.Zero, c41 = TLanes.Zero;
        TVector c50 = TLanes.Zero, c51 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[TRows.Offset(1, aStride)]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[TRows.Offset(2, aStride)]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a[TRows.Offset(3, aStride)]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            x = TLanes.Broadcast(a[TRows.Offset(4, aStride)]);
            c40 = TLanes.MultiplyAdd(x, b0, c40);
            c41 = TLanes.MultiplyAdd(x, b1, c41);
            x = TLanes.Broadcast(a[TRows.Offset(5, aStride)]);
            c50 = TLanes.MultiplyAdd(x, b0, c50);
            c51 = TLanes.MultiplyAdd(x, b1, c51);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
        Put(c + stride, c10, c11, alpha, bias0, bias1, beta, reads);
        Put(c + 2 * stride, c20, c21, alpha, bias0, bias1, beta, reads);
        Put(c + 3 * stride, c30, c31, alpha, bias0, bias1, beta, reads);
        Put(c + 4 * stride, c40, c41, alpha, bias0, bias1, beta, reads);
        Put(c + 5 * stride, c50, c51, alpha, bias0, bias1, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[TRows.Offset(1, aStride)]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[TRows.Offset(2, aStride)]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a[TRows.Offset(3, aStride)]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
        Put(c + stride, c10, c11, alpha, bias0, bias1, beta, reads);
        Put(c + 2 * stride, c20, c21, alpha, bias0, bias1, beta, reads);
        Put(c + 3 * stride, c30, c31, alpha, bias0, bias1, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[TRows.Offset(1, aStride)]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
        Put(c + stride, c10, c11, alpha, bias0, bias1, beta, reads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x2<TRows>(nint depth, float* a, nint aStride, float* b, nint bStep, TileOutput* output)
        where TRows : struct, ITileRows
    {
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        nint aStep = TRows.Step(aStride);
        for (float* end = b + depth * bStep; b != end; b += bStep)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Width), x;
            x = TLanes.Broadcast(a[TRows.Offset(0, aStride)]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            a += aStep;
        }

        float* c = output->C;
        nint stride = output->RowStride;
        TVector alpha = TLanes.Broadcast(output->Alpha), beta = TLanes.Broadcast(output->Beta);
        TVector bias0 = Bias(output, 0), bias1 = Bias(output, TLanes.Width);
        bool reads = output->Beta != 0;
        Put(c, c00, c01, alpha, bias0, bias1, beta, reads);
    }
}
