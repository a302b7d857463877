using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Which core a thread runs on, and how another is kept off it. A woken thread is often put on the core of the thread that woke it, where it waits for milliseconds while another core has
/// nothing to do. Linux only; elsewhere nothing is known and nothing done.
/// </summary>
internal static unsafe partial class ProcessorCore
{
    /// <summary>What <see cref="Current"/> says where it does not know.</summary>
    public const int Unknown = -1;

    private const int MaskBytes = 128; // 1,024 cores, as many as the C library's own sets hold

    private static readonly byte[]? s_allowed = Allowed();

    /// <summary>The core of the calling thread; a moment later it may be another.</summary>
    public static int Current => s_allowed is null ? Unknown : GetCore();

    /// <summary>The calling thread by the number that <see cref="KeepOff"/> takes; 0 where cores are not known.</summary>
    public static int Thread => s_allowed is null ? 0 : GetThread();

    /// <summary>Keeps a thread on those cores of the process that are not this one.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="core">The core to leave alone.</param>
    public static void KeepOff(int thread, int core)
    {
        if (s_allowed is null || thread == 0 || core < 0 || core >= 8 * MaskBytes) return;
        byte* mask = stackalloc byte[MaskBytes];
        s_allowed.CopyTo(new Span<byte>(mask, MaskBytes));
        mask[core / 8] &= (byte)~(1 << (core % 8));
        _ = SetCores(thread, MaskBytes, mask);
    }

    /// <summary>The cores of this process at its start; null where they are not known or there is only one.</summary>
    private static byte[]? Allowed()
    {
        if (!OperatingSystem.IsLinux()) return null;
        var mask = new byte[MaskBytes];
        try
        {
            fixed (byte* p = mask)
            {
                if (GetCores(0, MaskBytes, p) != 0 || GetCore() < 0 || GetThread() <= 0) return null;
            }
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return null; // a C library without them
        }

        return mask.Sum(b => int.PopCount(b)) > 1 ? mask : null;
    }

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    [SuppressGCTransition]
    private static partial int GetCore();

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int GetThread();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetCores(int thread, nuint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetCores(int thread, nuint bytes, byte* mask);
}
