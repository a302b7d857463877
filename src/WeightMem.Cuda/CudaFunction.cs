using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Cuda;

/// <summary>A kernel of a module; lives as long as the module.</summary>
public sealed unsafe class CudaFunction
{
    private const int MaxThreadsAttribute = 0;
    private const int StaticSharedAttribute = 1;
    private const int LocalAttribute = 3;
    private const int RegistersAttribute = 4;
    private const int MaxDynamicSharedAttribute = 8;

    private readonly CudaModule _module;
    private readonly nint _function;
    private readonly int[]? _parameterBytes;

    internal CudaFunction(CudaModule module, string name, nint function)
    {
        _module = module;
        _function = function;
        Name = name;
        _parameterBytes = ReadParameterBytes(function);
    }

    /// <summary>The kernel's name in the image.</summary>
    public string Name { get; }

    /// <summary>Registers per thread.</summary>
    public int Registers => Attribute(RegistersAttribute);

    /// <summary>Shared memory that the kernel declares itself, in bytes per block.</summary>
    public int StaticSharedBytes => Attribute(StaticSharedAttribute);

    /// <summary>Local memory in bytes per thread: spilled registers and arrays.</summary>
    public int LocalBytes => Attribute(LocalAttribute);

    /// <summary>Largest number of threads of a block with which this kernel can run.</summary>
    public int MaxThreadsPerBlock => Attribute(MaxThreadsAttribute);

    /// <summary>
    /// Sizes of the parameters in bytes as the driver knows them, or null where it does not tell (before CUDA 12.4). Launches are checked
    /// against them.
    /// </summary>
    public IReadOnlyList<int>? ParameterBytes => _parameterBytes;

    /// <summary>Allows launches with more dynamic shared memory than a block gets without asking.</summary>
    /// <param name="bytes">The most dynamic shared memory of a launch, in bytes.</param>
    /// <exception cref="CudaException">The device has not as much.</exception>
    public void AllowSharedBytes(int bytes)
    {
        Enter();
        CudaException.Check(Driver.cuFuncSetAttribute(_function, MaxDynamicSharedAttribute, bytes));
    }

    /// <summary>Number of blocks that one multiprocessor holds at once.</summary>
    /// <param name="threads">Threads per block.</param>
    /// <param name="sharedBytes">Dynamic shared memory per block in bytes.</param>
    /// <returns>Blocks, 0 when not even one fits.</returns>
    /// <exception cref="CudaException">The driver refused.</exception>
    public int BlocksPerMultiprocessor(int threads, nuint sharedBytes = 0)
    {
        Enter();
        int blocks;
        CudaException.Check(Driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, _function, threads, sharedBytes));
        return blocks;
    }

    /// <summary>The block size with which most threads are active, and the smallest grid that fills the device.</summary>
    /// <param name="sharedBytes">Dynamic shared memory per block in bytes.</param>
    /// <returns>Blocks and threads per block.</returns>
    /// <exception cref="CudaException">The driver refused.</exception>
    public (int Blocks, int Threads) BestBlock(nuint sharedBytes = 0)
    {
        Enter();
        int blocks, threads;
        CudaException.Check(Driver.cuOccupancyMaxPotentialBlockSize(&blocks, &threads, _function, null, sharedBytes, 0));
        return (blocks, threads);
    }

    /// <summary>Queues a launch. Allocates nothing.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="config">Blocks, threads and dynamic shared memory.</param>
    /// <param name="arguments">The arguments in the kernel's order. The driver copies them before this returns.</param>
    /// <exception cref="ArgumentException">Number or sizes of the arguments are not those of the kernel.</exception>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void Launch(CudaStream stream, in LaunchConfig config, scoped in KernelArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CheckArguments(arguments);
        var queue = stream.Enter();
        ObjectDisposedException.ThrowIf(_module.Handle.IsDisposed, _module);
        LaunchTrace.Note(Name);
        var parameters = stackalloc void*[KernelArguments.MaxCount];
        // The arguments are a ref struct, so they lie on the stack and do not move.
        arguments.Pointers(parameters);
        var result = Driver.cuLaunchKernel(
            _function, config.Grid.X, config.Grid.Y, config.Grid.Z, config.Block.X, config.Block.Y, config.Block.Z,
            config.SharedBytes, queue, parameters, null);
        if (result != 0)
            throw CudaException.OfDriver($"cuLaunchKernel of '{Name}' with {config}", result);
    }

    private static int[]? ReadParameterBytes(nint function)
    {
        if (!CudaLibraries.TryGetExport(CudaLibrary.Driver, "cuFuncGetParamInfo", out var address))
            return null;
        var info = (delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)address;
        var sizes = new List<int>();
        nuint offset, size;
        int result;
        while ((result = info(function, (nuint)sizes.Count, &offset, &size)) == 0)
            sizes.Add((int)size);
        // 1 is INVALID_VALUE: the index is past the last parameter. Anything else says nothing about the parameters.
        return result == 1 ? [.. sizes] : null;
    }

    private void CheckArguments(scoped in KernelArguments arguments)
    {
        if (_parameterBytes is null)
            return;
        if (arguments.Count != _parameterBytes.Length)
        {
            throw new ArgumentException(
                $"kernel '{Name}' takes {_parameterBytes.Length} arguments, not {arguments.Count}", nameof(arguments));
        }

        for (var i = 0; i < _parameterBytes.Length; i++)
        {
            if (arguments.BytesOf(i) != _parameterBytes[i])
            {
                throw new ArgumentException(
                    $"argument {i} of kernel '{Name}' has {_parameterBytes[i]} bytes, not {arguments.BytesOf(i)}", nameof(arguments));
            }
        }
    }

    private int Attribute(int attribute)
    {
        Enter();
        int value;
        CudaException.Check(Driver.cuFuncGetAttribute(&value, attribute, _function));
        return value;
    }

    private void Enter() => _ = _module.Handle.Enter();
}
