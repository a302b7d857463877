using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Cpu.Simd;

/// <summary>Eight floats in one AVX2 register.</summary>
internal readonly unsafe struct F32x8 : ISimd<F32x8>
{
    private readonly Vector256<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private F32x8(Vector256<float> v) => _v = v;

    public static int Width => 8;

    public static F32x8 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Load(float* p) => new(Vector256.Load(p));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, F32x8 v) => v._v.Store(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Load(float* p, int count) => count >= Width ? Load(p) : new(Avx.MaskLoad(p, Mask(count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, int count, F32x8 v)
    {
        // As for sixteen: most registers are whole.
        if (count >= Width) v._v.Store(p);
        else Avx.MaskStore(p, Mask(count), v._v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mask(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 MultiplyAdd(F32x8 a, F32x8 b, F32x8 c) => new(Vector256.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Max(F32x8 a, F32x8 b) => new(Vector256.MaxNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Min(F32x8 a, F32x8 b) => new(Vector256.MinNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Sqrt(F32x8 a) => new(Vector256.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Abs(F32x8 a) => new(Vector256.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Round(F32x8 a) => new(Vector256.Round(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 CopySign(F32x8 magnitude, F32x8 sign) => new(Vector256.CopySign(magnitude._v, sign._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 SelectLess(F32x8 a, F32x8 b, F32x8 whenLess, F32x8 otherwise) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a._v, b._v), whenLess._v, otherwise._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 TimesPowerOfTwo(F32x8 a, F32x8 exponent) =>
        new(a._v * (Vector256.ConvertToInt32Native(exponent._v) + Vector256.Create(127) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Exponent(F32x8 a) => new(Vector256.ConvertToSingle((Vector256.ShiftRightLogical(a._v.AsInt32(), 23)) - Vector256.Create(127)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Mantissa(F32x8 a) => new((a._v.AsInt32() & Vector256.Create(0x007FFFFF) | Vector256.Create(0x3F800000)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(F32x8 a) => Vector256.Sum(a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxElement(F32x8 a)
    {
        float* lanes = stackalloc float[8];
        a._v.Store(lanes);
        float max = lanes[0];
        for (int i = 1; i < 8; i++) max = lanes[i] > max ? lanes[i] : max;
        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator +(F32x8 a, F32x8 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator -(F32x8 a, F32x8 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator *(F32x8 a, F32x8 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator /(F32x8 a, F32x8 b) => new(a._v / b._v);
}
