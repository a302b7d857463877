using System.Runtime.CompilerServices;
using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Memory;

namespace WeightMem.Cuda;

/// <summary>
/// A queue of work that does not wait for the legacy default stream. Copies from and to ordinary memory return when the memory may be used
/// again; those with a <see cref="PinnedBuffer"/> return at once.
/// </summary>
public sealed unsafe class CudaStream : IDisposable
{
    /// <summary>Creates a stream.</summary>
    /// <param name="context">The context.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public CudaStream(CudaContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Context = context;
        context.MakeCurrent();
        nint stream;
        const uint nonBlocking = 1;
        CudaException.Check(Driver.cuStreamCreate(&stream, nonBlocking));
        Handle = new StreamHandle(context.Handle, stream);
    }

    /// <summary>The stream's context.</summary>
    public CudaContext Context { get; }

    /// <summary>Whether the stream records instead of running.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public bool IsCapturing
    {
        get
        {
            int status;
            CudaException.Check(Driver.cuStreamIsCapturing(Enter(), &status));
            return status != 0;
        }
    }

    /// <summary>Whether all work is done.</summary>
    /// <exception cref="CudaException">Work failed.</exception>
    public bool IsIdle => Finished(Driver.cuStreamQuery(Enter()), nameof(Driver.cuStreamQuery));

    internal StreamHandle Handle { get; }

    /// <summary>Waits for all work of the stream.</summary>
    /// <exception cref="CudaException">Work failed.</exception>
    public void Synchronize() => CudaException.Check(Driver.cuStreamSynchronize(Enter()));

    /// <summary>Lets the work that follows wait for an event.</summary>
    /// <param name="cudaEvent">An event, recorded on any stream.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Wait(CudaEvent cudaEvent)
    {
        ArgumentNullException.ThrowIfNull(cudaEvent);
        CudaException.Check(Driver.cuStreamWaitEvent(Enter(), cudaEvent.Handle.Value, 0));
    }

    /// <summary>Copies ordinary memory to the device, and waits.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">The first element written.</param>
    /// <param name="from">The elements.</param>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void CopyToDevice<T>(DevicePointer<T> to, ReadOnlySpan<T> from)
        where T : unmanaged
    {
        if (from.IsEmpty)
            return;
        var stream = Enter();
        fixed (T* source = from)
        {
            CudaException.Check(Driver.cuMemcpyHtoDAsync_v2(to.Address, source, Bytes<T>(from.Length), stream));
            // The source may move as soon as it is no longer fixed.
            CudaException.Check(Driver.cuStreamSynchronize(stream));
        }
    }

    /// <summary>
    /// Copies pinned memory to the device in the order of the stream. The pinned memory must stay unchanged until it is done.
    /// </summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">The first element written.</param>
    /// <param name="from">The pinned memory.</param>
    /// <param name="offset">First element of <paramref name="from"/>.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the pinned memory.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void CopyToDevice<T>(DevicePointer<T> to, PinnedBuffer from, nuint offset, nuint count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(from);
        var source = from.Range<T>(offset, count);
        if (count != 0)
            CudaException.Check(Driver.cuMemcpyHtoDAsync_v2(to.Address, source, count * (nuint)sizeof(T), Enter()));
    }

    /// <summary>Copies device memory to ordinary memory, and waits.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">Receives the elements.</param>
    /// <param name="from">The first element read.</param>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void CopyToHost<T>(Span<T> to, DeviceReader<T> from)
        where T : unmanaged
    {
        if (to.IsEmpty)
            return;
        var stream = Enter();
        fixed (T* target = to)
        {
            CudaException.Check(Driver.cuMemcpyDtoHAsync_v2(target, from.Address, Bytes<T>(to.Length), stream));
            CudaException.Check(Driver.cuStreamSynchronize(stream));
        }
    }

    /// <summary>Copies device memory to pinned memory in the order of the stream; read it after an event or a synchronisation.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">The pinned memory.</param>
    /// <param name="offset">First element of <paramref name="to"/>.</param>
    /// <param name="from">The first element read.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the pinned memory.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void CopyToHost<T>(PinnedBuffer to, nuint offset, DeviceReader<T> from, nuint count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(to);
        var target = to.Range<T>(offset, count);
        if (count != 0)
            CudaException.Check(Driver.cuMemcpyDtoHAsync_v2(target, from.Address, count * (nuint)sizeof(T), Enter()));
    }

    /// <summary>Copies inside the device in the order of the stream. The ranges must not overlap.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">The first element written.</param>
    /// <param name="from">The first element read.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Copy<T>(DevicePointer<T> to, DeviceReader<T> from, nuint count)
        where T : unmanaged
    {
        if (count != 0)
            CudaException.Check(Driver.cuMemcpyDtoDAsync_v2(to.Address, from.Address, count * (nuint)sizeof(T), Enter()));
    }

    /// <summary>Sets elements to all zero bits in the order of the stream.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="to">The first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Clear<T>(DevicePointer<T> to, nuint count)
        where T : unmanaged
    {
        if (count != 0)
            CudaException.Check(Driver.cuMemsetD8Async(to.Address, 0, count * (nuint)sizeof(T), Enter()));
    }

    /// <summary>Sets four-byte elements to one value in the order of the stream.</summary>
    /// <typeparam name="T">The element, four bytes long.</typeparam>
    /// <param name="to">The first element.</param>
    /// <param name="value">The value.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentException">The element is not four bytes long.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Fill<T>(DevicePointer<T> to, T value, nuint count)
        where T : unmanaged
    {
        if (sizeof(T) != sizeof(uint))
            throw new ArgumentException($"only four-byte elements can be filled, not {typeof(T).Name}", nameof(value));
        if (count != 0)
            CudaException.Check(Driver.cuMemsetD32Async(to.Address, Unsafe.BitCast<T, uint>(value), count, Enter()));
    }

    /// <summary>
    /// Records work instead of running it, until <see cref="EndCapture"/>. Other threads may go on with their own streams.
    /// </summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void BeginCapture()
    {
        const int threadLocal = 1;
        CudaException.Check(Driver.cuStreamBeginCapture_v2(Enter(), threadLocal));
    }

    /// <summary>Ends the recording that <see cref="BeginCapture"/> began.</summary>
    /// <returns>The recorded work, ready to run.</returns>
    /// <exception cref="CudaException">Something was recorded that cannot be, or the driver refused.</exception>
    public CudaGraph EndCapture()
    {
        using var recorded = new RecordedGraph(this);
        return new CudaGraph(this, recorded);
    }

    /// <summary>Destroys the stream; work already queued is still done. Never throws.</summary>
    public void Dispose() => Handle.Dispose();

    internal static bool Finished(int result, string call)
    {
        const int notReady = 600;
        if (result == notReady)
            return false;
        CudaException.Check(result, call);
        return true;
    }

    /// <summary>Makes the context current and gives the driver's handle.</summary>
    internal nint Enter() => Handle.Enter();

    private static nuint Bytes<T>(int count)
        where T : unmanaged => (nuint)count * (nuint)sizeof(T);
}
