using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WeightMem.Engine.Kernels;

// Structs that kernels take by value, laid out as in the .cu files of the same names.

/// <summary>As in <c>gemm.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GemmShape
{
    public int Rows, Columns, Depth, AStride, BStride, CStride;
    public long ABatch, BBatch, CBatch;
    public int ATransposed, BTransposed;
    public float Alpha, Beta;
}

/// <summary>As in <c>optimizers.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdamConstants
{
    public double Beta1, Beta2, Epsilon, WeightDecay;
    public long Decayed;
    public double Clip;
}

/// <summary>As in <c>population.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Widths
{
    public int Count;
    public WidthValues Value;
}

/// <summary>The widths of at most eight layers.</summary>
[InlineArray(Most)]
internal struct WidthValues
{
    public const int Most = 8;
    private int _first;
}
