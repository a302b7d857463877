using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Which core a thread runs on, and how another is kept off it. A woken thread is often put on the core of the thread that woke it, where it waits for milliseconds while another core has
/// nothing to do. Linux only; elsewhere nothing is known and nothing done.
/// </summary>
internal static unsafe class ProcessorCore
{
    /// <summary>What <see cref="Current"/> says where it does not know.</summary>
    public const int Unknown = -1;

    private const int MaskBytes = 128; // 1,024 cores, as many as the C library's own sets hold

    // Looked up instead of imported: an import of this kind is resolved when a method that calls it is compiled, also where it would never be called.
    private static readonly delegate* unmanaged[SuppressGCTransition]<int> s_getCore = (delegate* unmanaged[SuppressGCTransition]<int>)Find("sched_getcpu");
    private static readonly delegate* unmanaged<int> s_getThread = (delegate* unmanaged<int>)Find("gettid");
    private static readonly delegate* unmanaged<int, nuint, byte*, int> s_getCores = (delegate* unmanaged<int, nuint, byte*, int>)Find("sched_getaffinity");
    private static readonly delegate* unmanaged<int, nuint, byte*, int> s_setCores = (delegate* unmanaged<int, nuint, byte*, int>)Find("sched_setaffinity");
    private static readonly byte[]? s_allowed = Allowed();

    /// <summary>The core of the calling thread; a moment later it may be another.</summary>
    public static int Current => s_allowed is null ? Unknown : s_getCore();

    /// <summary>The calling thread by the number that <see cref="KeepOff"/> takes; 0 where cores are not known.</summary>
    public static int Thread => s_allowed is null ? 0 : s_getThread();

    /// <summary>Keeps a thread on those cores of the process that are not this one.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="core">The core to leave alone.</param>
    public static void KeepOff(int thread, int core)
    {
        if (s_allowed is null || thread == 0 || core < 0 || core >= 8 * MaskBytes) return;
        byte* mask = stackalloc byte[MaskBytes];
        s_allowed.CopyTo(new Span<byte>(mask, MaskBytes));
        mask[core / 8] &= (byte)~(1 << (core % 8));
        _ = s_setCores(thread, MaskBytes, mask);
    }

    /// <summary>The cores of this process at its start; null where they are not known or there is only one.</summary>
    private static byte[]? Allowed()
    {
        if (!OperatingSystem.IsLinux() || s_getCore == null || s_getThread == null || s_getCores == null || s_setCores == null) return null;
        var mask = new byte[MaskBytes];
        fixed (byte* p = mask)
        {
            if (s_getCores(0, MaskBytes, p) < 0 || s_getCore() < 0 || s_getThread() <= 0) return null;
        }

        return mask.Sum(b => int.PopCount(b)) > 1 ? mask : null;
    }

    private static nint Find(string name) =>
        OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint address) ? address : 0;
}
