using System.Runtime.CompilerServices;

namespace WeightMem.Cuda.Kernels;

/// <summary>
/// The arguments of one launch, copied into storage on the stack: nothing is allocated. Typed launch stubs fill it; write it by hand only
/// for templates. At most 64 arguments of together 1024 bytes, each rounded up to 8.
/// </summary>
public unsafe ref struct KernelArguments
{
    /// <summary>The most arguments of a launch.</summary>
    public const int MaxCount = 64;

    private const int SlotBytes = sizeof(ulong);
    private const int MaxSlots = 128;

    private Values _values;
    private Offsets _first;
    private Offsets _bytes;
    private int _slots;

    /// <summary>Number of arguments so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds the next argument.</summary>
    /// <typeparam name="T">A scalar, a device pointer, or a struct laid out like the kernel's.</typeparam>
    /// <param name="value">The value, copied.</param>
    /// <exception cref="ArgumentException">There are too many arguments, or they are too large together.</exception>
    public void Add<T>(in T value)
        where T : unmanaged
    {
        var slots = (sizeof(T) + SlotBytes - 1) / SlotBytes;
        if (Count == MaxCount || slots > MaxSlots - _slots)
        {
            throw new ArgumentException(
                $"a launch takes at most {MaxCount} arguments of together {MaxSlots * SlotBytes} bytes", nameof(value));
        }

        Unsafe.WriteUnaligned(ref Unsafe.As<ulong, byte>(ref _values[_slots]), value);
        _first[Count] = (ushort)_slots;
        _bytes[Count] = (ushort)sizeof(T);
        _slots += slots;
        Count++;
    }

    /// <summary>Size of an argument in bytes.</summary>
    internal readonly int BytesOf(int index) => _bytes[index];

    /// <summary>Writes the address of each argument; valid while this struct stays where it is.</summary>
    internal readonly void Pointers(void** pointers)
    {
        ref var values = ref Unsafe.AsRef(in _values[0]);
        for (var i = 0; i < Count; i++)
            pointers[i] = Unsafe.AsPointer(ref Unsafe.Add(ref values, _first[i]));
    }

    [InlineArray(MaxSlots)]
    private struct Values
    {
        private ulong _element;
    }

    [InlineArray(MaxCount)]
    private struct Offsets
    {
        private ushort _element;
    }
}
