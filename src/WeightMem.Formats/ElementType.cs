using System.Numerics;

namespace WeightMem.Formats;

/// <summary>What an array's elements are.</summary>
public enum ElementType
{
    /// <summary>One byte, 0 or 1.</summary>
    Boolean,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>IEEE half precision.</summary>
    Float16,

    /// <summary>The upper 16 bits of a float32.</summary>
    BFloat16,

    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>IEEE double precision.</summary>
    Float64,

    /// <summary>8-bit float with 4 exponent and 3 fraction bits, no infinities (the OCP "e4m3fn").</summary>
    Float8E4M3,

    /// <summary>8-bit float with 5 exponent and 2 fraction bits: the upper half of a Float16.</summary>
    Float8E5M2,

    /// <summary>Two float32: real and imaginary part.</summary>
    Complex64,

    /// <summary>Two float64: real and imaginary part.</summary>
    Complex128,
}

/// <summary>A complex number of two float32, as files lay it out.</summary>
/// <param name="Real">Real part.</param>
/// <param name="Imaginary">Imaginary part.</param>
public readonly record struct ComplexSingle(float Real, float Imaginary);

/// <summary>Sizes and storage of element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Boolean or ElementType.UInt8 or ElementType.Int8 or ElementType.Float8E4M3 or ElementType.Float8E5M2 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.UInt32 or ElementType.Int32 or ElementType.Float32 => 4,
        ElementType.Complex128 => 16,
        _ => 8,
    };

    /// <summary>Whether elements are real floating-point numbers.</summary>
    public static bool IsFloat(this ElementType type) => type is >= ElementType.Float16 and < ElementType.Complex64;

    /// <summary>Whether elements are pairs of floating-point numbers.</summary>
    public static bool IsComplex(this ElementType type) => type is ElementType.Complex64 or ElementType.Complex128;

    /// <summary>Bytes of the numbers that an element consists of: half its size when it is complex.</summary>
    internal static int ComponentSize(this ElementType type) => type.IsComplex() ? type.Size() / 2 : type.Size();

    /// <summary>The element type that a .NET array holds; <c>ushort[]</c> is <see cref="ElementType.UInt16"/>, never BFloat16.</summary>
    /// <exception cref="NotSupportedException">Arrays of this type are not stored.</exception>
    internal static ElementType Of(Type type)
    {
        if (type == typeof(float)) return ElementType.Float32;
        if (type == typeof(double)) return ElementType.Float64;
        if (type == typeof(Half)) return ElementType.Float16;
        if (type == typeof(byte)) return ElementType.UInt8;
        if (type == typeof(sbyte)) return ElementType.Int8;
        if (type == typeof(ushort)) return ElementType.UInt16;
        if (type == typeof(short)) return ElementType.Int16;
        if (type == typeof(uint)) return ElementType.UInt32;
        if (type == typeof(int)) return ElementType.Int32;
        if (type == typeof(ulong)) return ElementType.UInt64;
        if (type == typeof(long)) return ElementType.Int64;
        if (type == typeof(bool)) return ElementType.Boolean;
        if (type == typeof(ComplexSingle)) return ElementType.Complex64;
        if (type == typeof(Complex)) return ElementType.Complex128;
        throw new NotSupportedException($"arrays of {type.Name} are not stored in files");
    }

    /// <summary>The type whose .NET form stores the elements: itself but for BFloat16, Boolean and 8-bit floats, which .NET arrays of others hold.</summary>
    internal static ElementType Stored(this ElementType type) => type switch
    {
        ElementType.BFloat16 => ElementType.UInt16,
        ElementType.Boolean or ElementType.Float8E4M3 or ElementType.Float8E5M2 => ElementType.UInt8,
        _ => type,
    };

    /// <summary>
    /// A new array of the .NET type that stores the elements: <c>ushort[]</c> for BFloat16, <c>byte[]</c> for Boolean and 8-bit floats. Its elements
    /// are not cleared: a reader fills them.
    /// </summary>
    internal static Array NewArray(this ElementType type, long count) => type switch
    {
        ElementType.Int8 => New<sbyte>(count),
        ElementType.UInt16 or ElementType.BFloat16 => New<ushort>(count),
        ElementType.Int16 => New<short>(count),
        ElementType.UInt32 => New<uint>(count),
        ElementType.Int32 => New<int>(count),
        ElementType.UInt64 => New<ulong>(count),
        ElementType.Int64 => New<long>(count),
        ElementType.Float16 => New<Half>(count),
        ElementType.Float32 => New<float>(count),
        ElementType.Float64 => New<double>(count),
        ElementType.Complex64 => New<ComplexSingle>(count),
        ElementType.Complex128 => New<Complex>(count),
        _ => New<byte>(count),
    };

    private static T[] New<T>(long count) => GC.AllocateUninitializedArray<T>(checked((int)count));
}
