using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda.Memory;

/// <summary>Host memory that the device copies from and to without the help of the processor. Not cleared.</summary>
public sealed unsafe class PinnedBuffer : IDisposable
{
    private readonly PinnedMemoryHandle? _handle;

    /// <summary>Allocates memory.</summary>
    /// <param name="context">The context.</param>
    /// <param name="bytes">Size in bytes.</param>
    /// <exception cref="CudaException">There is no room.</exception>
    public PinnedBuffer(CudaContext context, nuint bytes)
    {
        ArgumentNullException.ThrowIfNull(context);
        Bytes = bytes;
        if (bytes == 0)
            return;
        context.MakeCurrent();
        void* address;
        const uint portable = 1;
        CudaException.Check(Driver.cuMemHostAlloc(&address, bytes, portable));
        _handle = new PinnedMemoryHandle(context.Handle, (nint)address);
    }

    /// <summary>Size in bytes.</summary>
    public nuint Bytes { get; }

    /// <summary>The memory as elements. Must not be used after the buffer was disposed.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="offset">The first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <returns>The elements.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is outside of the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span<T> Span<T>(nuint offset, int count)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new Span<T>(Range<T>(offset, (nuint)count), count);
    }

    /// <summary>Releases the memory. Copies in flight must be done. Never throws.</summary>
    public void Dispose() => _handle?.Dispose();

    internal T* Range<T>(nuint offset, nuint count)
        where T : unmanaged
    {
        var length = Bytes / (nuint)sizeof(T);
        if (offset > length || count > length - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{count} elements are outside of a buffer of {Bytes} bytes");
        return _handle is null ? null : (T*)_handle.Value + offset;
    }
}
