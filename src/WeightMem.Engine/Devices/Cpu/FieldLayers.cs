using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// The layers of an occupancy field on a tile of points that stays in the cache, points along the lanes: rows of <c>stride</c> floats, one a unit. Weights are read
/// where they lie and broadcast. Counts are multiples of <see cref="Block"/>.
/// </summary>
internal static unsafe class FieldLayers<V>
    where V : struct, ISimd<V>
{
    /// <summary>Points that the products take together.</summary>
    public static int Block => 2 * V.Width;

    /// <summary>Sine and cosine of 1, 2, 4 and 8 times a row of coordinates from -1 to 1, and the row itself, into rows <paramref name="step"/> apart.</summary>
    public static void Encode(float* features, float* coordinates, long step, int count)
    {
        V two = V.Broadcast(2), one = V.Broadcast(1);
        for (int p = 0; p < count; p += V.Width)
        {
            V x = V.Load(coordinates + p), g = x * x;

            // Taylor's polynomials; what they leave out is below 3e-8 on [-1, 1].
            V sine = V.MultiplyAdd(V.Broadcast(2.7557319e-6f), g, V.Broadcast(-1.9841270e-4f));
            sine = V.MultiplyAdd(V.MultiplyAdd(sine, g, V.Broadcast(8.3333333e-3f)), g, V.Broadcast(-1.6666667e-1f));
            sine = V.MultiplyAdd(sine * g, x, x);
            V cosine = V.MultiplyAdd(V.Broadcast(2.0876757e-9f), g, V.Broadcast(-2.7557319e-7f));
            cosine = V.MultiplyAdd(V.MultiplyAdd(cosine, g, V.Broadcast(2.4801587e-5f)), g, V.Broadcast(-1.3888889e-3f));
            cosine = V.MultiplyAdd(V.MultiplyAdd(V.MultiplyAdd(cosine, g, V.Broadcast(4.1666667e-2f)), g, V.Broadcast(-0.5f)), g, one);
            V.Store(features + p, x);
            for (int k = 0; k < FieldNet.Octaves; k++)
            {
                V.Store(features + (1 + 2 * k) * step + p, sine);
                V.Store(features + (2 + 2 * k) * step + p, cosine);
                V both = sine * cosine, square = sine * sine;
                sine = two * both;
                cosine = one - two * square;
            }
        }
    }

    /// <summary>y = w x + bias, or the larger of that and 0. <paramref name="columns"/> is the distance of w's rows; without a bias it is 0.</summary>
    public static void Multiply(
        float* y, float* x, float* weight, float* bias, int inputs, int outputs, int columns, int stride, int count, bool relu)
    {
        for (int p = 0; p < count; p += Block)
        {
            int o = 0;
            for (; o + 6 <= outputs; o += 6) Six(y + (long)o * stride + p, x + p, weight + (long)o * columns, bias == null ? null : bias + o, inputs, columns, stride, relu);
            for (; o < outputs; o++) One(y + (long)o * stride + p, x + p, weight + (long)o * columns, bias == null ? 0 : bias[o], inputs, stride, relu);
        }
    }

    /// <summary>dw = dy x^T, rows <paramref name="columns"/> apart: a sum over the points.</summary>
    public static void Products(float* dw, float* dy, float* x, int outputs, int inputs, int columns, int stride, int count)
    {
        int o = 0;
        for (; o + 3 <= outputs; o += 3)
        {
            int i = 0;
            for (; i + 4 <= inputs; i += 4) ThreeByFour(dw + (long)o * columns + i, dy + (long)o * stride, x + (long)i * stride, columns, stride, count);
            for (; i < inputs; i++) ThreeByOne(dw + (long)o * columns + i, dy + (long)o * stride, x + (long)i * stride, columns, stride, count);
        }

        for (; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++) dw[(long)o * columns + i] = Dot(dy + (long)o * stride, x + (long)i * stride, count);
        }
    }

    /// <summary>The sum of a row.</summary>
    public static float Total(float* row, int count)
    {
        V a = V.Zero, b = V.Zero;
        for (int p = 0; p < count; p += Block)
        {
            a += V.Load(row + p);
            b += V.Load(row + p + V.Width);
        }

        return V.Sum(a + b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six(float* y, float* x, float* w, float* bias, int inputs, int columns, int stride, bool relu)
    {
        float* w1 = w + columns, w2 = w1 + columns, w3 = w2 + columns, w4 = w3 + columns, w5 = w4 + columns;
        V a0, a1, a2, a3, a4, a5;
        if (bias == null) a0 = a1 = a2 = a3 = a4 = a5 = V.Zero;
        else (a0, a1, a2, a3, a4, a5) = (V.Broadcast(bias[0]), V.Broadcast(bias[1]), V.Broadcast(bias[2]), V.Broadcast(bias[3]), V.Broadcast(bias[4]), V.Broadcast(bias[5]));
        V b0 = a0, b1 = a1, b2 = a2, b3 = a3, b4 = a4, b5 = a5;
        for (int i = 0; i < inputs; i++)
        {
            V x0 = V.Load(x), x1 = V.Load(x + V.Width), f = V.Broadcast(w[i]);
            a0 = V.MultiplyAdd(f, x0, a0);
            b0 = V.MultiplyAdd(f, x1, b0);
            f = V.Broadcast(w1[i]);
            a1 = V.MultiplyAdd(f, x0, a1);
            b1 = V.MultiplyAdd(f, x1, b1);
            f = V.Broadcast(w2[i]);
            a2 = V.MultiplyAdd(f, x0, a2);
            b2 = V.MultiplyAdd(f, x1, b2);
            f = V.Broadcast(w3[i]);
            a3 = V.MultiplyAdd(f, x0, a3);
            b3 = V.MultiplyAdd(f, x1, b3);
            f = V.Broadcast(w4[i]);
            a4 = V.MultiplyAdd(f, x0, a4);
            b4 = V.MultiplyAdd(f, x1, b4);
            f = V.Broadcast(w5[i]);
            a5 = V.MultiplyAdd(f, x0, a5);
            b5 = V.MultiplyAdd(f, x1, b5);
            x += stride;
        }

        Put(y, a0, b0, relu);
        Put(y + stride, a1, b1, relu);
        Put(y + 2L * stride, a2, b2, relu);
        Put(y + 3L * stride, a3, b3, relu);
        Put(y + 4L * stride, a4, b4, relu);
        Put(y + 5L * stride, a5, b5, relu);
    }

    private static void One(float* y, float* x, float* w, float bias, int inputs, int stride, bool relu)
    {
        V a = V.Broadcast(bias), b = a;
        for (int i = 0; i < inputs; i++)
        {
            V f = V.Broadcast(w[i]);
            a = V.MultiplyAdd(f, V.Load(x), a);
            b = V.MultiplyAdd(f, V.Load(x + V.Width), b);
            x += stride;
        }

        Put(y, a, b, relu);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, V a, V b, bool relu)
    {
        V.Store(y, relu ? V.Max(V.Zero, a) : a);
        V.Store(y + V.Width, relu ? V.Max(V.Zero, b) : b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ThreeByFour(float* dw, float* dy, float* x, int columns, int stride, int count)
    {
        float* d1 = dy + stride, d2 = d1 + stride, x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride;
        V a0 = V.Zero, a1 = V.Zero, a2 = V.Zero, a3 = V.Zero, b0 = V.Zero, b1 = V.Zero, b2 = V.Zero, b3 = V.Zero;
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero;
        for (int p = 0; p < count; p += V.Width)
        {
            V s0 = V.Load(x + p), s1 = V.Load(x1 + p), s2 = V.Load(x2 + p), s3 = V.Load(x3 + p), d = V.Load(dy + p);
            a0 = V.MultiplyAdd(d, s0, a0);
            a1 = V.MultiplyAdd(d, s1, a1);
            a2 = V.MultiplyAdd(d, s2, a2);
            a3 = V.MultiplyAdd(d, s3, a3);
            d = V.Load(d1 + p);
            b0 = V.MultiplyAdd(d, s0, b0);
            b1 = V.MultiplyAdd(d, s1, b1);
            b2 = V.MultiplyAdd(d, s2, b2);
            b3 = V.MultiplyAdd(d, s3, b3);
            d = V.Load(d2 + p);
            c0 = V.MultiplyAdd(d, s0, c0);
            c1 = V.MultiplyAdd(d, s1, c1);
            c2 = V.MultiplyAdd(d, s2, c2);
            c3 = V.MultiplyAdd(d, s3, c3);
        }

        (dw[0], dw[1], dw[2], dw[3]) = (V.Sum(a0), V.Sum(a1), V.Sum(a2), V.Sum(a3));
        dw += columns;
        (dw[0], dw[1], dw[2], dw[3]) = (V.Sum(b0), V.Sum(b1), V.Sum(b2), V.Sum(b3));
        dw += columns;
        (dw[0], dw[1], dw[2], dw[3]) = (V.Sum(c0), V.Sum(c1), V.Sum(c2), V.Sum(c3));
    }

    private static void ThreeByOne(float* dw, float* dy, float* x, int columns, int stride, int count)
    {
        V a = V.Zero, b = V.Zero, c = V.Zero;
        for (int p = 0; p < count; p += V.Width)
        {
            V s = V.Load(x + p);
            a = V.MultiplyAdd(V.Load(dy + p), s, a);
            b = V.MultiplyAdd(V.Load(dy + stride + p), s, b);
            c = V.MultiplyAdd(V.Load(dy + 2L * stride + p), s, c);
        }

        (dw[0], dw[columns], dw[2L * columns]) = (V.Sum(a), V.Sum(b), V.Sum(c));
    }

    private static float Dot(float* a, float* b, int count)
    {
        V sum = V.Zero;
        for (int p = 0; p < count; p += V.Width) sum = V.MultiplyAdd(V.Load(a + p), V.Load(b + p), sum);
        return V.Sum(sum);
    }
}
