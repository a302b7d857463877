using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Torch;

/// <summary>PyTorch's names of element types: of dtypes (<c>torch.float32</c>) and of storage classes (<c>torch.FloatStorage</c>).</summary>
internal static class TorchTypes
{
    private static readonly (ElementType Type, string DType, string Storage)[] Names =
    [
        (ElementType.Float32, "float32", "FloatStorage"),
        (ElementType.Float64, "float64", "DoubleStorage"),
        (ElementType.Float16, "float16", "HalfStorage"),
        (ElementType.BFloat16, "bfloat16", "BFloat16Storage"),
        (ElementType.Int64, "int64", "LongStorage"),
        (ElementType.Int32, "int32", "IntStorage"),
        (ElementType.Int16, "int16", "ShortStorage"),
        (ElementType.Int8, "int8", "CharStorage"),
        (ElementType.UInt8, "uint8", "ByteStorage"),
        (ElementType.Boolean, "bool", "BoolStorage"),
        (ElementType.Complex64, "complex64", "ComplexFloatStorage"),
        (ElementType.Complex128, "complex128", "ComplexDoubleStorage"),

        // These have no storage class of their own: their tensors name the dtype beside an untyped storage.
        (ElementType.UInt16, "uint16", ""),
        (ElementType.UInt32, "uint32", ""),
        (ElementType.UInt64, "uint64", ""),
        (ElementType.Float8E4M3, "float8_e4m3fn", ""),
        (ElementType.Float8E5M2, "float8_e5m2", ""),

        // Quantised integers are read as the integers they are; their scales stay in the record around them.
        (ElementType.Int8, "qint8", "QInt8Storage"),
        (ElementType.UInt8, "quint8", "QUInt8Storage"),
        (ElementType.Int32, "qint32", "QInt32Storage"),
    ];

    /// <summary>The element type of a dtype, or null.</summary>
    public static ElementType? OfDType(object? dtype)
    {
        if (dtype is not PickleGlobal { Module: "torch" } global) return null;
        foreach ((ElementType type, string name, _) in Names)
        {
            if (name == global.Name) return type;
        }

        return null;
    }

    /// <summary>The element type of a storage class; bytes for an untyped one, null for a class that is no storage.</summary>
    public static ElementType? OfStorage(object? storage)
    {
        string? given = storage switch { PickleGlobal global => global.Name, string text => text, _ => null };
        if (given is "UntypedStorage") return ElementType.UInt8;
        foreach ((ElementType type, _, string name) in Names)
        {
            if (name == given && name.Length > 0) return type;
        }

        return null;
    }

    /// <summary>The dtype and storage class of an element type; the class is empty when there is none.</summary>
    public static (string DType, string Storage) NameOf(ElementType type)
    {
        foreach ((ElementType known, string name, string storage) in Names)
        {
            if (known == type) return (name, storage);
        }

        throw new NotSupportedException($"PyTorch has no {type}");
    }
}
