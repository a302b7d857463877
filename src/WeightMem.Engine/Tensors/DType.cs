namespace WeightMem.Engine.Tensors;

/// <summary>Element types of a <see cref="Tensor"/>.</summary>
public enum DType : byte
{
    /// <summary>32-bit IEEE float: the type of weights, activations and gradients.</summary>
    F32,

    /// <summary>16-bit brain float.</summary>
    BF16,

    /// <summary>32-bit signed integer: class labels and gather indices.</summary>
    I32,

    /// <summary>Byte.</summary>
    U8,

    /// <summary>64-bit word: packed error masks.</summary>
    U64,

    /// <summary>64-bit IEEE float. Only the reference device computes in it.</summary>
    F64,
}

/// <summary>Sizes of the element types.</summary>
public static class DTypeSizes
{
    /// <summary>Bytes that one element takes.</summary>
    public static int Bytes(this DType dtype) => dtype switch
    {
        DType.F32 or DType.I32 => 4,
        DType.BF16 => 2,
        DType.U8 => 1,
        DType.U64 or DType.F64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype)),
    };
}
