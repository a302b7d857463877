using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda;

/// <summary>A mark in a stream: for waiting, and for timing.</summary>
public sealed unsafe class CudaEvent : IDisposable
{
    /// <summary>Creates an event.</summary>
    /// <param name="context">The context.</param>
    /// <param name="timing">Whether it can be timed; without, recording is cheaper.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public CudaEvent(CudaContext context, bool timing = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.MakeCurrent();
        nint handle;
        const uint disableTiming = 2;
        CudaException.Check(Driver.cuEventCreate(&handle, timing ? 0 : disableTiming));
        Handle = new EventHandle(context.Handle, handle);
    }

    /// <summary>Whether the work before the mark is done. True for an event never recorded.</summary>
    /// <exception cref="CudaException">Work failed.</exception>
    public bool IsDone => CudaStream.Finished(Driver.cuEventQuery(Handle.Enter()), nameof(Driver.cuEventQuery));

    internal EventHandle Handle { get; }

    /// <summary>Sets the mark after the work that the stream has so far.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Record(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CudaException.Check(Driver.cuEventRecord(Handle.Value, stream.Enter()));
    }

    /// <summary>Waits until the work before the mark is done.</summary>
    /// <exception cref="CudaException">Work failed.</exception>
    public void Synchronize() => CudaException.Check(Driver.cuEventSynchronize(Handle.Enter()));

    /// <summary>Time from another mark to this one, in milliseconds. Both events need timing, and both must be done.</summary>
    /// <param name="start">The earlier mark.</param>
    /// <returns>Milliseconds.</returns>
    /// <exception cref="CudaException">An event has no timing, was not recorded or is not done.</exception>
    public float MillisecondsSince(CudaEvent start)
    {
        ArgumentNullException.ThrowIfNull(start);
        float milliseconds;
        CudaException.Check(Driver.cuEventElapsedTime(&milliseconds, start.Handle.Value, Handle.Enter()));
        return milliseconds;
    }

    /// <summary>Destroys the event. Never throws.</summary>
    public void Dispose() => Handle.Dispose();
}
