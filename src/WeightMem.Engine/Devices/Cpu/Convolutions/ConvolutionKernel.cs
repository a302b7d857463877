using System.Runtime.Intrinsics;
using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cpu.Convolutions;

/// <summary>One convolution: images [batch, height, width, channels], slopes or outputs [batch, out height, out width, filters].</summary>
internal unsafe struct ConvolutionSizes
{
    public Window Window;

    public int Batch, Channels, Filters, Groups;

    public readonly int Places => Batch * Window.OutHeight * Window.OutWidth;

    /// <summary>Whether it is a plain product: every pixel by itself.</summary>
    public readonly bool IsPointwise => Groups == 1 && Window.Taps == 1 && Window is { StrideHeight: 1, StrideWidth: 1 };

    /// <summary>Whether its channels are so few that a product with a column for each would leave most lanes of a vector idle.</summary>
    public readonly bool IsNarrow(SimdLevel level) =>
        Groups == 1 && Window.Taps > 1 && 4 * Channels <= level switch { SimdLevel.Avx512 => Lanes512.Width, SimdLevel.Avx2 => Lanes256.Width, _ => Lanes128.Width };
}

/// <summary>
/// Convolutions as products whose left factor is gathered in tiles. A 1x1 kernel without strides is a product as it is. The data gradient of a stride takes the pixels
/// in classes by their remainders: each class sees only the taps that reach it, so nothing is multiplied by inserted zeros.
/// </summary>
internal static unsafe class ConvolutionKernel
{
    public static void Forward(float* y, float* x, float* weight, float* bias, in ConvolutionSizes s, WorkerPool pool, SimdLevel level)
    {
        if (s.IsPointwise)
        {
            Pointwise(y, x, weight, true, bias, s.Places, s.Filters, s.Channels, false, pool, level);
            return;
        }

        Window w = s.Window;
        int channels = s.Channels / s.Groups, filters = s.Filters / s.Groups;
        for (int g = 0; g < s.Groups; g++)
        {
            var places = new GridPlaces { First = y + g * filters, PixelStride = s.Filters, StepY = 1, StepX = 1 };
            TapGather gather = Seen(x, s, g);
            var taps = new FilterTaps
            {
                Weight = weight + (long)g * filters * channels * w.Taps,
                ChannelStride = w.Taps,
                ColumnStride = (long)channels * w.Taps,
                TapStepY = w.KernelWidth,
                TapStepX = 1,
            };
            Product(places, gather, taps, s.Places, filters, bias == null ? null : bias + g * filters, false, pool, level);
        }
    }

    public static void DataGradient(float* dx, float* dy, float* weight, float* bias, bool accumulate, in ConvolutionSizes s, WorkerPool pool, SimdLevel level)
    {
        if (s.IsPointwise)
        {
            Pointwise(dx, dy, weight, false, bias, s.Places, s.Channels, s.Filters, accumulate, pool, level);
            return;
        }

        if (s.IsNarrow(level))
        {
            Narrow(dx, dy, weight, bias, accumulate, s, pool, level);
            return;
        }

        Window w = s.Window;
        int channels = s.Channels / s.Groups, filters = s.Filters / s.Groups;
        for (int g = 0; g < s.Groups; g++)
        {
            for (int py = 0; py < w.StrideHeight; py++)
            {
                for (int px = 0; px < w.StrideWidth; px++)
                {
                    (int tapsY, int lastY) = Reaching(py, w.PadHeight, w.KernelHeight, w.StrideHeight);
                    (int tapsX, int lastX) = Reaching(px, w.PadWidth, w.KernelWidth, w.StrideWidth);
                    var places = new GridPlaces
                    {
                        First = dx + g * channels,
                        Height = w.Height,
                        Width = w.Width,
                        PixelStride = s.Channels,
                        StepY = w.StrideHeight,
                        StepX = w.StrideWidth,
                        OffsetY = py,
                        OffsetX = px,
                    };
                    var gather = new TapGather
                    {
                        Source = dy + g * filters,
                        Height = w.OutHeight,
                        Width = w.OutWidth,
                        PixelStride = s.Filters,
                        Channels = filters,
                        GridHeight = (w.Height - py + w.StrideHeight - 1) / w.StrideHeight,
                        GridWidth = (w.Width - px + w.StrideWidth - 1) / w.StrideWidth,
                        StepY = 1,
                        StepX = 1,
                        OffsetY = (py + w.PadHeight - lastY) / w.StrideHeight,
                        OffsetX = (px + w.PadWidth - lastX) / w.StrideWidth,
                        TapsY = tapsX == 0 ? 0 : tapsY,
                        TapsX = tapsX,
                    };
                    var taps = new FilterTaps
                    {
                        Weight = weight + (long)g * filters * channels * w.Taps,
                        ChannelStride = (long)channels * w.Taps,
                        ColumnStride = w.Taps,
                        FirstTap = lastY * w.KernelWidth + lastX,
                        TapStepY = -w.StrideHeight * w.KernelWidth,
                        TapStepX = -w.StrideWidth,
                    };
                    Product(places, gather, taps, s.Batch * gather.GridHeight * gather.GridWidth, channels, bias == null ? null : bias + g * channels, accumulate, pool, level);
                }
            }
        }
    }

