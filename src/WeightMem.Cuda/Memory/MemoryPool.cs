using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda.Memory;

/// <summary>A device's default pool, from which stream-ordered allocations come.</summary>
public sealed unsafe class MemoryPool
{
    private const int ReleaseThresholdAttribute = 4;
    private const int ReservedAttribute = 5;
    private const int UsedAttribute = 7;
    private const int UsedHighAttribute = 8;

    private readonly ContextHandle _context;
    private readonly nint _pool;

    internal MemoryPool(ContextHandle context, nint pool)
    {
        _context = context;
        _pool = pool;
    }

    /// <summary>
    /// Bytes that the pool keeps when the device synchronises, instead of giving them back to the driver. The driver begins with 0, which
    /// makes every step allocate anew; <see cref="ulong.MaxValue"/> keeps all.
    /// </summary>
    public ulong ReleaseThreshold
    {
        get => Get(ReleaseThresholdAttribute);
        set => Set(ReleaseThresholdAttribute, value);
    }

    /// <summary>Bytes that the pool holds from the driver.</summary>
    public ulong ReservedBytes => Get(ReservedAttribute);

    /// <summary>Bytes that are allocated from the pool.</summary>
    public ulong UsedBytes => Get(UsedAttribute);

    /// <summary>The most bytes that were allocated at once since <see cref="ResetHigh"/>.</summary>
    public ulong UsedHighBytes => Get(UsedHighAttribute);

    /// <summary>Restarts <see cref="UsedHighBytes"/>.</summary>
    public void ResetHigh() => Set(UsedHighAttribute, 0);

    /// <summary>Gives memory that is not in use back to the driver.</summary>
    /// <param name="bytesToKeep">Bytes that the pool may keep.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Trim(nuint bytesToKeep = 0)
    {
        _context.MakeCurrentIfOpen();
        CudaException.Check(Driver.cuMemPoolTrimTo(_pool, bytesToKeep));
    }

    private ulong Get(int attribute)
    {
        _context.MakeCurrentIfOpen();
        ulong value;
        CudaException.Check(Driver.cuMemPoolGetAttribute(_pool, attribute, &value));
        return value;
    }

    private void Set(int attribute, ulong value)
    {
        _context.MakeCurrentIfOpen();
        CudaException.Check(Driver.cuMemPoolSetAttribute(_pool, attribute, &value));
    }
}
