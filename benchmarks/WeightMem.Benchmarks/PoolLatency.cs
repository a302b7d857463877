using System.Diagnostics;
using WeightMem.Engine.Devices.Cpu;

namespace WeightMem.Benchmarks;

/// <summary>What a parallel region of the worker pool costs.</summary>
internal static class PoolLatency
{
    /// <summary>Prints the wake-up latency, and how well short regions share the work, after a pause and back to back.</summary>
    public static void Print()
    {
        using var pool = new WorkerPool(2);
        foreach (bool asleep in new[] { false, true })
        {
            foreach (double microseconds in new[] { 0.0, 10, 20, 50, 200 })
            {
                var walls = new List<double>();
                var starts = new List<double>();
                for (int i = 0; i < 300; i++)
                {
                    if (asleep) Thread.Sleep(1);
                    var job = new SpinJob { Ticks = (long)(microseconds / 2 * Stopwatch.Frequency / 1e6), Started = new long[2] };
                    long start = Stopwatch.GetTimestamp();
                    job.Caller = Environment.CurrentManagedThreadId;
                    pool.Run(2, ref job);
                    walls.Add((Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency);
                    long other = job.Started[0];
                    if (other != 0) starts.Add((other - start) * 1e6 / Stopwatch.Frequency);
                }

                walls.Sort();
                starts.Sort();
                string wake = starts.Count < 10 ? "never in time" : $"{starts[starts.Count / 2]:F1} us (best {starts[0]:F1}, {starts.Count} of 300)";
                Console.WriteLine(
                    $"{(asleep ? "after a pause" : "back to back")}, {microseconds} us of work in two parts: region {walls[walls.Count / 2]:F1} us " +
                    $"(best {walls[0]:F1}), worker starts after {wake}");
            }
        }
    }

    private struct SpinJob : IParallelJob
    {
        public long Ticks;
        public long[] Started;
        public int Caller;

        public readonly void Run(int part)
        {
            long start = Stopwatch.GetTimestamp();
            if (Environment.CurrentManagedThreadId != Caller) Started[0] = start;
            while (Stopwatch.GetTimestamp() - start < Ticks) ;
        }
    }
}
