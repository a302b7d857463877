using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Cuda.Kernels;

/// <summary>Compiles sources with NVRTC, and keeps the results in a cache. May be used from several threads.</summary>
public sealed unsafe class KernelCompiler
{
    private readonly int[] _supported;

    /// <summary>Asks NVRTC what it can compile for.</summary>
    /// <param name="cache">Where results are kept, or null to compile each time.</param>
    /// <exception cref="CudaUnavailableException">NVRTC was not found.</exception>
    /// <exception cref="CudaException">NVRTC does not work.</exception>
    public KernelCompiler(KernelCache? cache)
    {
        var library = CudaLibraries.Require(CudaLibrary.Nvrtc);
        Cache = cache;
        int count, major, minor;
        CudaException.CheckNvrtc(Nvrtc.nvrtcVersion(&major, &minor));
        CudaException.CheckNvrtc(Nvrtc.nvrtcGetNumSupportedArchs(&count));
        _supported = new int[count];
        fixed (int* architectures = _supported)
            CudaException.CheckNvrtc(Nvrtc.nvrtcGetSupportedArchs(architectures));
        Version = $"NVRTC {major}.{minor}";
        Identity = Version + (CudaLibraries.IsStandin(CudaLibrary.Nvrtc) ? StandinIdentity(library.Path) : "");
    }

    /// <summary>Where results are kept, or null.</summary>
    public KernelCache? Cache { get; }

    /// <summary>The compiler and its version.</summary>
    public string Version { get; }

    /// <summary>What the cache tells compilers apart by: the version, and for a stand-in which build of it.</summary>
    internal string Identity { get; }

    /// <summary>The architectures that it can compile for, ascending.</summary>
    public IReadOnlyList<int> SupportedArchitectures => _supported;

    /// <summary>Compiles a source for a device, or takes the result from the cache.</summary>
    /// <param name="program">The source.</param>
    /// <param name="deviceArchitecture">The device's architecture (<see cref="CudaDeviceProperties.Architecture"/>).</param>
    /// <returns>The image.</returns>
    /// <exception cref="KernelCompilationException">The source has errors.</exception>
    /// <exception cref="CudaUnavailableException">The compiler knows only newer devices.</exception>
    /// <exception cref="CudaException">NVRTC failed otherwise.</exception>
    public CompiledKernels Compile(KernelProgram program, int deviceArchitecture)
    {
        ArgumentNullException.ThrowIfNull(program);
        var architecture = KernelArchitecture.Choose(_supported, deviceArchitecture);
        if (Cache is null)
            return CompileAnew(program, architecture);
        var key = KernelKey.Of(program, architecture, Identity);
        if (Cache.Read(key) is { } cached)
            return cached;
        var compiled = CompileAnew(program, architecture);
        Cache.Write(key, compiled);
        return compiled;
    }

    /// <summary>Compiles a source and loads it; an entry of the cache that the driver refuses is compiled again.</summary>
    /// <param name="program">The source.</param>
    /// <param name="context">The context.</param>
    /// <returns>The loaded module with its lowered names.</returns>
    /// <exception cref="KernelCompilationException">The source has errors.</exception>
    /// <exception cref="CudaUnavailableException">The compiler knows only newer devices.</exception>
    /// <exception cref="CudaException">NVRTC or the driver failed otherwise.</exception>
    public LoadedKernels Load(KernelProgram program, CudaContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var compiled = Compile(program, context.Properties.Architecture);
        try
        {
            return new LoadedKernels(new CudaModule(context, compiled.Image), compiled);
        }
        catch (CudaException e) when (compiled.FromCache && !e.IsSticky)
        {
            var key = KernelKey.Of(program, KernelArchitecture.Choose(_supported, context.Properties.Architecture), Identity);
            Cache?.Remove(key);
            compiled = Compile(program, context.Properties.Architecture);
            return new LoadedKernels(new CudaModule(context, compiled.Image), compiled);
        }
    }

