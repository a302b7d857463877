using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace WeightMem.Formats.Matlab;

/// <summary>
/// Reads the elements of a MATLAB array, which lie with the first dimension varying fastest and may be stored in a smaller type than
/// the array's, straight to their places in row-major order (or another): no second copy of the array is made.
/// </summary>
internal static class MatElements
{
    private const int PartElements = 1 << 13;

    /// <summary>Bytes of a stored number, or 0 when the type is no number's.</summary>
    public static int Size(MatType type) => type switch
    {
        MatType.Int8 or MatType.UInt8 => 1,
        MatType.Int16 or MatType.UInt16 => 2,
        MatType.Int32 or MatType.UInt32 or MatType.Float32 => 4,
        MatType.Int64 or MatType.UInt64 or MatType.Float64 => 8,
        _ => 0,
    };

    /// <summary>Reads all elements.</summary>
    /// <param name="into">Gets them.</param>
    /// <param name="bytes">The file at the first element.</param>
    /// <param name="stored">How the file stores them.</param>
    /// <param name="shape">The sizes in the file; their product is the array's count.</param>
    /// <param name="strides">For each of these sizes, how far apart in the array neighbours go.</param>
    public static void Read(NamedArray into, MatBytes bytes, MatType stored, long[] shape, long[] strides)
    {
        switch (into.Type)
        {
            case ElementType.Boolean or ElementType.UInt8: Read<byte>(into, bytes, stored, shape, strides); break;
            case ElementType.Int8: Read<sbyte>(into, bytes, stored, shape, strides); break;
            case ElementType.UInt16: Read<ushort>(into, bytes, stored, shape, strides); break;
            case ElementType.Int16: Read<short>(into, bytes, stored, shape, strides); break;
            case ElementType.UInt32: Read<uint>(into, bytes, stored, shape, strides); break;
            case ElementType.Int32: Read<int>(into, bytes, stored, shape, strides); break;
            case ElementType.UInt64: Read<ulong>(into, bytes, stored, shape, strides); break;
            case ElementType.Int64: Read<long>(into, bytes, stored, shape, strides); break;
            case ElementType.Float32: Read<float>(into, bytes, stored, shape, strides); break;
            case ElementType.Float64: Read<double>(into, bytes, stored, shape, strides); break;
        }
    }

    private static void Read<T>(NamedArray into, MatBytes bytes, MatType stored, long[] shape, long[] strides)
        where T : unmanaged, INumber<T>
    {
        T[] target = into.ElementsAs<T>()!;
        switch (stored)
        {
            case MatType.Int8: Copy<sbyte, T>(target, bytes, into, shape, strides); break;
            case MatType.UInt8: Copy<byte, T>(target, bytes, into, shape, strides); break;
            case MatType.Int16: Copy<short, T>(target, bytes, into, shape, strides); break;
            case MatType.UInt16: Copy<ushort, T>(target, bytes, into, shape, strides); break;
            case MatType.Int32: Copy<int, T>(target, bytes, into, shape, strides); break;
            case MatType.UInt32: Copy<uint, T>(target, bytes, into, shape, strides); break;
            case MatType.Int64: Copy<long, T>(target, bytes, into, shape, strides); break;
            case MatType.UInt64: Copy<ulong, T>(target, bytes, into, shape, strides); break;
            case MatType.Float32: Copy<float, T>(target, bytes, into, shape, strides); break;
            case MatType.Float64: Copy<double, T>(target, bytes, into, shape, strides); break;
        }
    }

    private static void Copy<TFrom, TTo>(TTo[] target, MatBytes bytes, NamedArray into, long[] shape, long[] strides)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        bool flag = into.Type == ElementType.Boolean;
        var part = new TFrom[(int)Math.Min(PartElements, target.LongLength)];
        var index = new long[shape.Length];
        long at = 0;
        for (long done = 0; done < target.LongLength;)
        {
            Span<TFrom> some = part.AsSpan(0, (int)Math.Min(part.Length, target.LongLength - done));
            bytes.Read(MemoryMarshal.AsBytes(some), into.Name);
            if (bytes.BigEndian == BitConverter.IsLittleEndian) Swap(some);
            foreach (TFrom value in some)
            {
                try
                {
                    target[at] = TTo.CreateChecked(value);
                }
                catch (OverflowException)
                {
                    throw bytes.Error($"values of {into.Type} in {FileFormatException.Quote(into.Name)}", $"{value}");
                }

                if (flag && value > TFrom.One)
                    throw bytes.Error($"0 or 1 in the logical array {FileFormatException.Quote(into.Name)}", $"{value}");

                // An odometer whose first wheel turns fastest.
                for (int d = 0; d < shape.Length; d++)
                {
                    at += strides[d];
                    if (++index[d] < shape[d]) break;
                    at -= index[d] * strides[d];
                    index[d] = 0;
                }
            }

            done += some.Length;
        }
    }

    private static void Swap<T>(Span<T> values)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        switch (bytes.Length / values.Length)
        {
            case 2:
                Span<ushort> twos = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(twos, twos);
                break;
            case 4:
                Span<uint> fours = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(fours, fours);
                break;
            case 8:
                Span<ulong> eights = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(eights, eights);
                break;
        }
    }
}
