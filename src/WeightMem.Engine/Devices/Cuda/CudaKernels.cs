using WeightMem.Cuda;
using WeightMem.Cuda.Blas;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// The kernels of a GPU: each method checks nothing, chooses grid and block from the sizes alone, and launches. Sums have a fixed order, so equal calls give
/// equal bits.
/// </summary>
internal sealed partial class CudaKernels(CudaStream stream, CudaPrograms programs, CublasHandle? cublas, MatrixMath math) : IKernels, IDisposable
{
    private const int WarpsPerBlock = 4;

    /// <summary>Memory for partial results of one call; calls of a stream follow each other, so they share it.</summary>
    private DeviceBuffer? _scratch;

    /// <summary>Earlier, smaller ones: a recording may still know their address.</summary>
    private readonly List<DeviceBuffer> _outgrown = [];

    /// <summary>Where recorded launches read how far the step is from the recorded one; null while nothing is recorded.</summary>
    public DeviceReader<int> Advance { get; set; }

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in _outgrown) buffer.Dispose();
        _outgrown.Clear();
        _scratch?.Dispose();
        _scratch = null;
    }

    private static DevicePointer<float> F(Tensor t) => new((ulong)t.Address);

    private static DeviceReader<int> I(Tensor t) => new((ulong)t.Address);

    private static DeviceReader<ulong> U64(Tensor t) => new((ulong)t.Address);

    private static int Flag(bool value) => value ? 1 : 0;

    /// <summary>One warp for each row.</summary>
    private static LaunchConfig WarpPerRow(long rows) => new(checked((int)((rows + WarpsPerBlock - 1) / WarpsPerBlock)), WarpsPerBlock * 32);

    /// <summary>One thread for four neighbours of a row.</summary>
    private static LaunchConfig FourPerThread(Tensor x) => LaunchConfig.For((long)x.Shape.Rows * ((x.Shape.Columns + 3) / 4));

    private DevicePointer<T> Scratch<T>(long count)
        where T : unmanaged
    {
        nuint bytes = checked((nuint)(count * System.Runtime.CompilerServices.Unsafe.SizeOf<T>()));
        if (_scratch is null || _scratch.Bytes < bytes)
        {
            // At least twice as large each time, so that the outgrown ones together are no larger than this one.
            if (_scratch is not null) _outgrown.Add(_scratch);
            _scratch = new DeviceBuffer(stream, Math.Max(bytes, _scratch is null ? 1 << 20 : 2 * _scratch.Bytes));
        }

        return _scratch.Pointer<T>();
    }
}
