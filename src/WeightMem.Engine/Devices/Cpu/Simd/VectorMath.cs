using System.Runtime.CompilerServices;

namespace WeightMem.Engine.Devices.Cpu.Simd;

/// <summary>
/// Elementary functions over registers. Polynomials were fitted in double precision on Chebyshev nodes; the errors stated were
/// measured over the whole range against double precision by the tests. Only fused multiply-add, multiply, add, divide and
/// square root are used, so the bits are the same for every register width, and on any IEEE device.
/// </summary>
internal static class VectorMath<V>
    where V : struct, ISimd<V>
{
    /// <summary>e^x; 0 below -87.33 (where results would be subnormal), infinity above 88.37, NaN for NaN. At most 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        V low = V.Broadcast(-87.336f), high = V.Broadcast(88.3762f);
        V clamped = V.Min(high, V.Max(low, x));
        V n = V.Round(clamped * V.Broadcast(1.44269504f));
        V r = V.MultiplyAdd(n, V.Broadcast(-0.693145752f), clamped); // ln 2 in two parts
        r = V.MultiplyAdd(n, V.Broadcast(-1.42860677e-6f), r);
        V p = V.Broadcast(0.001382702263072133f);
        p = V.MultiplyAdd(p, r, V.Broadcast(0.008376434445381165f));
        p = V.MultiplyAdd(p, r, V.Broadcast(0.041668497025966644f));
        p = V.MultiplyAdd(p, r, V.Broadcast(0.1666640043258667f));
        p = V.MultiplyAdd(p, r, V.Broadcast(0.49999991059303284f));
        p = V.MultiplyAdd(p, r, V.Broadcast(1f));
        p = V.MultiplyAdd(p, r, V.Broadcast(1f));
        V result = V.TimesPowerOfTwo(p, n);
        result = V.SelectLess(x, low, V.Zero, result);
        return V.SelectLess(high, x, V.Broadcast(float.PositiveInfinity), result); // NaN came through the polynomial
    }

    /// <summary>Natural logarithm of positive normal numbers. At most 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log(V x)
    {
        V e = V.Exponent(x), m = V.Mantissa(x), one = V.Broadcast(1f);
        V root = V.Broadcast(1.41421356f);
        e = V.SelectLess(root, m, e + one, e);
        m = V.SelectLess(root, m, m * V.Broadcast(0.5f), m);
        V s = (m - one) / (m + one); // log m = 2 artanh s, |s| < 0.172
        V t = s * s;
        V p = V.Broadcast(2f / 9f);
        p = V.MultiplyAdd(p, t, V.Broadcast(2f / 7f));
        p = V.MultiplyAdd(p, t, V.Broadcast(2f / 5f));
        p = V.MultiplyAdd(p, t, V.Broadcast(2f / 3f));
        V small = V.MultiplyAdd(p * t, s, s + s);
        return V.MultiplyAdd(e, V.Broadcast(0.693145752f), V.MultiplyAdd(e, V.Broadcast(1.42860677e-6f), small));
    }

    /// <summary>Hyperbolic tangent. At most 4 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        V a = V.Abs(x), one = V.Broadcast(1f);
        V t = x * x;
        V p = V.Broadcast(-0.005664775148034096f);
        p = V.MultiplyAdd(p, t, V.Broadcast(0.020595679059624672f));
        p = V.MultiplyAdd(p, t, V.Broadcast(-0.05372267961502075f));
        p = V.MultiplyAdd(p, t, V.Broadcast(0.13331149518489838f));
        p = V.MultiplyAdd(p, t, V.Broadcast(-0.3333326280117035f));
        V small = V.MultiplyAdd(p * t, x, x);
        V large = one - V.Broadcast(2f) / (Exp(a + a) + one);
        return V.SelectLess(a, V.Broadcast(0.625f), small, V.CopySign(large, x));
    }

    /// <summary>The error function. At most 2e-7 relative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf(V x)
    {
        V a = V.Abs(x), one = V.Broadcast(1f);
        V t = x * x;
        V p = V.Broadcast(-9.673581189417746e-06f);
        p = V.MultiplyAdd(p, t, V.Broadcast(0.00011268250818829983f));
        p = V.MultiplyAdd(p, t, V.Broadcast(-0.0008484396385028958f));
        p = V.MultiplyAdd(p, t, V.Broadcast(0.005221053492277861f));
        p = V.MultiplyAdd(p, t, V.Broadcast(-0.026865437626838684f));
        p = V.MultiplyAdd(p, t, V.Broadcast(0.11283782869577408f));
        p = V.MultiplyAdd(p, t, V.Broadcast(-0.37612637877464294f));
        p = V.MultiplyAdd(p, t, V.Broadcast(1.128379225730896f));
        V small = p * x;

        V c = V.Min(V.Broadcast(4f), a); // erfc(4) = 1.5e-8 is below half an ulp of 1
        V q = V.Broadcast(1.3309389942151029e-05f); // -log erfc
        q = V.MultiplyAdd(q, c, V.Broadcast(-0.0003175720339640975f));
        q = V.MultiplyAdd(q, c, V.Broadcast(0.0034368676133453846f));
        q = V.MultiplyAdd(q, c, V.Broadcast(-0.022621985524892807f));
        q = V.MultiplyAdd(q, c, V.Broadcast(0.10331898182630539f));
        q = V.MultiplyAdd(q, c, V.Broadcast(0.6390933394432068f));
        q = V.MultiplyAdd(q, c, V.Broadcast(1.125925898551941f));
        q = V.MultiplyAdd(q, c, V.Broadcast(0.0007569686276838183f));
        V large = V.CopySign(one - Exp(V.Zero - q), x);
        return V.SelectLess(a, one, small, large);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => V.Broadcast(1f) / (V.Broadcast(1f) + Exp(V.Zero - x));

    /// <summary>The standard normal distribution function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V NormalCdf(V x)
    {
        V half = V.Broadcast(0.5f);
        return V.MultiplyAdd(Erf(x * V.Broadcast(0.707106781f)), half, half);
    }

    /// <summary>Sine and cosine of 2 pi t for t in [0, 1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCosTurns(V t, out V sine, out V cosine)
    {
        V q = V.Round(t * V.Broadcast(4f)); // quarter turns, 0 to 4
        V f = V.MultiplyAdd(q, V.Broadcast(-0.25f), t); // exact, in [-1/8, 1/8]
        V g = f * f;
        V s = V.Broadcast(41.472896575927734f);
        s = V.MultiplyAdd(s, g, V.Broadcast(-76.69786834716797f));
        s = V.MultiplyAdd(s, g, V.Broadcast(81.6052017211914f));
        s = V.MultiplyAdd(s, g, V.Broadcast(-41.34170150756836f));
        s = V.MultiplyAdd(s, g, V.Broadcast(6.2831854820251465f));
        s *= f;
        V c = V.Broadcast(59.22028732299805f);
        c = V.MultiplyAdd(c, g, V.Broadcast(-85.4428482055664f));
        c = V.MultiplyAdd(c, g, V.Broadcast(64.93931579589844f));
        c = V.MultiplyAdd(c, g, V.Broadcast(-19.739208221435547f));
        c = V.MultiplyAdd(c, g, V.Broadcast(1f));
        V half = V.Broadcast(0.5f);
        V odd = V.SelectLess(V.Abs(q - V.Broadcast(2f)), V.Broadcast(1.5f), V.Broadcast(1f), V.Zero); // 1 for q = 1, 2, 3
        odd = V.SelectLess(V.Abs(q - V.Broadcast(2f)), half, V.Zero, odd); // 1 for q = 1, 3
        V swappedSine = V.SelectLess(half, odd, c, s), swappedCosine = V.SelectLess(half, odd, s, c);
        V afterOne = V.Abs(q - V.Broadcast(1.5f)); // q = 1, 2 turn the cosine's sign; q = 2, 3 the sine's
        cosine = V.SelectLess(afterOne, V.Broadcast(1f), V.Zero - swappedCosine, swappedCosine);
        V afterTwo = V.Abs(q - V.Broadcast(2.5f));
        sine = V.SelectLess(afterTwo, V.Broadcast(1f), V.Zero - swappedSine, swappedSine);
    }
}
