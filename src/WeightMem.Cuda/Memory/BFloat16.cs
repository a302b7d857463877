namespace WeightMem.Cuda.Memory;

/// <summary>
/// A 16-bit floating point number with the exponent of a 32-bit one, as it lies in device memory: <c>bf16</c> of the kernels.
/// </summary>
/// <param name="Bits">The upper half of the bits of the FP32 number.</param>
public readonly record struct BFloat16(ushort Bits);
