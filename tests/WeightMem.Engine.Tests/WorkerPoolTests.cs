using WeightMem.Engine.Devices.Cpu;
using Xunit;

namespace WeightMem.Engine.Tests;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 1000)]
    [InlineData(5, 3)]
    [InlineData(9, 64)]
    public void Runs_every_part_once(int threads, int parts)
    {
        using var pool = new WorkerPool(threads);
        for (int round = 0; round < 200; round++)
        {
            var job = new CountJob { Counts = new int[parts] };
            pool.Run(parts, ref job);
            Assert.All(job.Counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Runs_nothing_for_no_parts()
    {
        using var pool = new WorkerPool(2);
        var job = new CountJob { Counts = [] };
        pool.Run(0, ref job);
    }

    [Fact]
    public void Does_many_tiny_regions_without_losing_a_wake_up()
    {
        using var pool = new WorkerPool(3);
        var job = new CountJob { Counts = new int[4] };
        for (int round = 0; round < 20_000; round++) pool.Run(4, ref job);
        Assert.All(job.Counts, count => Assert.Equal(20_000, count));
    }

    [Fact]
    public void Uses_more_than_one_thread()
    {
        using var pool = new WorkerPool(2);
        // Each part waits for the other: only two threads can end this.
        var job = new MeetJob { Both = new Barrier(2) };
        pool.Run(2, ref job);
        Assert.Equal(1, job.Both.CurrentPhaseNumber);
        job.Both.Dispose();
    }

    [Fact]
    public void Carries_an_exception_to_the_caller_and_lives_on()
    {
        using var pool = new WorkerPool(2);
        var failing = new FailJob { Runs = new int[1], Failing = 5 };
        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => pool.Run(10, ref failing));
        Assert.Equal("part 5", thrown.Message);
        Assert.Equal(10, failing.Runs[0]);

        var job = new CountJob { Counts = new int[10] };
        pool.Run(10, ref job);
        Assert.All(job.Counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void Runs_a_region_inside_a_part_on_the_same_thread()
    {
        using var pool = new WorkerPool(2);
        var job = new NestedJob { Pool = pool, Counts = new int[8 * 8], SameThread = new bool[8] };
        pool.Run(8, ref job);
        Assert.All(job.Counts, count => Assert.Equal(1, count));
        Assert.All(job.SameThread, Assert.True);
    }

    [Fact]
    public void Serves_two_callers_at_once()
    {
        using var pool = new WorkerPool(2);
        int[][] counts = [new int[100], new int[100]];
        var threads = new Thread[2];
        for (int i = 0; i < 2; i++)
        {
            int[] mine = counts[i];
            threads[i] = new Thread(() =>
            {
                var job = new CountJob { Counts = mine };
                for (int round = 0; round < 500; round++) pool.Run(100, ref job);
            });
            threads[i].Start();
        }

        foreach (Thread thread in threads) thread.Join();
        Assert.All(counts, set => Assert.All(set, count => Assert.Equal(500, count)));
    }

    [Fact]
    public void Allocates_nothing_for_a_region()
    {
        using var pool = new WorkerPool(2);
        var job = new CountJob { Counts = new int[16] };
        for (int round = 0; round < 100; round++) pool.Run(16, ref job);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++) pool.Run(16, ref job);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Rejects_no_threads() => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));

    private struct CountJob : IParallelJob
    {
        public int[] Counts;

        public readonly void Run(int part) => Interlocked.Increment(ref Counts[part]);
    }

    private struct MeetJob : IParallelJob
    {
        public Barrier Both;

        public readonly void Run(int part) => Both.SignalAndWait();
    }

    private struct FailJob : IParallelJob
    {
        public int[] Runs;
        public int Failing;

        public readonly void Run(int part)
        {
            Interlocked.Increment(ref Runs[0]);
            if (part == Failing) throw new InvalidDataException($"part {part}");
        }
    }

    private struct NestedJob : IParallelJob
    {
        public WorkerPool Pool;
        public int[] Counts;
        public bool[] SameThread;

        public readonly void Run(int part)
        {
            var inner = new InnerJob { Counts = Counts, First = part * 8, Threads = new int[8] };
            Pool.Run(8, ref inner);
            SameThread[part] = Array.TrueForAll(inner.Threads, id => id == Environment.CurrentManagedThreadId);
        }
    }

    private struct InnerJob : IParallelJob
    {
        public int[] Counts;
        public int First;
        public int[] Threads;

        public readonly void Run(int part)
        {
            Interlocked.Increment(ref Counts[First + part]);
            Threads[part] = Environment.CurrentManagedThreadId;
        }
    }
}
