using System.Runtime.InteropServices;
using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>The processor: single precision, SIMD, a few threads. Results do not depend on the number of threads.</summary>
public sealed unsafe class CpuDevice : Device
{
    private readonly WorkerPool _workers;

    /// <summary>A device on the widest registers there are.</summary>
    /// <param name="threads">Threads to compute with; 0 for one per processor.</param>
    public CpuDevice(int threads = 0)
        : this(threads, SimdSupport.Best)
    {
    }

    internal CpuDevice(int threads, SimdLevel level)
    {
        Threads = threads > 0 ? threads : Environment.ProcessorCount;
        Level = level;
        _workers = new WorkerPool(Threads);
        Kernels = level switch
        {
            SimdLevel.Avx512 => new CpuKernels<F32x16>(_workers, level),
            SimdLevel.Avx2 => new CpuKernels<F32x8>(_workers, level),
            _ => new CpuKernels<F32x4>(_workers, level),
        };
    }

    /// <summary>Threads computed with.</summary>
    public int Threads { get; }

    /// <inheritdoc/>
    public override string Name => $"cpu ({Level switch { SimdLevel.Avx512 => "AVX-512", SimdLevel.Avx2 => "AVX2", _ => "128-bit" }}, {Threads} {(Threads == 1 ? "thread" : "threads")})";

    /// <inheritdoc/>
    public override DType FloatType => DType.F32;

    /// <inheritdoc/>
    public override IKernels Kernels { get; }

    /// <inheritdoc/>
    public override long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;

    internal SimdLevel Level { get; }

    /// <summary>Whether searches over pairs rank them first; null decides by the amount of work. The answer is the same.</summary>
    internal bool? RankPairs { get; init; }

    internal WorkerPool Workers => _workers;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _workers.Dispose();
        base.Dispose();
    }

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
