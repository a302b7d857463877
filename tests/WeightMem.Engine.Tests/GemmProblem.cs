using System.Runtime.InteropServices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Random;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>A product with its operands, solved in plain double precision.</summary>
internal sealed unsafe class GemmProblem
{
    private const float Guard = -12345.5f;

    private int _m, _n, _k, _batch, _lda, _ldb, _ldc, _padC;
    private long _strideA, _strideB;
    private bool _transposeA, _transposeB;
    private float _alpha = 1, _beta;
    private float[]? _bias;
    private (double[] Sums, double[] Sizes)? _solution;

    public float[] A { get; private set; } = [];

    public float[] B { get; private set; } = [];

    /// <summary>The old result, rows padded with guard words.</summary>
    public float[] C { get; private set; } = [];

    public static GemmProblem Plain(int m, int n, int k, bool transposeA, bool transposeB, int batch)
    {
        var p = new GemmProblem { _m = m, _n = n, _k = k, _batch = batch, _transposeA = transposeA, _transposeB = transposeB };
        p._lda = transposeA ? m : k;
        p._ldb = transposeB ? k : n;
        p._ldc = n;
        p.Fill(new RandomStream(3, "gemm values"), sharedA: false, sharedB: false);
        return p;
    }

    public static GemmProblem Random(RandomStream draw, bool small)
    {
        int Next(int index, int bound) => draw.Integer(index, bound);
        int largest = small ? 40 : 300;
        var p = new GemmProblem
        {
            _m = 1 + Next(0, largest),
            _n = 1 + Next(1, largest),
            _k = 1 + Next(2, small ? 40 : 900),
            _batch = Next(3, 2) == 0 ? 1 : 1 + Next(4, small ? 9 : 3),
            _transposeA = Next(5, 2) == 1,
            _transposeB = Next(6, 2) == 1,
            _alpha = Next(7, 2) == 0 ? 1 : -1.5f + Next(8, 4),
            _beta = Next(9, 3) switch { 0 => 0, 1 => 1, _ => -0.75f },
        };
        p._lda = (p._transposeA ? p._m : p._k) + (Next(10, 2) == 0 ? 0 : Next(11, 9));
        p._ldb = (p._transposeB ? p._k : p._n) + (Next(12, 2) == 0 ? 0 : Next(13, 9));
        p._ldc = p._n + (Next(14, 2) == 0 ? 0 : Next(15, 9));
        p._padC = Next(16, 2) == 0 ? 0 : Next(17, 30);
        p.Fill(draw.Sub("values"), Next(18, 4) == 0, Next(19, 3) == 0);
        if (Next(20, 2) == 0) p._bias = Values(draw.Sub("bias"), p._n);
        return p;
    }

    /// <summary>Runs the kernel on a copy and checks that nothing around the result was touched. The m x n elements of each matrix.</summary>
    public float[] Product(WorkerPool pool, SimdLevel level)
    {
        const int Margin = 64;
        long strideC = (long)_m * _ldc + _padC;
        var memory = new float[Margin + C.Length + Margin];
        Array.Fill(memory, Guard);
        C.CopyTo(memory.AsSpan(Margin));
        fixed (float* c = memory)
            Call(c + Margin, pool, level);

        var result = new float[(long)_batch * _m * _n];
        int next = 0;
        for (int i = 0; i < memory.Length; i++)
        {
            long inside = i - Margin;
            long element = inside % strideC;
            bool owned = inside >= 0 && inside < C.Length && element < (long)_m * _ldc && element % _ldc < _n;
            if (owned) result[next++] = memory[i];
            else if (memory[i] != Guard) Assert.Fail($"{this}: the word {inside} elements from C was overwritten");
        }

        return result;
    }

