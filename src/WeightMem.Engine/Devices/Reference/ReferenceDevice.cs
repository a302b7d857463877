using System.Runtime.InteropServices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

/// <summary>
/// Every kernel in plain double-precision loops, one after the other: the specification that the other devices are tested against,
/// and the place where finite differences mean something. Slow on purpose.
/// </summary>
public sealed unsafe class ReferenceDevice : Device
{
    /// <inheritdoc/>
    public override string Name => "reference (float64)";

    /// <inheritdoc/>
    public override DType FloatType => DType.F64;

    /// <inheritdoc/>
    public override IKernels Kernels { get; } = new ReferenceKernels();

    /// <inheritdoc/>
    public override long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;

    /// <inheritdoc/>
    protected internal override void Upload(nint destination, ReadOnlySpan<byte> source) =>
        source.CopyTo(new Span<byte>((void*)destination, source.Length));

    /// <inheritdoc/>
    protected internal override void Download(Span<byte> destination, nint source) =>
        new ReadOnlySpan<byte>((void*)source, destination.Length).CopyTo(destination);

    /// <inheritdoc/>
    protected override nint AllocateBlock(long bytes) => (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);

    /// <inheritdoc/>
    protected override void FreeBlock(nint address, long bytes) => NativeMemory.AlignedFree((void*)address);
}
