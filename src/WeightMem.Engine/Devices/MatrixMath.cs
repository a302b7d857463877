namespace WeightMem.Engine.Devices;

/// <summary>How matrix products of float32 tensors are computed. Everything else (norms, softmax, losses, Adam, distances) is float32 or better in every mode.</summary>
public enum MatrixMath
{
    /// <summary>float32 products and sums.</summary>
    F32,

    /// <summary>Inputs rounded to TF32 (10 bits of mantissa), float32 sums: the tensor cores of compute capability 8.0 and later.</summary>
    Tf32,

    /// <summary>Inputs rounded to bfloat16 (7 bits of mantissa), float32 sums.</summary>
    Bf16,
}
