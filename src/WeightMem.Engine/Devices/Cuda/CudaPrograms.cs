using System.Reflection;
using WeightMem.Cuda;
using WeightMem.Cuda.Kernels;
using WeightMem.Engine.Kernels;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>The engine's kernel families, compiled for a device on first use. Their sources are in this assembly.</summary>
internal sealed class CudaPrograms(CudaContext context) : IDisposable
{
    private const string Folder = "kernels/";

    private static readonly KernelHeader[] Headers = [.. Sources(".cuh").Select(name => new KernelHeader(name, Text(name)))];

    private readonly KernelCompiler _compiler = new(KernelCache.OfUser());
    private readonly Dictionary<string, LoadedKernels> _loaded = [];
    private ElementwiseKernels? _elementwise;
    private IndexingKernels? _indexing;
    private RowsKernels? _rows;
    private AttentionKernels? _attention;
    private LossesKernels? _losses;
    private RandomKernels? _random;
    private OptimizersKernels? _optimizers;
    private GemmKernels? _gemm;
    private PopulationKernels? _population;

    public ElementwiseKernels Elementwise => _elementwise ??= new(Load(ElementwiseKernels.FileName));

    public IndexingKernels Indexing => _indexing ??= new(Load(IndexingKernels.FileName));

    public RowsKernels Rows => _rows ??= new(Load(RowsKernels.FileName));

    public AttentionKernels Attention => _attention ??= new(Load(AttentionKernels.FileName));

    public LossesKernels Losses => _losses ??= new(Load(LossesKernels.FileName));

    public RandomKernels Random => _random ??= new(Load(RandomKernels.FileName));

    public OptimizersKernels Optimizers => _optimizers ??= new(Load(OptimizersKernels.FileName));

    public GemmKernels Gemm => _gemm ??= new(Load(GemmKernels.FileName));

    public PopulationKernels Population => _population ??= new(Load(PopulationKernels.FileName));

    public void Dispose()
    {
        foreach (LoadedKernels kernels in _loaded.Values) kernels.Dispose();
        _loaded.Clear();
    }

    private CudaModule Load(string name)
    {
        if (!_loaded.TryGetValue(name, out LoadedKernels? kernels))
            _loaded[name] = kernels = _compiler.Load(new KernelProgram(name, Text(name)) { Headers = Headers }, context);
        return kernels.Module;
    }

    private static IEnumerable<string> Sources(string ending) => Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(ending, StringComparison.Ordinal))
        .Select(name => name[Folder.Length..])
        .Order(StringComparer.Ordinal);

    private static string Text(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Folder + name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
