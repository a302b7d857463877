using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using WeightMem.Engine.Devices.Cpu;

namespace WeightMem.Benchmarks;

/// <summary>What the machine can do at best on so many threads.</summary>
/// <param name="Threads">Threads.</param>
/// <param name="Gigaflops">Multiply-adds without memory, 10^9 operations a second.</param>
/// <param name="GigabytesBySize">Bytes read and written by a copy, 10^9 a second, by the bytes it touches.</param>
internal sealed record Roof(int Threads, double Gigaflops, SortedDictionary<long, double> GigabytesBySize)
{
    /// <summary>Seconds that so many operations and bytes take at least: bytes at the speed of a copy that touches as many.</summary>
    public double Seconds(double flops, double bytes)
    {
        double bandwidth = GigabytesBySize.FirstOrDefault(s => s.Key >= bytes, GigabytesBySize.Last()).Value;
        return Math.Max(flops / Gigaflops, bytes / bandwidth) / 1e9;
    }
}

/// <summary>Measures the roofs: the best of many bursts, before and after the rows.</summary>
internal static unsafe class Roofs
{
    private const int Turns = 1_000_000, Chains = 12, Bursts = 12;

    private static readonly long[] Sizes = [1 << 15, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 28];
    private static readonly WorkerPool Two = new(2);
    private static float s_sink;

    /// <summary>Roofs of one and two threads.</summary>
    public static List<Roof> Measure()
    {
        var from = (byte*)NativeMemory.AlignedAlloc((nuint)Sizes[^1], 4096);
        NativeMemory.Fill(from, (nuint)Sizes[^1], 1);
        List<Roof> roofs =
        [
            .. new[] { 1, 2 }.Select(threads => new Roof(
                threads, Best(() => Gigaflops(threads)), new SortedDictionary<long, double>(Sizes.ToDictionary(s => s, s => Best(() => Copy(from, s, threads)))))),
        ];
        NativeMemory.AlignedFree(from);
        return roofs;
    }

    /// <summary>The better of two measurements of one machine.</summary>
    public static List<Roof> Better(List<Roof> a, List<Roof> b) =>
    [
        .. a.Zip(b, (x, y) => new Roof(
            x.Threads, Math.Max(x.Gigaflops, y.Gigaflops), new SortedDictionary<long, double>(x.GigabytesBySize.ToDictionary(s => s.Key, s => Math.Max(s.Value, y.GigabytesBySize[s.Key]))))),
    ];

    private static double Best(Func<double> burst) => Enumerable.Range(0, Bursts).Max(_ => burst());

    /// <summary>Half of the bytes are read and half are written.</summary>
    private static double Copy(byte* memory, long bytes, int threads)
    {
        var job = new CopyJob { Memory = memory, Part = bytes / 2 / threads, Repeats = (int)Math.Max(1, (1L << 28) / bytes / threads) };
        job.Half = job.Part * threads;
        long start = Stopwatch.GetTimestamp();
        Two.Run(threads, ref job);
        return 2.0 * job.Half * job.Repeats / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
    }

    private static double Gigaflops(int threads)
    {
        bool wide = SimdSupport.Best == SimdLevel.Avx512;
        var job = new PeakJob { Wide = wide };
        long start = Stopwatch.GetTimestamp();
        Two.Run(threads, ref job);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return 2.0 * threads * Turns * Chains * (wide ? 16 : 8) / seconds / 1e9;
    }

    private struct CopyJob : IParallelJob
    {
        public byte* Memory;
        public long Part, Half;
        public int Repeats;

        public readonly void Run(int part)
        {
            for (int i = 0; i < Repeats; i++) Buffer.MemoryCopy(Memory + part * Part, Memory + Half + part * Part, Part, Part);
        }
    }

    private struct PeakJob : IParallelJob
    {
        public bool Wide;

        public readonly void Run(int part)
        {
            if (Wide) Run512();
            else Run256();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run512()
    {
        Vector512<float> x = Vector512.Create(1.0001f), y = Vector512.Create(1e-9f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int turn = 0; turn < Turns; turn++)
        {
            a = Vector512.FusedMultiplyAdd(x, y, a);
            b = Vector512.FusedMultiplyAdd(x, y, b);
            c = Vector512.FusedMultiplyAdd(x, y, c);
            d = Vector512.FusedMultiplyAdd(x, y, d);
            e = Vector512.FusedMultiplyAdd(x, y, e);
            f = Vector512.FusedMultiplyAdd(x, y, f);
            g = Vector512.FusedMultiplyAdd(x, y, g);
            h = Vector512.FusedMultiplyAdd(x, y, h);
            i = Vector512.FusedMultiplyAdd(x, y, i);
            j = Vector512.FusedMultiplyAdd(x, y, j);
            k = Vector512.FusedMultiplyAdd(x, y, k);
            l = Vector512.FusedMultiplyAdd(x, y, l);
        }

        s_sink = Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run256()
    {
        Vector256<float> x = Vector256.Create(1.0001f), y = Vector256.Create(1e-9f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int turn = 0; turn < Turns; turn++)
        {
            a = Vector256.FusedMultiplyAdd(x, y, a);
            b = Vector256.FusedMultiplyAdd(x, y, b);
            c = Vector256.FusedMultiplyAdd(x, y, c);
            d = Vector256.FusedMultiplyAdd(x, y, d);
            e = Vector256.FusedMultiplyAdd(x, y, e);
            f = Vector256.FusedMultiplyAdd(x, y, f);
            g = Vector256.FusedMultiplyAdd(x, y, g);
            h = Vector256.FusedMultiplyAdd(x, y, h);
            i = Vector256.FusedMultiplyAdd(x, y, i);
            j = Vector256.FusedMultiplyAdd(x, y, j);
            k = Vector256.FusedMultiplyAdd(x, y, k);
            l = Vector256.FusedMultiplyAdd(x, y, l);
        }

        s_sink = Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
