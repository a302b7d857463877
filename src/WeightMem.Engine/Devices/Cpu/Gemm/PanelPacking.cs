using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>
/// Copies a strip of a matrix into a panel: for each k the strip's <c>width</c> elements side by side, filled up with zeros to the
/// panel's width. A kernel then reads the panel from front to back.
/// </summary>
internal static unsafe class PanelPacking<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // Depth packed in one go: the lines that are read and written in turns stay in the first-level cache.
    private const int Chunk = 64;

    /// <summary>Packs a strip of B, <paramref name="panelWidth"/> is one or two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackB(float* panel, int panelWidth, float* source, nint rowStride, bool transposed, int width, int depth)
    {
        if (transposed)
        {
            PackAcross(panel, panelWidth, source, rowStride, width, depth);
            return;
        }

        int first = Math.Min(width, TLanes.Width), second = width - first;
        if (width == 2 * TLanes.Width)
        {
            for (int k = 0; k < depth; k++, source += rowStride, panel += panelWidth)
            {
                TLanes.Store(panel, TLanes.Load(source));
                TLanes.Store(panel + TLanes.Width, TLanes.Load(source + TLanes.Width));
            }
        }
        else if (panelWidth == TLanes.Width)
        {
            for (int k = 0; k < depth; k++, source += rowStride, panel += panelWidth)
                TLanes.Store(panel, TLanes.LoadFirst(source, first));
        }
        else
        {
            for (int k = 0; k < depth; k++, source += rowStride, panel += panelWidth)
            {
                TLanes.Store(panel, TLanes.Load(source));
                TLanes.Store(panel + TLanes.Width, TLanes.LoadFirst(source + TLanes.Width, second));
            }
        }
    }

    /// <summary>Packs a strip of A; the panel is as wide as the tile is high.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackA(float* panel, float* source, nint rowStride, bool transposed, int height, int depth)
    {
        if (!transposed)
        {
            PackAcross(panel, height, source, rowStride, height, depth);
            return;
        }

        switch (height)
        {
            case 12:
                for (int k = 0; k < depth; k++, source += rowStride, panel += 12)
                {
                    Vector256.Load(source).Store(panel);
                    Vector128.Load(source + 8).Store(panel + 8);
                }

                break;
            case 8:
                for (int k = 0; k < depth; k++, source += rowStride, panel += 8) Vector256.Load(source).Store(panel);
                break;
            case 4:
                for (int k = 0; k < depth; k++, source += rowStride, panel += 4) Vector128.Load(source).Store(panel);
                break;
            default:
                for (int k = 0; k < depth; k++, source += rowStride, panel += height)
                {
                    for (int i = 0; i < height; i++) panel[i] = source[i];
                }

                break;
        }
    }

    /// <summary>Packs a strip whose k are neighbours in memory: blocks of 4 k and 16, 8 or 4 rows are transposed in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackAcross(float* panel, int panelWidth, float* source, nint stride, int width, int depth)
    {
        for (int start = 0; start < depth; start += Chunk, panel += Chunk * panelWidth, source += Chunk)
        {
            int count = Math.Min(Chunk, depth - start);
            int i = 0;
            if (TLanes.Width == 16)
            {
                for (; i + 16 <= width; i += 16) Across16(panel + i, panelWidth, source + i * stride, stride, count);
            }

            if (TLanes.Width >= 8)
            {
                for (; i + 8 <= width; i += 8) Across8(panel + i, panelWidth, source + i * stride, stride, count);
            }

            for (; i + 4 <= width; i += 4) Across4(panel + i, panelWidth, source + i * stride, stride, count);
            for (; i < panelWidth; i++) Across1(panel + i, panelWidth, i < width ? source + i * stride : null, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Across16(float* panel, int panelWidth, float* source, nint stride, int depth)
    {
        float* s = source;
        float* p = panel;
        int k = 0;
        for (; k + 4 <= depth; k += 4, s += 4, p += 4 * panelWidth)
        {
            // Each quarter of a vector holds 4 k of one row; unpacking works within the quarters.
            Vector512<float> r0 = FourRows(s, 4 * stride), r1 = FourRows(s + stride, 4 * stride);
            Vector512<float> r2 = FourRows(s + 2 * stride, 4 * stride), r3 = FourRows(s + 3 * stride, 4 * stride);
            Vector512<float> a = Avx512F.UnpackLow(r0, r2), b = Avx512F.UnpackHigh(r0, r2);
            Vector512<float> c = Avx512F.UnpackLow(r1, r3), d = Avx512F.UnpackHigh(r1, r3);
            Avx512F.UnpackLow(a, c).Store(p);
            Avx512F.UnpackHigh(a, c).Store(p + panelWidth);
            Avx512F.UnpackLow(b, d).Store(p + 2 * panelWidth);
            Avx512F.UnpackHigh(b, d).Store(p + 3 * panelWidth);
        }

        AcrossRest(p, panelWidth, s, stride, 16, depth - k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Across8(float* panel, int panelWidth, float* source, nint stride, int depth)
    {
        float* s = source;
        float* p = panel;
        int k = 0;
        for (; k + 4 <= depth; k += 4, s += 4, p += 4 * panelWidth)
        {
            Vector256<float> r0 = TwoRows(s, 4 * stride), r1 = TwoRows(s + stride, 4 * stride);
            Vector256<float> r2 = TwoRows(s + 2 * stride, 4 * stride), r3 = TwoRows(s + 3 * stride, 4 * stride);
            Vector256<float> a = Avx.UnpackLow(r0, r2), b = Avx.UnpackHigh(r0, r2);
            Vector256<float> c = Avx.UnpackLow(r1, r3), d = Avx.UnpackHigh(r1, r3);
            Avx.UnpackLow(a, c).Store(p);
            Avx.UnpackHigh(a, c).Store(p + panelWidth);
            Avx.UnpackLow(b, d).Store(p + 2 * panelWidth);
            Avx.UnpackHigh(b, d).Store(p + 3 * panelWidth);
        }

        AcrossRest(p, panelWidth, s, stride, 8, depth - k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Across4(float* panel, int panelWidth, float* source, nint stride, int depth)
    {
        float* s = source;
        float* p = panel;
        int k = 0;
        for (; k + 4 <= depth; k += 4, s += 4, p += 4 * panelWidth)
        {
            Vector128<float> r0 = Vector128.Load(s), r1 = Vector128.Load(s + stride);
            Vector128<float> r2 = Vector128.Load(s + 2 * stride), r3 = Vector128.Load(s + 3 * stride);
            (Vector128<float> a, Vector128<float> b) = Interleave(r0, r2);
            (Vector128<float> c, Vector128<float> d) = Interleave(r1, r3);
            (r0, r1) = Interleave(a, c);
            (r2, r3) = Interleave(b, d);
            r0.Store(p);
            r1.Store(p + panelWidth);
            r2.Store(p + 2 * panelWidth);
            r3.Store(p + 3 * panelWidth);
        }

        AcrossRest(p, panelWidth, s, stride, 4, depth - k);
    }

    /// <summary>The last k, fewer than 4, of some rows.</summary>
    private static void AcrossRest(float* panel, int panelWidth, float* source, nint stride, int rows, int depth)
    {
        for (int k = 0; k < depth; k++, panel += panelWidth)
        {
            for (int i = 0; i < rows; i++) panel[i] = source[i * stride + k];
        }
    }

    /// <summary>One row, or zeros.</summary>
    private static void Across1(float* panel, int panelWidth, float* source, int depth)
    {
        for (int k = 0; k < depth; k++, panel += panelWidth) *panel = source == null ? 0 : source[k];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FourRows(float* source, nint stride) =>
        Vector512.Create(TwoRows(source, stride), TwoRows(source + 2 * stride, stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> TwoRows(float* source, nint stride) =>
        Vector256.Create(Vector128.Load(source), Vector128.Load(source + stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Interleave(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported
            ? (Sse.UnpackLow(x, y), Sse.UnpackHigh(x, y))
            : (Vector128.Create(x[0], y[0], x[1], y[1]), Vector128.Create(x[2], y[2], x[3], y[3]));
}
