using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WeightMem.Engine.Ops;

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

/// <summary>As in <c>notebooks/population_versions.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LayerWidths
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

/// <summary>As in <c>convnets.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetSizes
{
    public int Planes, Layers, Activation, Features, Parameters, Classes;

    /// <summary>Values of an image after all layers together, and of the widest layer.</summary>
    public int Values, Widest;
    public PlaneSizes4 Plane;
    public DenseSizes4 Layer;

    public static NetSizes Of(ConvNet net)
    {
        var sizes = new NetSizes
        {
            Planes = net.Planes.Length,
            Layers = net.Layers.Length,
            Activation = (int)net.Activation,
            Features = net.Features,
            Parameters = net.Parameters,
            Classes = net.Classes,
        };
        for (int i = 0; i < net.Planes.Length; i++)
        {
            ConvPlane p = net.Planes[i];
            sizes.Plane[i] = new PlaneSizes
            {
                Offset = p.Offset,
                Inputs = p.Inputs,
                Height = p.Height,
                Width = p.Width,
                Outputs = p.Outputs,
                Kernel = p.Kernel,
                Pools = p.Pools ? 1 : 0,
                ToHeight = p.ToHeight,
                ToWidth = p.ToWidth,
            };
            sizes.Values += p.To;
            sizes.Widest = Math.Max(sizes.Widest, p.To);
        }

        for (int i = 0; i < net.Layers.Length; i++)
        {
            DenseLayer layer = net.Layers[i];
            sizes.Layer[i] = new DenseSizes { Offset = layer.Offset, Inputs = layer.Inputs, Outputs = layer.Outputs };
            sizes.Values += layer.Outputs;
            sizes.Widest = Math.Max(sizes.Widest, layer.Outputs);
        }

        return sizes;
    }

    [InlineArray(ConvNet.MostLayers)]
    public struct PlaneSizes4
    {
        private PlaneSizes _first;
    }

    [InlineArray(ConvNet.MostLayers)]
    public struct DenseSizes4
    {
        private DenseSizes _first;
    }
}

/// <summary>As in <c>convnets.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PlaneSizes
{
    public int Offset, Inputs, Height, Width, Outputs, Kernel, Pools, ToHeight, ToWidth;
}

/// <summary>As in <c>convnets.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DenseSizes
{
    public int Offset, Inputs, Outputs;
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

/// <summary>As in <c>fields.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FieldSizes
{
    public int Hidden, Width, Parameters;

    public static FieldSizes Of(FieldNet net) => new() { Hidden = net.Hidden, Width = net.Width, Parameters = net.Parameters };
}

/// <summary>As in <c>window.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WindowSizes
{
    public int Height, Width, KernelHeight, KernelWidth, StrideHeight, StrideWidth, PadHeight, PadWidth, OutHeight, OutWidth;

    public static WindowSizes Of(Window w) => new()
    {
        Height = w.Height,
        Width = w.Width,
        KernelHeight = w.KernelHeight,
        KernelWidth = w.KernelWidth,
        StrideHeight = w.StrideHeight,
        StrideWidth = w.StrideWidth,
        PadHeight = w.PadHeight,
        PadWidth = w.PadWidth,
        OutHeight = w.OutHeight,
        OutWidth = w.OutWidth,
    };
}

/// <summary>As in <c>convolution.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ConvSizes
{
    public int Batch, Channels, Filters, Groups;
    public WindowSizes Window;

    public static ConvSizes Of(Tensors.Shape input, Tensors.Tensor weight, Window window) => new()
    {
        Batch = input[0],
        Channels = input[3],
        Filters = weight.Shape[0],
        Groups = input[3] / weight.Shape[1],
        Window = WindowSizes.Of(window),
    };
}
