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

/// <summary>As in <c>chains.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ChainProgram
{
    public const int MostTensors = 8;
    public int Steps, Outputs;
    public Bytes32 Kind, A, B, Activation;
    public Floats32 Constant;
    public Bytes8 Output, Accumulate;
    public Longs8 InputSize;
    public Addresses8 Input, To;

    [InlineArray(32)]
    public struct Bytes32
    {
        private byte _first;
    }

    [InlineArray(32)]
    public struct Floats32
    {
        private float _first;
    }

    [InlineArray(MostTensors)]
    public struct Bytes8
    {
        private byte _first;
    }

    [InlineArray(MostTensors)]
    public struct Longs8
    {
        private long _first;
    }

    [InlineArray(MostTensors)]
    public struct Addresses8
    {
        private ulong _first;
    }
}

/// <summary>As in <c>notebooks/adam_versions.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdamRates
{
    public double WeightDecay, Clip;
    public float Beta1, Beta2, KeepMean, KeepSquare, Epsilon;
}
