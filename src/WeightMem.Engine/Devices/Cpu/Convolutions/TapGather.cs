using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Gemm;

namespace WeightMem.Engine.Devices.Cpu.Convolutions;

/// <summary>
/// The left factor of a convolution as a product: row r is a place of a grid and column k = (tap row, tap column, channel) what the kernel sees there. It exists in
/// tiles only, copied from the source when a thread needs one.
/// </summary>
internal unsafe struct TapGather
{
    /// <summary>The first channel of the group at the first pixel: <c>[batch, height, width, pixel stride]</c>.</summary>
    public float* Source;

    public int Height, Width;

    /// <summary>Floats from one pixel to the next: all channels.</summary>
    public int PixelStride;

    /// <summary>Channels of the group.</summary>
    public int Channels;

    /// <summary>The grid of places: row r is place (r / width % height, r % width) of image r / width / height.</summary>
    public int GridHeight, GridWidth;

    /// <summary>Pixels from a place to its neighbour.</summary>
    public int StepY, StepX;

    /// <summary>The pixel of tap (0, 0) at place (0, 0); tap (i, j) sees i rows below and j columns to the right.</summary>
    public int OffsetY, OffsetX;

    public int TapsY, TapsX;

    /// <summary>Columns.</summary>
    public readonly int Depth => TapsY * TapsX * Channels;
}

/// <summary>Copies tiles of a <see cref="TapGather"/>.</summary>
internal static unsafe class TapTiles<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>tile[i, j] = element (row + i, k + j), zero where a tap is outside of the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(in TapGather g, float* tile, int row, int rows, int k, int depth)
    {
        int line = g.TapsX * g.Channels, firstLine = k / line, within = k % line;
        int gx = row % g.GridWidth, gy = row / g.GridWidth % g.GridHeight, image = row / g.GridWidth / g.GridHeight;
        for (int i = 0; i < rows; i++, tile += depth)
        {
            int y = gy * g.StepY + g.OffsetY + firstLine, x = gx * g.StepX + g.OffsetX;
            int from = within, done = 0;
            while (done < depth)
            {
                int count = Math.Min(line - from, depth - done);
                if ((uint)y < (uint)g.Height) Line(g, tile + done, g.Source + (((long)image * g.Height + y) * g.Width + x) * g.PixelStride, x, from, count);
                else Clear(tile + done, count);
                done += count;
                from = 0;
                y++;
            }

            if (++gx < g.GridWidth) continue;
            gx = 0;
            if (++gy < g.GridHeight) continue;
            gy = 0;
            image++;
        }
    }

    /// <summary>Elements [from, from + count) of a row of taps, whose first sees column x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(in TapGather g, float* to, float* source, int x, int from, int count)
    {
        int end = from + count;
        int inside = Math.Clamp(-x * g.Channels, from, end), outside = Math.Clamp(Math.Min(g.TapsX, g.Width - x) * g.Channels, inside, end);
        if (inside > from) Clear(to, inside - from);
        if (g.PixelStride == g.Channels)
        {
            Copy(to + (inside - from), source + inside, outside - inside);
        }
        else
        {
            for (int k = inside; k < outside;)
            {
                int tap = k / g.Channels, channel = k % g.Channels, run = Math.Min(g.Channels - channel, outside - k);
                Copy(to + (k - from), source + (long)tap * g.PixelStride + channel, run);
                k += run;
            }
        }

        if (outside < end) Clear(to + (outside - from), end - outside);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* to, float* from, int count)
    {
        int i = 0;
        for (; i + TLanes.Width <= count; i += TLanes.Width) TLanes.Store(to + i, TLanes.Load(from + i));
        if (i < count) TLanes.StoreFirst(to + i, TLanes.LoadFirst(from + i, count - i), count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(float* to, int count)
    {
        int i = 0;
        for (; i + TLanes.Width <= count; i += TLanes.Width) TLanes.Store(to + i, TLanes.Zero);
        if (i < count) TLanes.StoreFirst(to + i, TLanes.Zero, count - i);
    }
}