    // The stand-in gives itself a version of NVRTC, but a real driver must never be handed what it made, nor a rebuilt stand-in, nor one
    // that checks other things.
    private static string StandinIdentity(string path)
    {
        const string prefix = "WEIGHTMEM_STANDIN";
        var settings = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => $"{entry.Key}={entry.Value}")
            .Where(setting => setting.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        var written = File.GetLastWriteTimeUtc(path).Ticks;
        return string.Create(CultureInfo.InvariantCulture, $" stand-in {path} {written} {string.Join(' ', settings)}").TrimEnd();
    }

    private static CompiledKernels CompileAnew(KernelProgram program, KernelArchitecture architecture)
    {
        using var texts = new NativeTexts();
        var headers = texts.Array(program.Headers.Select(header => header.Text));
        var names = texts.Array(program.Headers.Select(header => header.Name));
        nint handle;
        CudaException.CheckNvrtc(
            Nvrtc.nvrtcCreateProgram(&handle, texts.One(program.Text), texts.One(program.FileName), program.Headers.Count, headers, names));
        try
        {
            foreach (var expression in program.NameExpressions)
                CudaException.CheckNvrtc(Nvrtc.nvrtcAddNameExpression(handle, expression));
            var options = texts.Array(program.Options.Append(architecture.Option));
            var result = Nvrtc.nvrtcCompileProgram(handle, program.Options.Count + 1, options);
            if (result != 0)
            {
                var reason = Marshal.PtrToStringUTF8((nint)Nvrtc.nvrtcGetErrorString(result)) ?? "";
                throw new KernelCompilationException(program.FileName, reason, Log(handle));
            }

            return new CompiledKernels(Image(handle, architecture.IsBinary), LoweredNames(handle, program), FromCache: false);
        }
        finally
        {
            _ = Nvrtc.nvrtcDestroyProgram(&handle);
        }
    }

    private static Dictionary<string, string> LoweredNames(nint program, KernelProgram source)
    {
        var lowered = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var expression in source.NameExpressions)
        {
            // The text belongs to the program, so it is copied before the program is destroyed.
            byte* name;
            CudaException.CheckNvrtc(Nvrtc.nvrtcGetLoweredName(program, expression, &name));
            lowered[expression] = Marshal.PtrToStringUTF8((nint)name) ?? "";
        }

        return lowered;
    }

    private static byte[] Image(nint program, bool binary)
    {
        nuint bytes;
        if (binary)
            CudaException.CheckNvrtc(Nvrtc.nvrtcGetCUBINSize(program, &bytes));
        else
            CudaException.CheckNvrtc(Nvrtc.nvrtcGetPTXSize(program, &bytes));
        var image = new byte[checked((int)bytes)];
        fixed (byte* start = image)
        {
            if (binary)
                CudaException.CheckNvrtc(Nvrtc.nvrtcGetCUBIN(program, start));
            else
                CudaException.CheckNvrtc(Nvrtc.nvrtcGetPTX(program, start));
        }

        return image;
    }

    private static string Log(nint program)
    {
        nuint bytes;
        if (Nvrtc.nvrtcGetProgramLogSize(program, &bytes) != 0 || bytes <= 1)
            return "";
        var log = new byte[checked((int)bytes)];
        fixed (byte* start = log)
        {
            if (Nvrtc.nvrtcGetProgramLog(program, start) != 0)
                return "";
        }

        return Encoding.UTF8.GetString(log).TrimEnd('\0');
    }

    /// <summary>Zero-terminated texts outside of the managed heap, for the time of one compilation.</summary>
    private sealed class NativeTexts : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* One(string text)
        {
            var block = Marshal.StringToCoTaskMemUTF8(text);
            _blocks.Add(block);
            return (byte*)block;
        }

        public byte** Array(IEnumerable<string> texts)
        {
            var pointers = texts.Select(text => (nint)One(text)).ToArray();
            var block = Marshal.AllocCoTaskMem(Math.Max(pointers.Length, 1) * sizeof(nint));
            _blocks.Add(block);
            pointers.CopyTo(new Span<nint>((void*)block, pointers.Length));
            return (byte**)block;
        }

        public void Dispose()
        {
            foreach (var block in _blocks)
                Marshal.FreeCoTaskMem(block);
        }
    }
}
