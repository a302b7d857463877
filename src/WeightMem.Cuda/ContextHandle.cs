using System.Runtime.InteropServices;
using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda;

/// <summary>
/// A reference to a device's primary context. Every object that lives in the context holds a reference to this handle, so the context is
/// released only after the last of them, and nothing ever calls into a released context.
/// </summary>
internal sealed unsafe class ContextHandle : SafeHandle
{
    [ThreadStatic]
    private static ContextHandle? _current;

    private readonly int _device;

    /// <summary>Retains the primary context of a device.</summary>
    public ContextHandle(int device)
        : base(0, ownsHandle: true)
    {
        _device = device;
        nint context;
        CudaException.Check(Driver.cuDevicePrimaryCtxRetain(&context, device));
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether the owner disposed it. Unlike <c>IsClosed</c> it does not wait for the last reference.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Makes the context current on the calling thread; almost free when it already is.</summary>
    public void MakeCurrent()
    {
        // The object is compared, not the driver's handle: a context that was released and retained again may come back at the same
        // address.
        if (ReferenceEquals(_current, this))
            return;
        CudaException.Check(Driver.cuCtxSetCurrent(handle));
        _current = this;
    }

    /// <summary>As <see cref="MakeCurrent"/>, for callers that hold no reference of their own.</summary>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public void MakeCurrentIfOpen()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, typeof(CudaContext));
        MakeCurrent();
    }

    /// <summary>Runs one release function with the context current, and leaves the thread's own context as it was.</summary>
    /// <returns>Whether the driver took the release.</returns>
    public bool Release(delegate*<nint, nint, int> release, nint child, nint companion)
    {
        if (Driver.cuCtxPushCurrent_v2(handle) != 0)
            return false;
        var result = release(child, companion);
        nint popped;
        _ = Driver.cuCtxPopCurrent_v2(&popped);
        return result == 0;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        if (ReferenceEquals(_current, this))
        {
            _current = null;
            _ = Driver.cuCtxSetCurrent(0);
        }

        return Driver.cuDevicePrimaryCtxRelease_v2(_device) == 0;
    }
}

/// <summary>A driver object that lives in a context and keeps it alive.</summary>
internal abstract unsafe class ContextChild : SafeHandle
{
    private readonly ContextChild? _companion;

    /// <param name="context">The context.</param>
    /// <param name="child">The driver's handle; not 0.</param>
    /// <param name="companion">Another object that the release needs (the stream of a stream-ordered free), or null.</param>
    protected ContextChild(ContextHandle context, nint child, ContextChild? companion = null)
        : base(0, ownsHandle: true)
    {
        var added = false;
        context.DangerousAddRef(ref added);
        Context = context;
        if (companion is not null)
        {
            companion.DangerousAddRef(ref added);
            _companion = companion;
        }

        SetHandle(child);
    }

    public ContextHandle Context { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether the owner disposed it. Unlike <c>IsClosed</c> it does not wait for the last reference.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>The driver's handle.</summary>
    /// <exception cref="ObjectDisposedException">The object was disposed.</exception>
    public nint Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            return handle;
        }
    }

    /// <summary>Makes the context current and gives the driver's handle.</summary>
    /// <exception cref="ObjectDisposedException">The object was disposed. Looked at first: its context may be gone too.</exception>
    public nint Enter()
    {
        var value = Value;
        Context.MakeCurrent();
        return value;
    }

    /// <summary>The driver's release function; its second argument is the companion's handle or 0.</summary>
    protected abstract delegate*<nint, nint, int> ReleaseFunction { get; }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }

    protected sealed override bool ReleaseHandle()
    {
        // Results are dropped: after a kernel's fault every release fails, and Dispose must not throw.
        var released = Context.Release(ReleaseFunction, handle, _companion?.handle ?? 0);
        _companion?.DangerousRelease();
        Context.DangerousRelease();
        return released;
    }
}

internal sealed unsafe class StreamHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Destroy;

    private static int Destroy(nint child, nint companion) => Driver.cuStreamDestroy_v2(child);
}

internal sealed unsafe class EventHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Destroy;

    private static int Destroy(nint child, nint companion) => Driver.cuEventDestroy_v2(child);
}

internal sealed unsafe class ModuleHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Destroy;

    private static int Destroy(nint child, nint companion) => Driver.cuModuleUnload(child);
}

internal sealed unsafe class ExecutableGraphHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Destroy;

    private static int Destroy(nint child, nint companion) => Driver.cuGraphExecDestroy(child);
}

internal sealed unsafe class DeviceMemoryHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Free;

    private static int Free(nint child, nint companion) => Driver.cuMemFree_v2((ulong)child);
}

internal sealed unsafe class PooledMemoryHandle(ContextHandle context, nint child, StreamHandle stream)
    : ContextChild(context, child, stream)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Free;

    private static int Free(nint child, nint companion) => Driver.cuMemFreeAsync((ulong)child, companion);
}

internal sealed unsafe class PinnedMemoryHandle(ContextHandle context, nint child) : ContextChild(context, child)
{
    protected override delegate*<nint, nint, int> ReleaseFunction => &Free;

    private static int Free(nint child, nint companion) => Driver.cuMemFreeHost((void*)child);
}
