namespace WeightMem.Formats.Npy;

/// <summary>Turns arrays whose first dimension varies fastest into row-major ones.</summary>
internal static class FortranOrder
{
    /// <summary>A row-major copy of an array whose elements lie in Fortran order.</summary>
    public static NamedArray ToRowMajor(NamedArray array)
    {
        NamedArray to = NamedArray.Empty(array.Name, array.Type, array.Shape, array.Count);
        switch (array.Type)
        {
            case ElementType.Boolean or ElementType.UInt8: Copy<byte>(array, to); break;
            case ElementType.Int8: Copy<sbyte>(array, to); break;
            case ElementType.UInt16 or ElementType.BFloat16: Copy<ushort>(array, to); break;
            case ElementType.Int16: Copy<short>(array, to); break;
            case ElementType.UInt32: Copy<uint>(array, to); break;
            case ElementType.Int32: Copy<int>(array, to); break;
            case ElementType.UInt64: Copy<ulong>(array, to); break;
            case ElementType.Int64: Copy<long>(array, to); break;
            case ElementType.Float16: Copy<Half>(array, to); break;
            case ElementType.Float32: Copy<float>(array, to); break;
            case ElementType.Float64: Copy<double>(array, to); break;
        }

        return to;
    }

    private static void Copy<T>(NamedArray from, NamedArray to)
        where T : unmanaged
    {
        T[] source = from.ElementsAs<T>()!, target = to.ElementsAs<T>()!;
        long[] shape = from.Shape;
        int last = shape.Length - 1;

        // Strides in the source, where the first dimension is dense.
        var stride = new long[shape.Length];
        stride[0] = 1;
        for (int i = 1; i < stride.Length; i++) stride[i] = stride[i - 1] * shape[i - 1];

        var index = new long[shape.Length];
        for (long at = 0, start = 0; at < target.LongLength;)
        {
            for (long i = 0; i < shape[last]; i++) target[at++] = source[start + i * stride[last]];

            // The next row in row-major order: an odometer over all dimensions but the last.
            for (int d = last - 1; d >= 0; d--)
            {
                start += stride[d];
                if (++index[d] < shape[d]) break;
                start -= index[d] * stride[d];
                index[d] = 0;
            }
        }
    }
}
