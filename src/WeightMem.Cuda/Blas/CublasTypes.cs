namespace WeightMem.Cuda.Blas;

/// <summary>Whether cuBLAS reads a matrix as it lies or transposed.</summary>
public enum MatrixOperation
{
    /// <summary>As it lies.</summary>
    None = 0,

    /// <summary>Transposed.</summary>
    Transpose = 1,
}

/// <summary>Element types of cuBLAS (cudaDataType).</summary>
public enum MatrixElement
{
    /// <summary>32-bit floating point.</summary>
    Single = 0,

    /// <summary>64-bit floating point.</summary>
    Double = 1,

    /// <summary>16-bit IEEE floating point.</summary>
    Half = 2,

    /// <summary>16-bit floating point with the exponent of a 32-bit number.</summary>
    BFloat16 = 14,
}

/// <summary>How products and sums are computed (cublasComputeType_t).</summary>
public enum MatrixCompute
{
    /// <summary>In FP32; inputs of 16 bits go through the tensor cores.</summary>
    Single = 68,

    /// <summary>In FP32 without tensor cores or other rearrangement of the sums.</summary>
    SinglePedantic = 69,

    /// <summary>In FP64.</summary>
    Double = 70,

    /// <summary>FP32 inputs are rounded to BF16 for the tensor cores; sums are FP32.</summary>
    SingleFastBf16 = 75,

    /// <summary>FP32 inputs are rounded to TF32 for the tensor cores; sums are FP32.</summary>
    SingleFastTf32 = 77,
}

/// <summary>What cuBLAS may do with FP32 (cublasMath_t).</summary>
public enum CublasMathMode
{
    /// <summary>Products in FP32, 16-bit inputs through the tensor cores.</summary>
    Default = 0,

    /// <summary>No tensor cores.</summary>
    Pedantic = 2,

    /// <summary>FP32 inputs are rounded to TF32.</summary>
    Tf32 = 3,
}
