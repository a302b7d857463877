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
    private readonly PinnedStaging _staging;
    private readonly GraphUse _graphs;
    private readonly CudaKernels _kernels;
    private readonly Dictionary<nint, DeviceBuffer> _blocks = [];

    /// <summary>Opens a device.</summary>
    /// <param name="ordinal">Its index, from 0.</param>
    /// <param name="useCublas">Whether matrix products go to cuBLAS if it is there.</param>
    /// <param name="math">How cuBLAS computes them, our own kernel taking float32 only, and how attention computes its own.</param>
    /// <param name="graphs">Whether <see cref="Repeat"/> records.</param>
    /// <exception cref="NotSupportedException">Another math than float32 was asked for and there is no cuBLAS.</exception>
    /// <exception cref="CudaUnavailableException">There is no driver, no such device, or no compiler; the message says what was looked for.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public CudaDevice(int ordinal = 0, bool useCublas = true, MatrixMath math = MatrixMath.F32, GraphUse graphs = GraphUse.Auto)
    {
        useCublas &= CudaLibraries.Cublas is not null;
        if (math != MatrixMath.F32 && !useCublas)
            throw new NotSupportedException($"matrix products in {Words(math)} are done by cuBLAS, and it was not found; without it they are float32");
        Math = math;
        _graphs = graphs;
        _context = CudaContext.Open(ordinal);
        _stream = new CudaStream(_context);
        if (_context.Pool is { } pool) pool.ReleaseThreshold = ulong.MaxValue;
        _programs = new CudaPrograms(_context);
        _staging = new PinnedStaging(_stream);
        if (useCublas)
        {
            _cublas = new CublasHandle(_stream, CublasWorkspace)
            {
                MathMode = math switch { MatrixMath.F32 => CublasMathMode.Pedantic, MatrixMath.Tf32 => CublasMathMode.Tf32, _ => CublasMathMode.Default },
            };
        }

        _kernels = new CudaKernels(_stream, _programs, _cublas, math);
    }

    /// <inheritdoc/>
    public override string Name => $"cuda ({_context.Properties.Name})";

    /// <summary>Whether this is the CPU stand-in: its results are tested, its speed means nothing.</summary>
    public bool IsStandin => _context.Properties.IsStandin;

    /// <summary>What computes matrix products.</summary>
    public string MatrixProducts => _cublas is null ? "own kernel, float32" : $"cuBLAS {_cublas.Version}, {Words(Math)}";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Paths => new Dictionary<string, string>
    {
        ["driver"] = $"CUDA {CudaLibraries.Require(CudaLibrary.Driver).Version}",
        ["kernels"] = _programs.Path,
        ["matrix products"] = MatrixProducts,
        ["attention"] = _kernels.Attention,
        ["steps"] = _graphs switch
        {
            GraphUse.Auto => "as graphs where that is faster",
            GraphUse.On => "as graphs",
            _ => "each kernel launched by itself",
        },
    };

    /// <inheritdoc/>
    public override MatrixMath Math { get; }

    /// <inheritdoc/>
    public override DType FloatType => DType.F32;

    /// <inheritdoc/>
    public override IKernels Kernels => _kernels;

    /// <inheritdoc/>
    public override long AvailableBytes => (long)System.Math.Min(_context.MemoryInfo().Free, long.MaxValue);

    /// <inheritdoc/>
    public override void Synchronize() => _stream.Synchronize();

    /// <inheritdoc/>
    public override RepeatedWork Repeat(Action<long> work) =>
        _graphs == GraphUse.Off || GuardWords ? base.Repeat(work) : new CudaRepeatedWork(this, _stream, _kernels, _graphs, work);

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _kernels.Dispose();
        _cublas?.Dispose();
        _staging.Dispose();
        _programs.Dispose();
        _stream.Dispose();
        _context.Dispose();
    }

    /// <inheritdoc/>
    protected internal override void Upload(nint destination, ReadOnlySpan<byte> source)
    {
        if (IsRecording) throw new InvalidOperationException("host values were written inside repeated work: write them to a tensor before it is run");
        _staging.ToDevice(new DevicePointer<byte>((ulong)destination), source);
    }

    /// <inheritdoc/>
    protected internal override void Download(Span<byte> destination, nint source)
    {
        if (IsRecording) throw new InvalidOperationException("a tensor was read inside repeated work: read it after it has run");
        _staging.ToHost(destination, new DeviceReader<byte>((ulong)source));
    }

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
            throw new InsufficientMemoryException($"{Name} has no block of {bytes} bytes: {error.Text}", error);
        }
    }

    /// <inheritdoc/>
    protected override void FreeBlock(nint address, long bytes)
    {
        if (_blocks.Remove(address, out DeviceBuffer? buffer)) buffer.Dispose();
    }

    /// <summary>Whether chains are interpreted although they could be compiled.</summary>
    internal bool InterpretChains
    {
        init => _kernels.InterpretChains = value;
    }

    /// <summary>Where its work is queued: for timing.</summary>
    internal CudaStream Stream => _stream;

    /// <summary>The versions of kernels that do not ship.</summary>
    internal CudaNotebooks Notebooks => new(_stream, _programs);

    /// <summary>Whether work is being recorded and not run.</summary>
    internal bool IsRecording { get; set; }

    internal static string Words(MatrixMath math) => math switch { MatrixMath.F32 => "float32", MatrixMath.Tf32 => "TF32", _ => "bfloat16" };
}
