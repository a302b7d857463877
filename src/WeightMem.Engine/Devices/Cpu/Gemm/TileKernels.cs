using System.Runtime.CompilerServices;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>
/// The innermost loops: a tile of C, a few rows high and one or two vectors wide, is held in registers while the kernel runs over the
/// depth. Every element of C is one chain of multiply-adds in the order of k, whatever the tile: so no choice of tiles or threads
/// changes a bit of the result.
/// </summary>
internal static unsafe partial class TileKernels<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>The height of the next tile when <paramref name="rows"/> rows are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Height(int rows)
    {
        if (rows >= TLanes.TileRows) return TLanes.TileRows;
        if (TLanes.TileRows > 8 && rows >= 8) return 8;
        return rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Bias(TileOutput* output, int column) =>
        output->Bias == null ? TLanes.Zero : TLanes.Load(output->Bias + column);

    /// <summary>Writes a row of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, TVector sum, TVector alpha, TVector bias, TVector beta, bool reads)
    {
        TVector value = TLanes.MultiplyAdd(sum, alpha, bias);
        if (reads) value = TLanes.MultiplyAdd(beta, TLanes.Load(c), value);
        TLanes.Store(c, value);
    }

    /// <summary>Writes a row of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(
        float* c, TVector sum0, TVector sum1, TVector alpha, TVector bias0, TVector bias1, TVector beta, bool reads)
    {
        TVector value0 = TLanes.MultiplyAdd(sum0, alpha, bias0);
        TVector value1 = TLanes.MultiplyAdd(sum1, alpha, bias1);
        if (reads)
        {
            value0 = TLanes.MultiplyAdd(beta, TLanes.Load(c), value0);
            value1 = TLanes.MultiplyAdd(beta, TLanes.Load(c + TLanes.Width), value1);
        }

        TLanes.Store(c, value0);
        TLanes.Store(c + TLanes.Width, value1);
    }
}

/// <summary>Where the elements of A lie for a tile kernel.</summary>
internal interface ITileRows
{
    /// <summary>Elements from the first row of the tile to another.</summary>
    static abstract nint Offset(int row, nint stride);

    /// <summary>Elements from one k to the next.</summary>
    static abstract nint Step(nint stride);
}

/// <summary>The rows of the tile are neighbours: a packed panel, or a transposed A in its place. The stride is that of k.</summary>
internal readonly struct AdjacentRows : ITileRows
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Offset(int row, nint stride) => row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Step(nint stride) => stride;
}

/// <summary>A in its place, not transposed: k are neighbours. The stride is that of the rows.</summary>
internal readonly struct StridedRows : ITileRows
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Offset(int row, nint stride) => row * stride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Step(nint stride) => 1;
}

/// <summary>What a tile kernel does with its sums: C = alpha * sum + bias + beta * C.</summary>
internal unsafe struct TileOutput
{
    /// <summary>First element of the tile.</summary>
    public float* C;

    /// <summary>Elements from one row of C to the next.</summary>
    public nint RowStride;

    /// <summary>Bias of the first column, or null.</summary>
    public float* Bias;

    /// <summary>Factor of the sums.</summary>
    public float Alpha;

    /// <summary>Factor of the old C, which is not read when this is 0.</summary>
    public float Beta;
}
