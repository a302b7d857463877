namespace WeightMem.Engine.Devices.Cpu.Simd;

/// <summary>
/// A register of floats. Kernels are written once against this and compiled for each width: <see cref="F32x16"/> (AVX-512),
/// <see cref="F32x8"/> (AVX2), <see cref="F32x4"/> (portable).
/// </summary>
internal unsafe interface ISimd<T>
    where T : struct, ISimd<T>
{
    /// <summary>Number of floats.</summary>
    static abstract int Width { get; }

    static abstract T Zero { get; }

    static abstract T Broadcast(float value);

    static abstract T Load(float* p);

    static abstract void Store(float* p, T v);

    /// <summary>Loads the first <paramref name="count"/> (0 to Width) floats, zeros after; reads nothing beyond.</summary>
    static abstract T Load(float* p, int count);

    /// <summary>Stores the first <paramref name="count"/> floats and nothing beyond.</summary>
    static abstract void Store(float* p, int count, T v);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>Larger of each pair; where one is NaN, on x86 the second: put constants first and NaN comes through.</summary>
    static abstract T Max(T a, T b);

    /// <summary>Smaller of each pair; NaN as for <see cref="Max"/>.</summary>
    static abstract T Min(T a, T b);

    static abstract T Sqrt(T a);

    static abstract T Abs(T a);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract T Round(T a);

    static abstract T CopySign(T magnitude, T sign);

    /// <summary>Where a is less than b the third, elsewhere (also for NaN) the fourth.</summary>
    static abstract T SelectLess(T a, T b, T whenLess, T otherwise);

    /// <summary>a * 2^exponent for integral exponents from -126 to 127.</summary>
    static abstract T TimesPowerOfTwo(T a, T exponent);

    /// <summary>Binary exponent of positive normal numbers.</summary>
    static abstract T Exponent(T a);

    /// <summary>Mantissa in [1, 2) of positive normal numbers.</summary>
    static abstract T Mantissa(T a);

    /// <summary>Sum of the lanes, in an order fixed by the width.</summary>
    static abstract float Sum(T a);

    /// <summary>Largest lane.</summary>
    static abstract float MaxElement(T a);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);
}