    /// <summary>Bytes that a call allocates on this thread.</summary>
    public long AllocatedBySecondCall(WorkerPool pool)
    {
        var memory = new float[C.Length];
        fixed (float* c = memory)
        {
            Call(c, pool, SimdSupport.Best);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Call(c, pool, SimdSupport.Best);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Compares with the product in double precision; the bound is that of a sum of k rounded terms.</summary>
    public void AssertRight(float[] actual)
    {
        (double[] sums, double[] sizes) = _solution ??= Solve();
        for (int i = 0; i < sums.Length; i++)
        {
            double bound = (_k + 4) * 6e-8 * sizes[i];
            if (!(Math.Abs(actual[i] - sums[i]) <= bound)) Assert.Fail($"{this}: element {i} is {actual[i]:R}, expected {sums[i]:R} +- {bound:R}");
        }
    }

    /// <summary>Compares with another run of the same product, bit for bit.</summary>
    public void AssertSameBits(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        int same = MemoryMarshal.Cast<float, int>(expected).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual));
        if (same < expected.Length) Assert.Fail($"{this}: element {same} is {actual[same]:R}, not {expected[same]:R}");
    }

    public override string ToString() =>
        $"{_batch} x {_m}x{_n}x{_k}, transposes {_transposeA} {_transposeB}, strides {_lda} {_ldb} {_ldc}, alpha {_alpha}, beta {_beta}";

    private static float[] Values(RandomStream stream, long count)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(stream.Double(i) * 2 - 1);
        return values;
    }

    private (double[] Sums, double[] Sizes) Solve()
    {
        long strideC = (long)_m * _ldc + _padC;
        var sums = new double[(long)_batch * _m * _n];
        var sizes = new double[sums.Length];
        for (int z = 0, row = 0; z < _batch; z++)
        {
            for (int i = 0; i < _m; i++, row += _n)
            {
                for (int j = 0; j < _n; j++)
                {
                    double old = _beta == 0 ? 0 : _beta * C[z * strideC + (long)i * _ldc + j];
                    double bias = _bias is null ? 0 : _bias[j];
                    sums[row + j] = old + bias;
                    sizes[row + j] = Math.Abs(old) + Math.Abs(bias);
                }

                for (int k = 0; k < _k; k++)
                {
                    double a = _alpha * (double)A[z * _strideA + (_transposeA ? (long)k * _lda + i : (long)i * _lda + k)];
                    long b = z * _strideB + (_transposeB ? k : (long)k * _ldb);
                    long step = _transposeB ? _ldb : 1;
                    for (int j = 0; j < _n; j++, b += step)
                    {
                        double term = a * B[b];
                        sums[row + j] += term;
                        sizes[row + j] += Math.Abs(term);
                    }
                }
            }
        }

        return (sums, sizes);
    }

    private void Fill(RandomStream stream, bool sharedA, bool sharedB)
    {
        long sizeA = (long)(_transposeA ? _k : _m) * _lda;
        long sizeB = (long)(_transposeB ? _n : _k) * _ldb;
        long sizeC = (long)_m * _ldc + _padC;
        _strideA = sharedA ? 0 : sizeA;
        _strideB = sharedB ? 0 : sizeB;
        A = Values(stream.Sub("a"), sharedA ? sizeA : sizeA * _batch);
        B = Values(stream.Sub("b"), sharedB ? sizeB : sizeB * _batch);
        C = Values(stream.Sub("c"), sizeC * _batch);
        for (int i = 0; i < C.Length; i++)
        {
            long element = i % sizeC;
            if (element >= (long)_m * _ldc || element % _ldc >= _n) C[i] = Guard;
        }
    }

    private void Call(float* c, WorkerPool pool, SimdLevel level)
    {
        fixed (float* a = A, b = B, bias = _bias)
        {
            var g = new GemmArguments
            {
                A = a,
                B = b,
                C = c,
                Bias = bias,
                M = _m,
                N = _n,
                K = _k,
                RowStrideA = _lda,
                RowStrideB = _ldb,
                RowStrideC = _ldc,
                TransposeA = _transposeA,
                TransposeB = _transposeB,
                Batch = _batch,
                BatchStrideA = (nint)_strideA,
                BatchStrideB = (nint)_strideB,
                BatchStrideC = _m * _ldc + _padC,
                Alpha = _alpha,
                Beta = _beta,
            };
            GemmKernel.Run(g, pool, level);
        }
    }
}
