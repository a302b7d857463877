using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace WeightMem.Engine.Devices.Cpu.Simd;

/// <summary>Four floats: what every 64-bit processor has.</summary>
internal readonly unsafe struct F32x4 : ISimd<F32x4>
{
    private readonly Vector128<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private F32x4(Vector128<float> v) => _v = v;

    public static int Width => 4;

    public static F32x4 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Load(float* p) => new(Vector128.Load(p));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, F32x4 v) => v._v.Store(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Load(float* p, int count)
    {
        if (count >= Width) return Load(p);
        float* lanes = stackalloc float[4] { 0, 0, 0, 0 };
        for (int i = 0; i < count; i++) lanes[i] = p[i];
        return new F32x4(Vector128.Load(lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, int count, F32x4 v)
    {
        float* lanes = stackalloc float[4];
        v._v.Store(lanes);
        for (int i = 0; i < count; i++) p[i] = lanes[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 MultiplyAdd(F32x4 a, F32x4 b, F32x4 c) => new(Vector128.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Max(F32x4 a, F32x4 b) => new(Vector128.MaxNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Min(F32x4 a, F32x4 b) => new(Vector128.MinNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Sqrt(F32x4 a) => new(Vector128.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Abs(F32x4 a) => new(Vector128.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Round(F32x4 a) => new(Vector128.Round(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 CopySign(F32x4 magnitude, F32x4 sign) => new(Vector128.CopySign(magnitude._v, sign._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 SelectLess(F32x4 a, F32x4 b, F32x4 whenLess, F32x4 otherwise) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a._v, b._v), whenLess._v, otherwise._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 TimesPowerOfTwo(F32x4 a, F32x4 exponent) =>
        new(a._v * (Vector128.ConvertToInt32Native(exponent._v) + Vector128.Create(127) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Exponent(F32x4 a) => new(Vector128.ConvertToSingle((Vector128.ShiftRightLogical(a._v.AsInt32(), 23)) - Vector128.Create(127)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Mantissa(F32x4 a) => new((a._v.AsInt32() & Vector128.Create(0x007FFFFF) | Vector128.Create(0x3F800000)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(F32x4 a) => Vector128.Sum(a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxElement(F32x4 a)
    {
        float* lanes = stackalloc float[4];
        a._v.Store(lanes);
        float max = lanes[0];
        for (int i = 1; i < 4; i++) max = lanes[i] > max ? lanes[i] : max;
        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator +(F32x4 a, F32x4 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator -(F32x4 a, F32x4 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator *(F32x4 a, F32x4 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator /(F32x4 a, F32x4 b) => new(a._v / b._v);
}
