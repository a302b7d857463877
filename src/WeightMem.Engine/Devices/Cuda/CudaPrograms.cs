using System.Reflection;
using WeightMem.Cuda;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// The engine's kernel families, compiled for a device on first use. Their sources are in this assembly; the variable <see cref="SourcesVariable"/> names a folder
/// to read them from instead, so that a kernel can be changed and tried without building anything. Without NVRTC the PTX in this assembly is loaded.
/// </summary>
internal sealed class CudaPrograms : IDisposable
{
    /// <summary>The variable that names a folder of kernel sources.</summary>
    public const string SourcesVariable = "WEIGHTMEM_KERNEL_SOURCES";

    private const string Folder = "kernels/";
    private const string NotebookFolder = "notebooks/";

    private readonly CudaContext _context;
    private readonly string? _sources = Environment.GetEnvironmentVariable(SourcesVariable) is { Length: > 0 } folder ? folder : null;
    private readonly KernelCompiler? _compiler;
    private readonly Dictionary<string, LoadedKernels> _loaded = [];
    private readonly Dictionary<string, CudaModule> _shipped = [];
    private readonly Dictionary<(ElementwiseChain Chain, int Adds), CudaFunction> _byChain = [];
    private ElementwiseKernels? _elementwise;
    private IndexingKernels? _indexing;
    private RowsKernels? _rows;
    private NormsKernels? _norms;
    private AttentionKernels? _attention;
    private AttentionMmaKernels? _attentionMma;
    private LossesKernels? _losses;
    private RandomKernels? _random;
    private OptimizersKernels? _optimizers;
    private GemmKernels? _gemm;
    private PopulationKernels? _population;
    private ChainsKernels? _chains;
    private ConvnetsKernels? _convnets;
    private DistanceKernels? _distance;
    private AssignmentKernels? _assignment;
    private MasksKernels? _masks;
    private FieldsKernels? _fields;
    private CloudsKernels? _clouds;
    private ConvolutionKernels? _convolution;
    private ChannelsKernels? _channels;

    /// <summary>Looks for a compiler.</summary>
    /// <param name="context">The device.</param>
    /// <exception cref="CudaUnavailableException"><see cref="SourcesVariable"/> is set, and there is nothing to compile the sources with.</exception>
    public CudaPrograms(CudaContext context)
    {
        _context = context;
        if (CudaLibraries.Nvrtc is not null)
        {
            _compiler = new KernelCompiler(KernelCache.OfUser());
        }
        else if (_sources is not null)
        {
            throw new CudaUnavailableException($"{SourcesVariable} names sources in {_sources}, but there is no NVRTC to compile them: {CudaLibraries.Report.Line(CudaLibrary.Nvrtc)}");
        }
    }

    /// <summary>Where kernels come from, as printed in run headers.</summary>
    public string Path => _compiler is null ? ShippedKernels.Origin : $"{_compiler.Version}, {(_sources is null ? "sources of the program" : "sources of " + _sources)}";

    public ElementwiseKernels Elementwise => _elementwise ??= new(Load(ElementwiseKernels.FileName));

    public IndexingKernels Indexing => _indexing ??= new(Load(IndexingKernels.FileName));

    public RowsKernels Rows => _rows ??= new(Load(RowsKernels.FileName));

    public NormsKernels Norms => _norms ??= new(Load(NormsKernels.FileName));

    public AttentionKernels Attention => _attention ??= new(Load(AttentionKernels.FileName));

    /// <summary>Attention on tensor cores: only a device of capability 8.0 takes it.</summary>
    public AttentionMmaKernels AttentionMma => _attentionMma ??= new(Load(AttentionMmaKernels.FileName));

    public LossesKernels Losses => _losses ??= new(Load(LossesKernels.FileName));

    public RandomKernels Random => _random ??= new(Load(RandomKernels.FileName));

    public OptimizersKernels Optimizers => _optimizers ??= new(Load(OptimizersKernels.FileName));

    public GemmKernels Gemm => _gemm ??= new(Load(GemmKernels.FileName));

    public PopulationKernels Population => _population ??= new(Load(PopulationKernels.FileName));

    public ConvnetsKernels Convnets => _convnets ??= new(Load(ConvnetsKernels.FileName));

    public DistanceKernels Distance => _distance ??= new(Load(DistanceKernels.FileName));

    public AssignmentKernels Assignment => _assignment ??= new(Load(AssignmentKernels.FileName));

    public MasksKernels Masks => _masks ??= new(Load(MasksKernels.FileName));

    public FieldsKernels Fields => _fields ??= new(Load(FieldsKernels.FileName));

    public CloudsKernels Clouds => _clouds ??= new(Load(CloudsKernels.FileName));

    public ConvolutionKernels Convolution => _convolution ??= new(Load(ConvolutionKernels.FileName));

    public ChannelsKernels Channels => _channels ??= new(Load(ChannelsKernels.FileName));

    public ChainsKernels Chains => _chains ??= new(Load(ChainsKernels.FileName));

    /// <summary>The module of a notebook: versions of a kernel that do not ship, so that they need a compiler.</summary>
    public CudaModule Notebook(string name) => CanCompile ? Load(NotebookFolder + name) : throw new CudaUnavailableException($"the versions in {name} need NVRTC: they are not shipped as PTX");

    /// <summary>Whether sources that are made while the program runs can be compiled.</summary>
    public bool CanCompile => _compiler is not null;

    /// <summary>The kernel of a chain, generated and compiled on first use; equal formulas share it.</summary>
    public CudaFunction Chain(ElementwiseChain chain, ReadOnlySpan<bool> accumulate)
    {
        int adds = 0;
        for (int i = 0; i < accumulate.Length; i++) adds |= accumulate[i] ? 1 << i : 0;
        if (_byChain.TryGetValue((chain, adds), out CudaFunction? function)) return function;
        string source = ChainSource.Of(chain, accumulate);
        if (!_loaded.TryGetValue(source, out LoadedKernels? kernels)) _loaded[source] = kernels = Compile(new KernelProgram("chain.cu", source));
        return _byChain[(chain, adds)] = kernels.Function(ChainSource.Kernel);
    }

    public void Dispose()
    {
        foreach (LoadedKernels kernels in _loaded.Values) kernels.Dispose();
        _loaded.Clear();
        foreach (CudaModule module in _shipped.Values) module.Dispose();
        _shipped.Clear();
    }

    private CudaModule Load(string name)
    {
        if (_compiler is null)
        {
            if (!_shipped.TryGetValue(name, out CudaModule? module)) _shipped[name] = module = ShippedKernels.Load(_context, name);
            return module;
        }

        if (!_loaded.TryGetValue(name, out LoadedKernels? kernels)) _loaded[name] = kernels = Compile(new KernelProgram(name, Text(name)));
        return kernels.Module;
    }

    private LoadedKernels Compile(KernelProgram program) =>
        _compiler!.Load(program with { Headers = [.. HeaderNames.Select(h => new KernelHeader(h, Text(h)))] }, _context);

    private static IEnumerable<string> HeaderNames => Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(".cuh", StringComparison.Ordinal))
        .Select(name => name[Folder.Length..])
        .Order(StringComparer.Ordinal);

    private string Text(string name)
    {
        if (_sources is not null) return File.ReadAllText(System.IO.Path.Combine(_sources, name));
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Folder + name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
