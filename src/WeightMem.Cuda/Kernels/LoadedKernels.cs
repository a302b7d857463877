namespace WeightMem.Cuda.Kernels;

/// <summary>A compiled source in a context.</summary>
public sealed class LoadedKernels : IDisposable
{
    private readonly CompiledKernels _compiled;

    internal LoadedKernels(CudaModule module, CompiledKernels compiled)
    {
        Module = module;
        _compiled = compiled;
    }

    /// <summary>The module, for typed launch stubs and constants.</summary>
    public CudaModule Module { get; }

    /// <summary>Whether the image was read from the cache.</summary>
    public bool FromCache => _compiled.FromCache;

    /// <summary>A kernel by its name, or by the name expression that was compiled.</summary>
    /// <param name="name">The name or expression.</param>
    /// <returns>The kernel.</returns>
    /// <exception cref="CudaException">There is no such kernel.</exception>
    public CudaFunction Function(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Module.Function(_compiled.LoweredNames.GetValueOrDefault(name, name));
    }

    /// <summary>Unloads the module. Never throws.</summary>
    public void Dispose() => Module.Dispose();
}
