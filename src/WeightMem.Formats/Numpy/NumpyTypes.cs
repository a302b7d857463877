namespace WeightMem.Formats.Numpy;

/// <summary>NumPy's codes of element types, without the byte order.</summary>
internal static class NumpyTypes
{
    private static readonly (ElementType Type, string Code)[] Codes =
    [
        (ElementType.Boolean, "b1"),
        (ElementType.UInt8, "u1"),
        (ElementType.Int8, "i1"),
        (ElementType.UInt16, "u2"),
        (ElementType.Int16, "i2"),
        (ElementType.UInt32, "u4"),
        (ElementType.Int32, "i4"),
        (ElementType.UInt64, "u8"),
        (ElementType.Int64, "i8"),
        (ElementType.Float16, "f2"),
        (ElementType.Float32, "f4"),
        (ElementType.Float64, "f8"),
        (ElementType.Complex64, "c8"),
        (ElementType.Complex128, "c16"),
    ];

    /// <summary>All codes, for errors.</summary>
    public static string Known { get; } = string.Join(' ', Codes.Select(c => c.Code));

    /// <summary>The type of a code such as <c>f4</c>, or null.</summary>
    public static ElementType? Of(string code)
    {
        foreach ((ElementType type, string known) in Codes)
        {
            if (known == code) return type;
        }

        return null;
    }

    /// <summary>The code of a type with its byte order, such as <c>&lt;f4</c>, or null when NumPy has no such type.</summary>
    public static string? LittleEndian(ElementType type)
    {
        foreach ((ElementType known, string code) in Codes)
        {
            if (known == type) return (type.Size() == 1 ? "|" : "<") + code;
        }

        return null;
    }
}
