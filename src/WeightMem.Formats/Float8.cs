namespace WeightMem.Formats;

/// <summary>8-bit floats. The kind with five exponent bits is the upper half of a Float16 and needs no code of its own.</summary>
internal static class Float8
{
    /// <summary>The value of "e4m3fn" bits: bias 7, no infinities, all ones is NaN (OCP 8-bit floating point specification).</summary>
    public static float FromE4M3(byte bits)
    {
        int exponent = (bits >> 3) & 15, fraction = bits & 7;
        float magnitude = exponent == 15 && fraction == 7 ? float.NaN
            : exponent == 0 ? fraction / 512f // subnormal: fraction / 8 * 2^-6
            : MathF.ScaleB(1 + fraction / 8f, exponent - 7);
        return bits < 128 ? magnitude : -magnitude;
    }
}
