using System.Numerics;
using System.Runtime.CompilerServices;

namespace WeightMem.Formats;

/// <summary>Turns arrays whose elements lie in any regular order into row-major ones.</summary>
internal static class StridedCopy
{
    /// <summary>A row-major copy of an array.</summary>
    /// <param name="source">The elements as they lie, in one dimension.</param>
    /// <param name="name">The copy's name.</param>
    /// <param name="shape">The copy's shape.</param>
    /// <param name="strides">Elements from one index of a dimension to the next; with the shape they must stay within the source.</param>
    public static NamedArray ToRowMajor(NamedArray source, string name, long[] shape, long[] strides)
    {
        NamedArray to = NamedArray.Empty(name, source.Type, shape, NamedArray.CountOf(shape)!.Value);
        if (to.Count == 0) return to;
        switch (source.Type.Size())
        {
            case 1: Copy<byte>(source, to, strides); break;
            case 2: Copy<ushort>(source, to, strides); break;
            case 4: Copy<uint>(source, to, strides); break;
            case 8: Copy<ulong>(source, to, strides); break;
            default: Copy<Complex>(source, to, strides); break;
        }

        return to;
    }

    /// <summary>The strides of a shape whose first dimension varies fastest.</summary>
    public static long[] Fortran(ReadOnlySpan<long> shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }

        return strides;
    }

    /// <summary>The strides of a shape whose last dimension varies fastest.</summary>
    public static long[] RowMajor(ReadOnlySpan<long> shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }

        return strides;
    }

    /// <summary>Whether elements with these strides lie in row-major order without gaps.</summary>
    public static bool IsRowMajor(ReadOnlySpan<long> shape, ReadOnlySpan<long> strides)
    {
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] == 1) continue;
            if (strides[i] != stride) return false;
            stride *= Math.Max(1, shape[i]);
        }

        return true;
    }

    private static void Copy<T>(NamedArray source, NamedArray target, long[] strides)
        where T : unmanaged
    {
        ref T from = ref Unsafe.As<byte, T>(ref source.FirstByte);
        ref T to = ref Unsafe.As<byte, T>(ref target.FirstByte);
        long[] shape = target.Shape;
        int last = shape.Length - 1;
        long row = last < 0 ? 1 : shape[last], step = last < 0 ? 0 : strides[last];
        var index = new long[shape.Length];
        for (long at = 0, start = 0; at < target.Count;)
        {
            for (long i = 0; i < row; i++) Unsafe.Add(ref to, (nint)at++) = Unsafe.Add(ref from, (nint)(start + i * step));

            // The next row in row-major order: an odometer over all dimensions but the last.
            for (int d = last - 1; d >= 0; d--)
            {
                start += strides[d];
                if (++index[d] < shape[d]) break;
                start -= index[d] * strides[d];
                index[d] = 0;
            }
        }
    }
}
