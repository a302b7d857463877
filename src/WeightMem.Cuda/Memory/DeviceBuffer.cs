using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda.Memory;

/// <summary>
/// Memory on the device. Where the device has a memory pool, allocation and release take their place in the order of the stream: another
/// stream must wait for an event before it uses the memory, and the buffer must be disposed after this stream waited for the others. The
/// contents are not cleared.
/// </summary>
public sealed unsafe class DeviceBuffer : IDisposable
{
    private readonly ContextChild? _handle;

    /// <summary>Allocates memory.</summary>
    /// <param name="stream">The stream in whose order the memory is allocated and released; not one that is recording.</param>
    /// <param name="bytes">Size in bytes; 0 gives a buffer whose pointer is null.</param>
    /// <exception cref="CudaException">The device has no room, or earlier work failed.</exception>
    public DeviceBuffer(CudaStream stream, nuint bytes)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Bytes = bytes;
        if (bytes == 0)
            return;
        var queue = stream.Enter();
        ulong address;
        var context = stream.Context.Handle;
        if (stream.Context.Pool is not null)
        {
            CudaException.Check(Driver.cuMemAllocAsync(&address, bytes, queue));
            _handle = new PooledMemoryHandle(context, (nint)address, stream.Handle);
        }
        else
        {
            CudaException.Check(Driver.cuMemAlloc_v2(&address, bytes));
            _handle = new DeviceMemoryHandle(context, (nint)address);
        }
    }

    /// <summary>Size in bytes.</summary>
    public nuint Bytes { get; }

    /// <summary>Allocates memory for elements.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="stream">The stream, as for the constructor.</param>
    /// <param name="count">Number of elements.</param>
    /// <returns>The buffer.</returns>
    /// <exception cref="CudaException">The device has no room, or earlier work failed.</exception>
    public static DeviceBuffer Of<T>(CudaStream stream, nuint count)
        where T : unmanaged => new(stream, checked(count * (nuint)sizeof(T)));

    /// <summary>The address of an element.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="offset">Index of the element; may be one past the last.</param>
    /// <returns>The pointer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The element is outside of the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public DevicePointer<T> Pointer<T>(nuint offset = 0)
        where T : unmanaged
    {
        if (offset > Bytes / (nuint)sizeof(T))
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"outside of a buffer of {Bytes} bytes");
        return _handle is null ? default : new DevicePointer<T>((ulong)_handle.Value + (offset * (nuint)sizeof(T)));
    }

    /// <summary>Releases the memory, in the order of the stream where it came from the pool. Never throws.</summary>
    public void Dispose() => _handle?.Dispose();
}
