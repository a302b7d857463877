using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;

namespace WeightMem.Cuda;

/// <summary>
/// A device's primary context, the owner of everything that lives on the device. Disposing it early is safe: the driver's context is
/// released after the last stream, buffer, event, module and graph made from it.
/// </summary>
public sealed unsafe class CudaContext : IDisposable
{
    private CudaContext(ContextHandle handle, int device, CudaDeviceProperties properties)
    {
        Handle = handle;
        Properties = properties;
        handle.MakeCurrent();
        if (properties.HasMemoryPools)
        {
            nint pool;
            CudaException.Check(Driver.cuDeviceGetDefaultMemPool(&pool, device));
            Pool = new MemoryPool(handle, pool);
        }
    }

    /// <summary>Number of devices of the driver.</summary>
    /// <exception cref="CudaUnavailableException">There is no driver, or it finds no device.</exception>
    /// <exception cref="CudaException">The driver could not start.</exception>
    public static int DeviceCount
    {
        get
        {
            var driver = CudaLibraries.Require(CudaLibrary.Driver);
            var result = Driver.cuInit(0);
            // 100 is NO_DEVICE: the driver is installed, but nothing is behind it.
            if (result == 100)
                throw new CudaUnavailableException($"the CUDA driver {driver.Path} finds no device");
            CudaException.Check(result, nameof(Driver.cuInit));
            int count;
            CudaException.Check(Driver.cuDeviceGetCount(&count));
            return count;
        }
    }

    /// <summary>What the device is.</summary>
    public CudaDeviceProperties Properties { get; }

    /// <summary>The pool from which buffers come, or null when the device has none.</summary>
    public MemoryPool? Pool { get; }

    internal ContextHandle Handle { get; }

    /// <summary>Retains the primary context of a device and makes it current on the calling thread.</summary>
    /// <param name="ordinal">The device's index, from 0.</param>
    /// <returns>The context.</returns>
    /// <exception cref="CudaUnavailableException">There is no driver, no device, or none of this index.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaContext Open(int ordinal = 0)
    {
        var count = DeviceCount;
        if (ordinal < 0 || ordinal >= count)
            throw new CudaUnavailableException($"there is no CUDA device {ordinal}; the driver has {count}");
        int device;
        CudaException.Check(Driver.cuDeviceGet(&device, ordinal));
        var properties = CudaDeviceProperties.Read(ordinal, device);
        return new CudaContext(new ContextHandle(device), device, properties);
    }

    /// <summary>Makes the context current on the calling thread. The other objects do it themselves.</summary>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public void MakeCurrent() => Handle.MakeCurrentIfOpen();

    /// <summary>Waits for all work of the context.</summary>
    /// <exception cref="CudaException">Work failed, now or earlier.</exception>
    public void Synchronize()
    {
        Handle.MakeCurrentIfOpen();
        CudaException.Check(Driver.cuCtxSynchronize());
    }

    /// <summary>Free and total memory of the device in bytes.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public (ulong Free, ulong Total) MemoryInfo()
    {
        Handle.MakeCurrentIfOpen();
        nuint free, total;
        CudaException.Check(Driver.cuMemGetInfo_v2(&free, &total));
        return (free, total);
    }

    /// <summary>Releases this reference to the context. Never throws.</summary>
    public void Dispose() => Handle.Dispose();
}
