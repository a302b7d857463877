using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Devices.Reference;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>The errors that VectorMath states, measured over the whole range, and equal bits for every register width.</summary>
public sealed unsafe class VectorMathTests
{
    public static TheoryData<string> Functions => ["exp", "log", "tanh", "erf"];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Errors_are_as_stated(string function)
    {
        (float[] x, double bound, Func<double, double> exact) = Range(function);
        float[] y = Run<F32x4>(function, x);
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double expected = exact(x[i]);
            worst = Math.Max(worst, Math.Abs(y[i] - expected) / Math.Max(Math.Abs(expected), 1e-30));
        }

        Assert.True(worst <= bound, $"{function}: {worst:G3} relative");
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Bits_do_not_depend_on_the_register_width(string function)
    {
        float[] x = Range(function).X;
        float[] expected = Run<F32x4>(function, x);
        if (Devices.Cpu.SimdSupport.IsSupported(Devices.Cpu.SimdLevel.Avx2)) Assert.Equal(expected, Run<F32x8>(function, x));
        if (Devices.Cpu.SimdSupport.IsSupported(Devices.Cpu.SimdLevel.Avx512)) Assert.Equal(expected, Run<F32x16>(function, x));
    }

    [Fact]
    public void Exp_treats_the_ends_of_the_range_as_stated()
    {
        float[] y = Run<F32x4>("exp", [float.NegativeInfinity, -200, 0, 200, float.PositiveInfinity, float.NaN, -0f, 1]);
        Assert.Equal([0, 0, 1, float.PositiveInfinity, float.PositiveInfinity, float.NaN, 1], y[..7]);
    }

    private static (float[] X, double Bound, Func<double, double> Exact) Range(string function) => function switch
    {
        "exp" => (Between(-87, 88), 2.4e-7, Math.Exp), // 2 ulp
        "log" => (Logarithmic(1e-30, 1e30), 2.4e-7, Math.Log),
        "tanh" => (Between(-12, 12), 4.8e-7, Math.Tanh), // 4 ulp
        _ => (Between(-6, 6), 2.4e-7, Activations.Erf),
    };

    private static float[] Between(double low, double high) =>
        [.. Enumerable.Range(0, 40_000).Select(i => (float)(low + (high - low) * (i + 0.5) / 40_000))];

    private static float[] Logarithmic(double low, double high) =>
        [.. Enumerable.Range(0, 40_000).Select(i => (float)(low * Math.Pow(high / low, (i + 0.5) / 40_000)))];

    private static float[] Run<V>(string function, float[] x)
        where V : struct, ISimd<V>
    {
        var y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += V.Width)
            {
                V v = V.Load(from + i);
                V.Store(to + i, function switch
                {
                    "exp" => VectorMath<V>.Exp(v),
                    "log" => VectorMath<V>.Log(v),
                    "tanh" => VectorMath<V>.Tanh(v),
                    _ => VectorMath<V>.Erf(v),
                });
            }
        }

        return y;
    }
}
