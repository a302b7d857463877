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

/// <summary>Writes rows of one vector.</summary>
internal readonly unsafe ref struct TileFinish1<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly TileOutput* _output;
    private readonly TVector _alpha, _beta, _bias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileFinish1(TileOutput* output)
    {
        _output = output;
        _alpha = TLanes.Broadcast(output->Alpha);
        _beta = TLanes.Broadcast(output->Beta);
        _bias = output->Bias == null ? TLanes.Zero : TLanes.Load(output->Bias);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(int row, TVector sum)
    {
        float* c = _output->C + row * _output->RowStride;
        TVector value = TLanes.MultiplyAdd(sum, _alpha, _bias);
        if (_output->Beta != 0) value = TLanes.MultiplyAdd(_beta, TLanes.Load(c), value);
        TLanes.Store(c, value);
    }
}

/// <summary>Writes rows of two vectors.</summary>
internal readonly unsafe ref struct TileFinish2<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly TileOutput* _output;
    private readonly TVector _alpha, _bias0, _bias1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileFinish2(TileOutput* output)
    {
        _output = output;
        _alpha = TLanes.Broadcast(output->Alpha);
        _bias0 = output->Bias == null ? TLanes.Zero : TLanes.Load(output->Bias);
        _bias1 = output->Bias == null ? TLanes.Zero : TLanes.Load(output->Bias + TLanes.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(int row, TVector sum0, TVector sum1)
    {
        float* c = _output->C + row * _output->RowStride;
        TVector value0 = TLanes.MultiplyAdd(sum0, _alpha, _bias0);
        TVector value1 = TLanes.MultiplyAdd(sum1, _alpha, _bias1);
        if (_output->Beta != 0)
        {
            TVector beta = TLanes.Broadcast(_output->Beta);
            value0 = TLanes.MultiplyAdd(beta, TLanes.Load(c), value0);
            value1 = TLanes.MultiplyAdd(beta, TLanes.Load(c + TLanes.Width), value1);
        }

        TLanes.Store(c, value0);
        TLanes.Store(c + TLanes.Width, value1);
    }
}
