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
}

/// <summary>Sizes and storage of element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Boolean or ElementType.UInt8 or ElementType.Int8 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.UInt32 or ElementType.Int32 or ElementType.Float32 => 4,
        _ => 8,
    };

    /// <summary>Whether elements are floating-point numbers.</summary>
    public static bool IsFloat(this ElementType type) => type >= ElementType.Float16;

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
        throw new NotSupportedException($"arrays of {type.Name} are not stored in files");
    }

    /// <summary>A new array of the .NET type that stores the elements: <c>ushort[]</c> for BFloat16, <c>byte[]</c> for Boolean.</summary>
    internal static Array NewArray(this ElementType type, long count) => type switch
    {
        ElementType.Boolean or ElementType.UInt8 => new byte[count],
        ElementType.Int8 => new sbyte[count],
        ElementType.UInt16 or ElementType.BFloat16 => new ushort[count],
        ElementType.Int16 => new short[count],
        ElementType.UInt32 => new uint[count],
        ElementType.Int32 => new int[count],
        ElementType.UInt64 => new ulong[count],
        ElementType.Int64 => new long[count],
        ElementType.Float16 => new Half[count],
        ElementType.Float32 => new float[count],
        _ => new double[count],
    };
}
