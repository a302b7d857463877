using WeightMem.Cuda;
using WeightMem.Cuda.Blas;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// An NVIDIA GPU through the driver API: one stream, kernels compiled by NVRTC, matrix products by cuBLAS where it is there and by a kernel of our own
/// where it is not. Single precision; results do not depend on timing.
/// </summary>
public sealed class CudaDevice : Device
{
    private const int OutOfMemory = 2;

    /// <summary>What cuBLAS recommends for the devices that need most.</summary>
    private const uint CublasWorkspace = 32 << 20;

    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly CudaPrograms _programs;
    private readonly CublasHandle? _cublas;
    private readonly CudaKernels _kernels;
    private readonly Dictionary<nint, DeviceBuffer> _blocks = [];

    /// <summary>Opens a device.</summary>
    /// <param name="ordinal">Its index, from 0.</param>
    /// <param name="useCublas">Whether matrix products go to cuBLAS if it is there.</param>
    /// <exception cref="CudaUnavailableException">There is no driver, no such device, or no compiler; the message says what was looked for.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public CudaDevice(int ordinal = 0, bool useCublas = true)
    {
        _context = CudaContext.Open(ordinal);
        _stream = new CudaStream(_context);
        if (_context.Pool is { } pool) pool.ReleaseThreshold = ulong.MaxValue;
        _programs = new CudaPrograms(_context);
        if (useCublas && CudaLibraries.Cublas is not null) _cublas = new CublasHandle(_stream, CublasWorkspace) { MathMode = CublasMathMode.Pedantic };
        _kernels = new CudaKernels(_stream, _programs, _cublas);
    }

    /// <inheritdoc/>
    public override string Name => $"cuda ({_context.Properties.Name})";

    /// <summary>Whether this is the CPU stand-in: its results are tested, its speed means nothing.</summary>
    public bool IsStandin => _context.Properties.IsStandin;

    /// <summary>What computes matrix products.</summary>
    public string MatrixProducts => _cublas is null ? "own kernel, float32" : $"cuBLAS {_cublas.Version}, float32";

    /// <inheritdoc/>
    public override DType FloatType => DType.F32;

    /// <inheritdoc/>
    public override IKernels Kernels => _kernels;

    /// <inheritdoc/>
    public override long AvailableBytes => (long)Math.Min(_context.MemoryInfo().Free, long.MaxValue);

    /// <inheritdoc/>
    public override void Synchronize() => _stream.Synchronize();

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _kernels.Dispose();
        _cublas?.Dispose();
        _programs.Dispose();
        _stream.Dispose();
        _context.Dispose();
    }

    /// <inheritdoc/>
    protected internal override void Upload(nint destination, ReadOnlySpan<byte> source) =>
        _stream.CopyToDevice(new DevicePointer<byte>((ulong)destination), source);

    /// <inheritdoc/>
    protected internal override void Download(Span<byte> destination, nint source) =>
        _stream.CopyToHost(destination, new DeviceReader<byte>((ulong)source));

    /// <inheritdoc/>
    protected override nint AllocateBlock(long bytes)
    {
        try
        {
            var buffer = new DeviceBuffer(_stream, (nuint)bytes);
            nint address = (nint)buffer.Pointer<byte>().Address;
            _blocks.Add(address, buffer);
            return address;
        }
        catch (CudaException error) when (error.Library == CudaLibrary.Driver && error.Code == OutOfMemory)
        {
            throw new InsufficientMemoryException($"{Name} has no block of {bytes} bytes", error);
        }
    }

    /// <inheritdoc/>
    protected override void FreeBlock(nint address, long bytes)
    {
        if (_blocks.Remove(address, out DeviceBuffer? buffer)) buffer.Dispose();
    }
}
