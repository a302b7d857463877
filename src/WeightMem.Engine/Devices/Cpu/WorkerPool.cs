using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>Work that is cut into numbered parts, which may run in any order and at the same time.</summary>
internal interface IParallelJob
{
    /// <summary>Does one part.</summary>
    void Run(int part);
}

/// <summary>
/// Threads that wait for parallel regions. A region costs no allocation: the job stays on the caller's stack, and parts are claimed
/// from an atomic counter by the workers and by the caller itself. The caller never waits for a worker that is slow to wake: what
/// nobody has claimed it does alone.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    // Turns of spinning, a few microseconds, and then for how long a thread looks for work again and again before it blocks. Waking a blocked thread costs from ten microseconds on a
    // bare machine to a hundred in a virtual one, whose halted processors the hypervisor wakes: as long as that, waiting awake is never more than twice as dear as the better choice. It
    // yields all the while, so that it takes no core from a process that wants it.
    private const int SpinTurns = 40;
    private static readonly long s_patience = Stopwatch.Frequency / 10_000;

    /// <summary>Bits of the ticket for a place among the parts; the round has what is left.</summary>
    private const int PlaceBits = 24;

    /// <summary>The most parts that are shared: more, such as no work here has, would be done by the caller alone.</summary>
    private const int MostParts = (1 << PlaceBits) - 1;

    private readonly Worker[] _workers;
    private readonly ParkingSpot _caller = new();
    private delegate*<void*, int, void> _invoke;
    private void* _job;
    private int _busy;
    private bool _stopping;
    private bool _callerWaits;
    private ExceptionDispatchInfo? _failure;
    private Counters _counters;

    /// <summary>Starts the workers: one fewer than the threads that compute, since the caller is one of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _workers = new Worker[threads - 1];
        for (int i = 0; i < _workers.Length; i++) _workers[i] = new Worker();
        for (int i = 0; i < _workers.Length; i++)
        {
            int index = i;
            var thread = new Thread(() => Serve(index)) { IsBackground = true, Name = $"WeightMem worker {index + 1}" };
            _workers[i].Thread = thread;
            thread.Start();
        }
    }

    /// <summary>How many threads compute, the caller included.</summary>
    public int Threads { get; }

    private int Unclaimed
    {
        get
        {
            long ticket = Volatile.Read(ref _counters.Ticket);
            return (int)(ticket >>> PlaceBits & MostParts) - (int)(ticket & MostParts);
        }
    }

    /// <summary>
    /// Runs parts 0 .. <paramref name="parts"/> - 1 of a job and returns when all are done. A call from inside a part, or while
    /// another thread uses the pool, runs all parts on the calling thread. If parts throw, the others still run and one of the
    /// exceptions is thrown here.
    /// </summary>
    public void Run<TJob>(int parts, ref TJob job)
        where TJob : struct, IParallelJob
    {
        if (parts <= 1 || parts > MostParts || _workers.Length == 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++) job.Run(part);
            return;
        }

        // A copy on this stack: it cannot move while the workers hold a pointer to it.
        TJob local = job;
        _invoke = &Invoke<TJob>;
        _job = Unsafe.AsPointer(ref local);
        _counters.Unfinished = parts;
        long round = (_counters.Ticket >>> (2 * PlaceBits)) + 1;
        Interlocked.Exchange(ref _counters.Ticket, round << (2 * PlaceBits) | (long)parts << PlaceBits);
        WakeFrom(0);
        RunParts(fromFront: true);
        WaitForParts();
        job = local;

        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        _job = null;
        Volatile.Write(ref _busy, 0);
        failure?.Throw();
    }

    /// <summary>Ends the threads. No region may be running.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stopping, true);
        foreach (Worker worker in _workers) worker.Bed.Signal();

        foreach (Worker worker in _workers) worker.Thread?.Join();
    }

    private static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IParallelJob => Unsafe.AsRef<TJob>(job).Run(part);

    /// <summary>
    /// Claims parts until none is left, half of the threads from the front and half from the back: of one region after the other over the same numbers, most are then found in the cache of the core
    /// that touched them last.
    /// </summary>
    private void RunParts(bool fromFront)
    {
        while (true)
        {
            // The ticket holds the round and which parts are unclaimed, from a front to a back: a worker that wakes late cannot claim a part of a round
            // that is over, and once it holds a part of this round, the job cannot go away.
            long ticket = Volatile.Read(ref _counters.Ticket);
            int front = (int)(ticket & MostParts), back = (int)(ticket >>> PlaceBits & MostParts);
            if (front >= back) return;
            long claimed = fromFront ? ticket + 1 : ticket - (1L << PlaceBits);
            if (Interlocked.CompareExchange(ref _counters.Ticket, claimed, ticket) != ticket) continue;
            try
            {
                _invoke(_job, fromFront ? front : back - 1);
            }
#pragma warning disable CA1031 // Whatever a part throws belongs to the caller of Run; a worker must live on.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }

            if (Interlocked.Decrement(ref _counters.Unfinished) == 0 && Volatile.Read(ref _callerWaits))
                _caller.Signal();
        }
    }

    private void WaitForParts()
    {
        long start = 0;
        for (int turn = 0; Waits(turn, ref start); turn++)
        {
            if (Volatile.Read(ref _counters.Unfinished) == 0) return;
        }

        // A signal may be left over from a round that ended while the caller made up its mind to sleep: hence the loop.
        Volatile.Write(ref _callerWaits, true);
        Interlocked.MemoryBarrier();
        while (Volatile.Read(ref _counters.Unfinished) != 0) _caller.Wait();
        Volatile.Write(ref _callerWaits, false);
    }

    /// <summary>Waits a moment awake, or says that it is time to block.</summary>
    private static bool Waits(int turn, ref long start)
    {
        if (turn < SpinTurns)
        {
            Thread.SpinWait(4);
            return true;
        }

        if (turn == SpinTurns) start = Stopwatch.GetTimestamp();
        Thread.Yield();
        return Stopwatch.GetTimestamp() - start < s_patience;
    }

    private void Serve(int index)
    {
        Worker worker = _workers[index];
        Volatile.Write(ref worker.Number, ProcessorCore.Thread);
        while (true)
        {
            int turn = 0;
            long start = 0;
            while (Unclaimed == 0)
            {
                if (Volatile.Read(ref _stopping)) return;
                if (Waits(turn++, ref start)) continue;

                // Whoever brings work looks at Asleep after that; whoever falls asleep looks at the work after that.
                Volatile.Write(ref worker.Asleep, true);
                Interlocked.MemoryBarrier();
                if (Unclaimed == 0 && !Volatile.Read(ref _stopping)) worker.Bed.Wait();
                Volatile.Write(ref worker.Asleep, false);
                turn = 0;
            }

            WakeFrom(2 * index + 2);
            RunParts(fromFront: index % 2 == 1);
        }
    }

    /// <summary>
    /// Wakes two neighbouring workers if they sleep and there is work for them. Each woken worker wakes two more, so that the
    /// caller pays for two wake-ups and not for all.
    /// </summary>
    private void WakeFrom(int first)
    {
        int last = Math.Min(first + 2, _workers.Length);
        for (int i = first; i < last; i++)
        {
            if (Unclaimed <= i) return;
            Worker worker = _workers[i];
            if (Volatile.Read(ref worker.Asleep)) worker.Wake(ProcessorCore.Current);
        }
    }

    private sealed class Worker
    {
        public readonly ParkingSpot Bed = new();
        public bool Asleep;
        public Thread? Thread;
        public int Number; // of the thread, as the system has it
        private int _keptOff = ProcessorCore.Unknown;

        /// <summary>Wakes it, on another core than the one that wakes it.</summary>
        public void Wake(int core)
        {
            if (core != _keptOff && core != ProcessorCore.Unknown)
            {
                ProcessorCore.KeepOff(Volatile.Read(ref Number), core);
                _keptOff = core;
            }

            Bed.Signal();
        }
    }

    // The two contended words lie on cache lines of their own.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Counters
    {
        [FieldOffset(128)]
        public long Ticket;

        [FieldOffset(256)]
        public int Unfinished;
    }
}