    /// <summary>The data gradient for few channels.</summary>
    private static void Narrow(float* dx, float* dy, float* weight, float* bias, bool accumulate, in ConvolutionSizes s, WorkerPool pool, SimdLevel level)
    {
        switch (level)
        {
            case SimdLevel.Avx512:
                NarrowDataGradient<Lanes512, Vector512<float>>.Run(dx, dy, weight, bias, accumulate, s, pool);
                break;
            case SimdLevel.Avx2:
                NarrowDataGradient<Lanes256, Vector256<float>>.Run(dx, dy, weight, bias, accumulate, s, pool);
                break;
            default:
                NarrowDataGradient<Lanes128, Vector128<float>>.Run(dx, dy, weight, bias, accumulate, s, pool);
                break;
        }
    }

    public static void FilterGradient(float* dweight, float* dy, float* x, bool accumulate, in ConvolutionSizes s, WorkerPool pool, SimdLevel level)
    {
        int channels = s.Channels / s.Groups, filters = s.Filters / s.Groups;
        for (int g = 0; g < s.Groups; g++)
        {
            TapGather gather = Seen(x, s, g);
            float* weight = dweight + (long)g * filters * channels * s.Window.Taps, slopes = dy + g * filters;
            switch (level)
            {
                case SimdLevel.Avx512:
                    FilterGradientProduct<Lanes512, Vector512<float>>.Run(weight, slopes, s.Filters, gather, s.Places, filters, accumulate, pool);
                    break;
                case SimdLevel.Avx2:
                    FilterGradientProduct<Lanes256, Vector256<float>>.Run(weight, slopes, s.Filters, gather, s.Places, filters, accumulate, pool);
                    break;
                default:
                    FilterGradientProduct<Lanes128, Vector128<float>>.Run(weight, slopes, s.Filters, gather, s.Places, filters, accumulate, pool);
                    break;
            }
        }
    }

    /// <summary>What the kernel sees of a group's channels at every place.</summary>
    private static TapGather Seen(float* x, in ConvolutionSizes s, int group) => new()
    {
        Source = x + group * (s.Channels / s.Groups),
        Height = s.Window.Height,
        Width = s.Window.Width,
        PixelStride = s.Channels,
        Channels = s.Channels / s.Groups,
        GridHeight = s.Window.OutHeight,
        GridWidth = s.Window.OutWidth,
        StepY = s.Window.StrideHeight,
        StepX = s.Window.StrideWidth,
        OffsetY = -s.Window.PadHeight,
        OffsetX = -s.Window.PadWidth,
        TapsY = s.Window.KernelHeight,
        TapsX = s.Window.KernelWidth,
    };

    /// <summary>How many taps reach pixels of a remainder, and the last of them: those whose distance is a multiple of the stride.</summary>
    private static (int Count, int Last) Reaching(int remainder, int pad, int kernel, int stride)
    {
        int first = (remainder + pad) % stride;
        if (first >= kernel) return (0, remainder + pad);
        int count = (kernel - first + stride - 1) / stride;
        return (count, first + (count - 1) * stride);
    }

    private static void Product(
        in GridPlaces places, in TapGather gather, in FilterTaps taps, int rows, int columns, float* bias, bool accumulate, WorkerPool pool, SimdLevel level)
    {
        if (rows == 0) return;
        switch (level)
        {
            case SimdLevel.Avx512:
                GatherProduct<Lanes512, Vector512<float>>.Run(places, gather, taps, rows, columns, bias, accumulate, pool);
                break;
            case SimdLevel.Avx2:
                GatherProduct<Lanes256, Vector256<float>>.Run(places, gather, taps, rows, columns, bias, accumulate, pool);
                break;
            default:
                GatherProduct<Lanes128, Vector128<float>>.Run(places, gather, taps, rows, columns, bias, accumulate, pool);
                break;
        }
    }

    private static void Pointwise(
        float* c, float* a, float* weight, bool transposed, float* bias, int rows, int columns, int depth, bool accumulate, WorkerPool pool, SimdLevel level) =>
        GemmKernel.Run(
            new GemmArguments
            {
                A = a,
                B = weight,
                C = c,
                Bias = bias,
                M = rows,
                N = columns,
                K = depth,
                RowStrideA = depth,
                RowStrideB = transposed ? depth : columns,
                RowStrideC = columns,
                TransposeB = transposed,
                Batch = 1,
                Alpha = 1,
                Beta = accumulate ? 1 : 0,
            },
            pool, level);
}
