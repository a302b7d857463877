using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WeightMem.Formats;

/// <summary>
/// A named, shaped, typed array as files hold them, in row-major order. The elements lie in one .NET array of their own type, so that
/// an array may exceed 2 GiB and float32 data are never copied.
/// </summary>
public sealed class NamedArray
{
    /// <summary>The largest number of dimensions.</summary>
    public const int MaxRank = 32;

    private readonly Array _values;

    private NamedArray(string name, ElementType type, long[] shape, Array values)
    {
        long? count = CountOf(shape);
        if (count != values.LongLength)
            throw new ArgumentException($"{name}: shape {ShapeText(shape)} does not hold {values.LongLength} elements");
        Name = name;
        Type = type;
        Shape = shape;
        _values = values;
    }

    /// <summary>The array's name; a file that holds one nameless array gives its own.</summary>
    public string Name { get; }

    /// <summary>What the elements are.</summary>
    public ElementType Type { get; }

    /// <summary>The sizes; empty for a scalar.</summary>
    public long[] Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Count => _values.LongLength;

    /// <summary>Bytes of all elements.</summary>
    public long ByteCount => Count * Type.Size();

    /// <summary>An array over the given elements, which are not copied.</summary>
    /// <exception cref="ArgumentException">The shape does not hold so many elements.</exception>
    /// <exception cref="NotSupportedException">No format stores this element type.</exception>
    public static NamedArray Of<T>(string name, T[] values, params long[] shape)
        where T : unmanaged
    {
        if (values is bool[] booleans)
            return new NamedArray(name, ElementType.Boolean, shape, Array.ConvertAll(booleans, b => b ? (byte)1 : (byte)0));
        return new NamedArray(name, ElementTypes.Of(typeof(T)), shape, values);
    }

    /// <summary>An array of bfloat16 numbers, each the upper half of a float32.</summary>
    /// <exception cref="ArgumentException">The shape does not hold so many elements.</exception>
    public static NamedArray OfBFloat16(string name, ushort[] values, params long[] shape) =>
        new(name, ElementType.BFloat16, shape, values);

    /// <summary>The elements as they are, or null when of another type; Boolean elements are bytes, BFloat16 are <c>ushort</c>.</summary>
    public T[]? ElementsAs<T>()
        where T : unmanaged => _values is T[] exact && exact.GetType() == typeof(T[]) ? exact : null;

    /// <summary>All elements as float32, rounded where they do not fit. Float32 elements are returned as they are, not copied.</summary>
    /// <exception cref="InvalidOperationException">The elements are complex numbers.</exception>
    public float[] ToFloats() => Type == ElementType.Float32 ? (float[])_values : Convert<float>();

    /// <summary>All elements as float64. Float64 elements are returned as they are, not copied.</summary>
    /// <exception cref="InvalidOperationException">The elements are complex numbers.</exception>
    public double[] ToDoubles() => Type == ElementType.Float64 ? (double[])_values : Convert<double>();

    /// <summary>All elements as 64-bit integers. Int64 elements are returned as they are, not copied.</summary>
    /// <exception cref="InvalidOperationException">The elements are floating-point numbers.</exception>
    /// <exception cref="OverflowException">An unsigned element is too large.</exception>
    public long[] ToLongs()
    {
        if (Type.IsFloat() || Type.IsComplex()) throw new InvalidOperationException($"{Name} holds {Type}, not integers");
        return Type == ElementType.Int64 ? (long[])_values : Convert<long>();
    }

    /// <summary>Such as <c>fc1.weight Float32 [10, 784]</c>.</summary>
    public override string ToString() => $"{Name} {Type} {ShapeText(Shape)}";

    /// <summary>Number of elements of a shape, or null when it is negative somewhere, of too many dimensions, or overflows.</summary>
    public static long? CountOf(ReadOnlySpan<long> shape)
    {
        if (shape.Length > MaxRank) return null;
        long count = 1;
        bool empty = false;
        foreach (long size in shape)
        {
            if (size < 0) return null;
            if (size == 0) empty = true;
            else if (count > long.MaxValue / size) return null;
            else count *= size;
        }

        return empty ? 0 : count;
    }

    /// <summary>The same elements, not copied, under another name and shape.</summary>
    /// <exception cref="ArgumentException">The shape does not hold so many elements.</exception>
    public NamedArray As(string name, params long[] shape) => new(name, Type, shape, _values);

    /// <summary>A new array that a reader fills; its elements are not cleared.</summary>
    internal static NamedArray Empty(string name, ElementType type, long[] shape, long count) =>
        new(name, type, shape, type.NewArray(count));

    internal static string ShapeText(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>
    /// The elements as bytes in host order, part by part: a span's length is an int, and an array may be longer in bytes.
    /// Parts hold whole elements.
    /// </summary>
    internal void ForEachPart(PartAction action)
    {
        const int PartBytes = 1 << 25;
        ref byte start = ref MemoryMarshal.GetArrayDataReference(_values);
        for (long at = 0; at < ByteCount; at += PartBytes)
            action(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref start, (nint)at), (int)Math.Min(PartBytes, ByteCount - at)));
    }

    /// <summary>The first byte of the elements.</summary>
    internal ref byte FirstByte => ref MemoryMarshal.GetArrayDataReference(_values);

    private T[] Convert<T>()
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var to = new T[Count];

        // The .NET type tests below see byte[] as sbyte[] and so on, so the element type decides.
        switch (Type)
        {
            case ElementType.Boolean or ElementType.UInt8: Convert((byte[])_values, to); break;
            case ElementType.Int8: Convert((sbyte[])_values, to); break;
            case ElementType.UInt16: Convert((ushort[])_values, to); break;
            case ElementType.Int16: Convert((short[])_values, to); break;
            case ElementType.UInt32: Convert((uint[])_values, to); break;
            case ElementType.Int32: Convert((int[])_values, to); break;
            case ElementType.UInt64: Convert((ulong[])_values, to); break;
            case ElementType.Int64: Convert((long[])_values, to); break;
            case ElementType.Float16: Convert((Half[])_values, to); break;
            case ElementType.Float32: Convert((float[])_values, to); break;
            case ElementType.Float64: Convert((double[])_values, to); break;
            case ElementType.BFloat16:
                var upper = (ushort[])_values;
                for (int i = 0; i < to.Length; i++) to[i] = T.CreateChecked(BitConverter.UInt32BitsToSingle((uint)upper[i] << 16));
                break;
            case ElementType.Float8E4M3:
                var e4m3 = (byte[])_values;
                for (int i = 0; i < to.Length; i++) to[i] = T.CreateChecked(Float8.FromE4M3(e4m3[i]));
                break;
            case ElementType.Float8E5M2:
                var e5m2 = (byte[])_values;
                for (int i = 0; i < to.Length; i++) to[i] = T.CreateChecked((float)BitConverter.UInt16BitsToHalf((ushort)(e5m2[i] << 8)));
                break;
            default: throw new InvalidOperationException($"{Name} holds {Type}, not real numbers");
        }

        return to;
    }

    private static void Convert<TFrom, TTo>(TFrom[] from, TTo[] to)
        where TFrom : unmanaged, System.Numerics.INumberBase<TFrom>
        where TTo : unmanaged, System.Numerics.INumberBase<TTo>
    {
        for (long i = 0; i < to.LongLength; i++) to[i] = TTo.CreateChecked(from[i]);
    }

    /// <summary>Handles a part of an array's bytes.</summary>
    internal delegate void PartAction(Span<byte> bytes);
}
