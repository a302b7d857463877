using WeightMem.Cuda;
using WeightMem.Cuda.Blas;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// The kernels of a GPU: each method checks nothing, chooses grid and block from the sizes alone, and launches. Sums have a fixed order, so equal calls give
/// equal bits.
/// </summary>
internal sealed partial class CudaKernels(CudaStream stream, CudaPrograms programs, CublasHandle? cublas) : IKernels, IDisposable
{
    private const int WarpsPerBlock = 4;

    /// <summary>Memory for partial results of one call; calls of a stream follow each other, so they share it.</summary>
    private DeviceBuffer? _scratch;

    public void Dispose()
    {
        _scratch?.Dispose();
        _scratch = null;
    }

    private static DevicePointer<float> F(Tensor t) => new((ulong)t.Address);

    private static DeviceReader<int> I(Tensor t) => new((ulong)t.Address);

    private static int Flag(bool value) => value ? 1 : 0;

    /// <summary>One warp for each row.</summary>
    private static LaunchConfig WarpPerRow(long rows) => new(checked((int)((rows + WarpsPerBlock - 1) / WarpsPerBlock)), WarpsPerBlock * 32);

    private DevicePointer<T> Scratch<T>(long count)
        where T : unmanaged
    {
        nuint bytes = checked((nuint)(count * System.Runtime.CompilerServices.Unsafe.SizeOf<T>()));
        if (_scratch is null || _scratch.Bytes < bytes)
        {
            _scratch?.Dispose();
            _scratch = new DeviceBuffer(stream, Math.Max(bytes, 1 << 20));
        }

        return _scratch.Pointer<T>();
    }
}
