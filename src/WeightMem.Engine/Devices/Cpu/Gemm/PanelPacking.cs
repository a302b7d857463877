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

    /// <summary>Packs a strip whose k are neighbours in memory: blocks of 4 x 4 are transposed in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackAcross(float* panel, int panelWidth, float* source, nint stride, int width, int depth)
    {
        for (int start = 0; start < depth; start += Chunk, panel += Chunk * panelWidth, source += Chunk)
        {
            int count = Math.Min(Chunk, depth - start);
            int whole = count & ~3;
            int i = 0;
            for (; i + 4 <= width; i += 4)
            {
                float* s = source + i * stride;
                float* p = panel + i;
                for (int k = 0; k < whole; k += 4, p += 4 * panelWidth)
                {
                    Vector128<float> r0 = Vector128.Load(s + k), r1 = Vector128.Load(s + stride + k);
                    Vector128<float> r2 = Vector128.Load(s + 2 * stride + k), r3 = Vector128.Load(s + 3 * stride + k);
                    Transpose(ref r0, ref r1, ref r2, ref r3);
                    r0.Store(p);
                    r1.Store(p + panelWidth);
                    r2.Store(p + 2 * panelWidth);
                    r3.Store(p + 3 * panelWidth);
                }

                for (int k = whole; k < count; k++, p += panelWidth)
                {
                    for (int j = 0; j < 4; j++) p[j] = s[j * stride + k];
                }
            }

            for (; i < panelWidth; i++)
            {
                float* s = source + i * stride;
                float* p = panel + i;
                for (int k = 0; k < count; k++, p += panelWidth) *p = i < width ? s[k] : 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<float> r0, ref Vector128<float> r1, ref Vector128<float> r2, ref Vector128<float> r3)
    {
        (Vector128<float> a, Vector128<float> b) = Interleave(r0, r2);
        (Vector128<float> c, Vector128<float> d) = Interleave(r1, r3);
        (r0, r1) = Interleave(a, c);
        (r2, r3) = Interleave(b, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Interleave(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported
            ? (Sse.UnpackLow(x, y), Sse.UnpackHigh(x, y))
            : (Vector128.Create(x[0], y[0], x[1], y[1]), Vector128.Create(x[2], y[2], x[3], y[3]));
}
