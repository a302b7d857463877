using System.Runtime.InteropServices;
using TorchSharp;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Random;

namespace WeightMem.Benchmarks;

/// <summary>Matrix products: cubes, skinny ones, batches, and those of training a small weight transformer.</summary>
internal static unsafe class GemmRows
{
    public const string Section = "Matrix products";

    private static readonly (string Name, int M, int N, int K, bool TransposeA, bool TransposeB, int Batch)[] Shapes =
    [
        ("256 cube", 256, 256, 256, false, false, 1),
        ("512 cube", 512, 512, 512, false, false, 1),
        ("1024 cube", 1024, 1024, 1024, false, false, 1),
        ("2048 cube", 2048, 2048, 2048, false, false, 1),
        ("skinny 256x10x784", 256, 10, 784, false, false, 1),
        ("skinny 1024x64x2048", 1024, 64, 2048, false, false, 1),
        ("batch 64 of 128 cube", 128, 128, 128, false, false, 64),
        ("batch 2000 of 10 cube", 10, 10, 10, false, false, 2000),
        ("batch 256 of 26x26x32, B transposed", 26, 26, 32, false, true, 256),
        ("batch 256 of 26x32x26", 26, 32, 26, false, false, 256),
        ("train 832x384x128", 832, 384, 128, false, false, 1),
        ("train 832x512x128", 832, 512, 128, false, false, 1),
        ("train 832x128x512", 832, 128, 512, false, false, 1),
        ("train 2432x384x128", 2432, 384, 128, false, false, 1),
        ("train 2432x512x128", 2432, 512, 128, false, false, 1),
        ("train 2432x128x512", 2432, 128, 512, false, false, 1),
        ("dW 128x384x832", 128, 384, 832, true, false, 1),
        ("dW 128x512x832", 128, 512, 832, true, false, 1),
        ("dW 512x128x2432", 512, 128, 2432, true, false, 1),
        ("dX 832x128x384", 832, 128, 384, false, true, 1),
        ("dX 832x512x128", 832, 512, 128, false, true, 1),
        ("dX 2432x128x512", 2432, 128, 512, false, true, 1),
    ];

    /// <summary>All rows, for one thread and for two.</summary>
    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach ((string name, int m, int n, int k, bool ta, bool tb, int batch) in Shapes)
        {
            foreach (int threads in new[] { 1, 2 }) yield return () => Row(name, m, n, k, ta, tb, batch, threads, peers);
        }
    }

    private static BenchmarkRow Row(string name, int m, int n, int k, bool ta, bool tb, int batch, int threads, bool peers)
    {
        int lda = ta ? m : k, ldb = tb ? k : n;
        long sizeA = (long)m * k, sizeB = (long)k * n, sizeC = (long)m * n;
        float* a = Values("a", sizeA * batch), b = Values("b", sizeB * batch), c = Values("c", sizeC * batch);
        var pool = new WorkerPool(threads);
        var g = new GemmArguments
        {
            A = a,
            B = b,
            C = c,
            M = m,
            N = n,
            K = k,
            RowStrideA = lda,
            RowStrideB = ldb,
            RowStrideC = n,
            TransposeA = ta,
            TransposeB = tb,
            Batch = batch,
            BatchStrideA = (nint)sizeA,
            BatchStrideB = (nint)sizeB,
            BatchStrideC = (nint)sizeC,
            Alpha = 1,
        };

        // Some elements in double precision, spread over the result.
        double Error(Func<long, float> actual)
        {
            double worst = 0;
            var stream = new RandomStream(1, "samples");
            for (int s = 0; s < 500; s++)
            {
                long z = stream.Integer(3 * s, batch), i = stream.Integer(3 * s + 1, m), j = stream.Integer(3 * s + 2, n);
                double sum = 0, size = 0;
                for (int x = 0; x < k; x++)
                {
                    double term = (double)a[z * sizeA + (ta ? x * (long)lda + i : i * lda + x)] * b[z * sizeB + (tb ? j * ldb + x : x * (long)ldb + j)];
                    sum += term;
                    size += Math.Abs(term);
                }

                worst = Math.Max(worst, Math.Abs(actual(z * sizeC + i * n + j) - sum) / size);
            }

            return worst;
        }

        double OwnError(Action run)
        {
            new Span<float>(c, (int)(sizeC * batch)).Fill(float.NaN);
            run();
            return Error(index => c[index]);
        }

        void Ours() => GemmKernel.Run(g, pool);
        var contenders = new List<Contender> { new("ours", () => { }, Ours, () => OwnError(Ours)) };
        Action freeTorch = () => { };
        if (peers) contenders.Add(Torch(a, b, m, n, k, ta, tb, batch, threads, Error, out freeTorch));
        if (peers && OpenBlas.IsPresent)
        {
            void Blas()
            {
                for (int z = 0; z < batch; z++) OpenBlas.Multiply(ta, tb, m, n, k, a + z * sizeA, lda, b + z * sizeB, ldb, c + z * sizeC, n);
            }

            contenders.Add(new Contender("OpenBLAS", () => OpenBlas.SetThreads(threads), Blas, () => OwnError(Blas)));
        }

        return new BenchmarkRow
        {
            Section = Section,
            Bytes = 4.0 * batch * (sizeA + sizeB + sizeC),
            Name = name,
            Threads = threads,
            Flops = 2.0 * m * n * k * batch,
            LargestError = 1e-5,
            Contenders = contenders,
            Free = () =>
            {
                pool.Dispose();
                freeTorch();
                NativeMemory.AlignedFree(a);
                NativeMemory.AlignedFree(b);
                NativeMemory.AlignedFree(c);
            },
        };
    }

    private static Contender Torch(
        float* a, float* b, int m, int n, int k, bool ta, bool tb, int batch, int threads, Func<Func<long, float>, double> error, out Action free)
    {
        LibTorch.SetThreads(threads);
        torch.Tensor ownA = Tensor(a, batch, ta ? k : m, ta ? m : k), ownB = Tensor(b, batch, tb ? n : k, tb ? k : n);
        torch.Tensor viewA = ta ? ownA.transpose(1, 2) : ownA, viewB = tb ? ownB.transpose(1, 2) : ownB;
        torch.Tensor result = torch.zeros([batch, m, n]);
        torch.Tensor flatA = viewA[0], flatB = viewB[0], flatResult = result[0];
        void Run()
        {
            // In place where the binding can: the result needs no new memory.
            if (batch == 1) _ = flatResult.addmm_(flatA, flatB, beta: 0, alpha: 1);
            else torch.bmm(viewA, viewB).Dispose();
        }

        double Check()
        {
            if (batch > 1)
            {
                using torch.Tensor product = torch.bmm(viewA, viewB);
                float[] all = product.data<float>().ToArray();
                return error(index => all[index]);
            }

            _ = result.fill_(float.NaN);
            Run();
            float[] values = result.data<float>().ToArray();
            return error(index => values[index]);
        }

        free = () =>
        {
            foreach (torch.Tensor tensor in new[] { flatA, flatB, flatResult, viewA, viewB, ownA, ownB, result }) tensor.Dispose();
        };
        return new Contender("libtorch", () => LibTorch.SetThreads(threads), Run, Check);
    }

    private static torch.Tensor Tensor(float* values, int batch, int rows, int columns) =>
        torch.tensor(new Span<float>(values, batch * rows * columns).ToArray(), [batch, rows, columns]);

    private static float* Values(string name, long count)
    {
        var values = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
        var stream = new RandomStream(1, name);
        for (long i = 0; i < count; i++) values[i] = (float)(stream.Double(i) * 2 - 1);
        return values;
    }
}
