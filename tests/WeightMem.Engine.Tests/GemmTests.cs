using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Random;
using Xunit;

namespace WeightMem.Engine.Tests;

public sealed unsafe class GemmTests
{
    public static TheoryData<string> Levels()
    {
        var levels = new TheoryData<string>();
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            if (SimdSupport.IsSupported(level)) levels.Add(level.ToString());
        }

        return levels;
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Agrees_with_the_double_product_on_random_shapes(string level)
    {
        using var pool = new WorkerPool(2);
        for (int trial = 0; trial < 150; trial++)
        {
            RandomStream draw = new RandomStream(1, "gemm shapes").At(trial);
            var problem = GemmProblem.Random(draw, small: trial % 10 != 0);
            float[] c = problem.Product(pool, Enum.Parse<SimdLevel>(level));
            problem.AssertRight(c);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Gives_the_same_bits_for_any_number_of_threads(string level)
    {
        using var one = new WorkerPool(1);
        using var two = new WorkerPool(2);
        using var five = new WorkerPool(5);
        for (int trial = 0; trial < 30; trial++)
        {
            RandomStream draw = new RandomStream(2, "gemm threads").At(trial);
            var problem = GemmProblem.Random(draw, small: false);
            SimdLevel simd = Enum.Parse<SimdLevel>(level);
            float[] expected = problem.Product(one, simd);
            problem.AssertSameBits(expected, problem.Product(two, simd));
            problem.AssertSameBits(expected, problem.Product(five, simd));
        }
    }

    // Shapes of the study: training rows, transposed gradients, attention, populations of small networks, one row, one column.
    [Theory]
    [InlineData(832, 384, 128, false, false, 1)]
    [InlineData(128, 384, 832, true, false, 1)]
    [InlineData(832, 128, 512, false, true, 1)]
    [InlineData(26, 26, 32, false, true, 40)]
    [InlineData(26, 32, 26, false, false, 40)]
    [InlineData(26, 32, 26, true, false, 40)]
    [InlineData(10, 10, 10, false, false, 2000)]
    [InlineData(128, 128, 128, false, false, 6)]
    [InlineData(600, 40, 50, false, true, 3)]
    [InlineData(256, 10, 784, false, false, 1)]
    [InlineData(1, 1000, 300, false, false, 1)]
    [InlineData(1, 1000, 300, false, true, 1)]
    [InlineData(1000, 1, 300, false, false, 1)]
    [InlineData(1000, 1, 300, true, false, 1)]
    [InlineData(5, 7, 3000, false, false, 1)]
    [InlineData(5, 7, 3000, true, true, 1)]
    [InlineData(3000, 5, 1, false, false, 1)]
    [InlineData(7, 3000, 40, false, false, 1)]
    [InlineData(60, 6000, 900, false, true, 1)]
    public void Agrees_on_the_shapes_of_the_study(int m, int n, int k, bool transposeA, bool transposeB, int batch)
    {
        using var pool = new WorkerPool(2);
        using var one = new WorkerPool(1);
        var problem = GemmProblem.Plain(m, n, k, transposeA, transposeB, batch);
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            if (!SimdSupport.IsSupported(level) || (level == SimdLevel.Portable && (long)m * n * k > 50_000_000)) continue;
            float[] c = problem.Product(pool, level);
            problem.AssertRight(c);
            problem.AssertSameBits(c, problem.Product(one, level));
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Does_not_read_the_old_result_when_beta_is_zero(string level)
    {
        using var pool = new WorkerPool(2);
        foreach ((int m, int n, int k) in new[] { (5, 7, 9), (100, 100, 1000), (300, 33, 40), (1, 50, 20), (50, 1, 20), (12, 32, 8) })
        {
            var problem = GemmProblem.Plain(m, n, k, false, false, 1);
            Array.Fill(problem.C, float.NaN);
            float[] c = problem.Product(pool, Enum.Parse<SimdLevel>(level));
            Assert.DoesNotContain(c, float.IsNaN);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Carries_infinity_and_not_a_number_through(string level)
    {
        using var pool = new WorkerPool(1);
        foreach (int n in new[] { 1, 3, 40 })
        {
            var problem = GemmProblem.Plain(6, n, 20, false, false, 1);
            problem.A[3 * 20 + 7] = float.NaN;
            problem.A[4 * 20 + 2] = float.PositiveInfinity;
            float[] c = problem.Product(pool, Enum.Parse<SimdLevel>(level));
            for (int i = 0; i < c.Length; i++)
            {
                int row = i / n;
                Assert.Equal(row == 3, float.IsNaN(c[i]));
                Assert.Equal(row == 4, float.IsInfinity(c[i]));
            }
        }
    }

    [Fact]
    public void Gives_the_scaled_old_result_and_the_bias_for_an_empty_depth()
    {
        using var pool = new WorkerPool(1);
        float* c = stackalloc float[] { 1, 2, 3, 4 };
        float* bias = stackalloc float[] { 10, 20 };
        var g = new GemmArguments
        {
            C = c,
            Bias = bias,
            M = 2,
            N = 2,
            K = 0,
            RowStrideA = 0,
            RowStrideB = 2,
            RowStrideC = 2,
            Batch = 1,
            Alpha = 1,
            Beta = 0.5f,
        };
        GemmKernel.Run(g, pool);
        Assert.Equal([10.5f, 21, 11.5f, 22], new ReadOnlySpan<float>(c, 4).ToArray());
    }

    [Fact]
    public void Allocates_nothing_after_the_first_call()
    {
        using var pool = new WorkerPool(2);
        var problem = GemmProblem.Plain(200, 200, 200, false, false, 1);
        problem.Product(pool, SimdSupport.Best);
        long bytes = problem.AllocatedBySecondCall(pool);
        Assert.Equal(0, bytes);
    }
}
