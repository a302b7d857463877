using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Simd;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>The derivative of an activation at x.</summary>
    private interface ISlope
    {
        static abstract V At(V x);
    }

    private readonly struct Slope<TSlope> : IFormula
        where TSlope : struct, ISlope
    {
        public V Apply(V a, V b, V old) => a * TSlope.At(b);
    }

    private readonly struct SlopeAdded<TSlope> : IFormula
        where TSlope : struct, ISlope
    {
        public V Apply(V a, V b, V old) => V.MultiplyAdd(a, TSlope.At(b), old);
    }

    private readonly struct Relu : IFormula
    {
        public V Apply(V a, V b, V old) => V.Max(V.Zero, a);
    }

    private readonly struct ReluSlope : ISlope
    {
        public static V At(V x) => V.SelectLess(V.Zero, x, V.Broadcast(1f), V.Zero);
    }

    private readonly struct LeakyRelu : IFormula
    {
        public V Apply(V a, V b, V old) => V.SelectLess(V.Zero, a, a, V.Broadcast(0.01f) * a);
    }

    private readonly struct LeakyReluSlope : ISlope
    {
        public static V At(V x) => V.SelectLess(V.Zero, x, V.Broadcast(1f), V.Broadcast(0.01f));
    }

    private readonly struct Elu : IFormula
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply(V a, V b, V old)
        {
            // The difference with 1 cancels near 0, but its error is within a rounding of 1: small beside what a layer adds up.
            return V.SelectLess(V.Zero, a, a, VectorMath<V>.Exp(a) - V.Broadcast(1f));
        }
    }

    private readonly struct EluSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(V x) => V.SelectLess(V.Zero, x, V.Broadcast(1f), VectorMath<V>.Exp(x));
    }

    private readonly struct Gelu : IFormula
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply(V a, V b, V old) => a * VectorMath<V>.NormalCdf(a);
    }

    private readonly struct GeluSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(V x)
        {
            V density = V.Broadcast(0.398942280f) * VectorMath<V>.Exp(V.Broadcast(-0.5f) * x * x);
            return V.MultiplyAdd(x, density, VectorMath<V>.NormalCdf(x));
        }
    }

    private readonly struct TanhOf : IFormula
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply(V a, V b, V old) => VectorMath<V>.Tanh(a);
    }

    private readonly struct TanhSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(V x)
        {
            V y = VectorMath<V>.Tanh(x);
            return V.Broadcast(1f) - y * y;
        }
    }

    private readonly struct SigmoidOf : IFormula
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply(V a, V b, V old) => VectorMath<V>.Sigmoid(a);
    }

    private readonly struct SigmoidSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(V x)
        {
            V y = VectorMath<V>.Sigmoid(x);
            return y * (V.Broadcast(1f) - y);
        }
    }

    private readonly struct Silu : IFormula
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply(V a, V b, V old) => a * VectorMath<V>.Sigmoid(a);
    }

    private readonly struct SiluSlope : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(V x)
        {
            V y = VectorMath<V>.Sigmoid(x);
            return y * V.MultiplyAdd(x, V.Broadcast(1f) - y, V.Broadcast(1f));
        }
    }
}
