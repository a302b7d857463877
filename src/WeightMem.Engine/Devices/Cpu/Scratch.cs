using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Working memory of one thread that kernels reuse from call to call: nothing is allocated in a steady loop. One kernel uses it
/// at a time, so what was there is lost.
/// </summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? _ofThread;

    private void* _memory;
    private nuint _bytes;

    ~Scratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>At least so many floats, aligned to 64 bytes, undefined.</summary>
    public static float* Floats(long count)
    {
        Scratch scratch = _ofThread ??= new Scratch();
        nuint bytes = (nuint)count * sizeof(float);
        if (bytes > scratch._bytes)
        {
            NativeMemory.AlignedFree(scratch._memory);
            scratch._bytes = 0;
            scratch._memory = NativeMemory.AlignedAlloc(bytes, 64);
            scratch._bytes = bytes;
        }

        return (float*)scratch._memory;
    }
}
