namespace WeightMem.Cuda.Libraries;

/// <summary>
/// Finds and loads the driver, NVRTC, cuBLAS and cublasLt. The three toolkit libraries are taken from one major version of CUDA, not newer
/// than the driver; of several such versions the one with most libraries wins, then the newest.
/// </summary>
internal sealed class LibraryLocator(Func<string, string?> environment, bool windows, ILibraryLoader loader)
{
    // cublasLt comes first: cuBLAS depends on it, and a library that is already loaded satisfies the dependency.
    private static readonly CudaLibrary[] ToolkitOrder = [CudaLibrary.CublasLt, CudaLibrary.Cublas, CudaLibrary.Nvrtc];

    private readonly List<LibraryAttempt>[] _attempts = [[], [], [], []];
    private readonly LocatedLibrary?[] _found = new LocatedLibrary?[4];
    private IReadOnlyList<string> _folders = [];

    /// <summary>Runs the search. Never throws; what failed is in the report.</summary>
    public LibraryReport Locate()
    {
        if (environment(LibraryNames.OverrideOfAll) is { Length: > 0 } all)
        {
            for (var i = 0; i < _found.Length; i++)
                _found[i] = Load((CudaLibrary)i, all);
        }
        else
        {
            _folders = LibraryFolders.Find(environment, windows);
            FindDriver();
            FindToolkit();
        }

        var searches = new LibrarySearch[_found.Length];
        for (var i = 0; i < searches.Length; i++)
            searches[i] = new LibrarySearch((CudaLibrary)i, _found[i], _attempts[i]);
        return new LibraryReport(searches, _folders);
    }

    private void FindDriver()
    {
        if (TakeOverride(CudaLibrary.Driver))
            return;
        foreach (var name in LibraryNames.OfDriver(windows))
        {
            if ((_found[0] = Load(CudaLibrary.Driver, name)) is not null)
                return;
        }
    }

    private void FindToolkit()
    {
        var open = new List<CudaLibrary>();
        foreach (var library in ToolkitOrder)
        {
            if (!TakeOverride(library))
                open.Add(library);
        }

        // A library of a newer major version than the driver's loads, and fails at the first call.
        var newest = _found[0] is { Major: > 0 } driver ? driver.Major : int.MaxValue;
        var best = new Dictionary<CudaLibrary, LocatedLibrary>();
        foreach (var major in LibraryNames.Majors)
        {
            if (major > newest || best.Count == open.Count)
                continue;
            var candidates = new Dictionary<CudaLibrary, LocatedLibrary>();
            foreach (var library in open)
            {
                if (Search(library, LibraryNames.OfToolkit(library, major, windows), major) is { } located)
                    candidates[library] = located;
            }

            // The libraries of the beaten version stay loaded: unloading a CUDA library is not safe, and harmless to omit.
            if (candidates.Count > best.Count)
                best = candidates;
        }

        if (best.Count == 0 && open.Count > 0)
            FindUnversioned(open, newest, best);
        foreach (var library in open)
        {
            if (best.TryGetValue(library, out var located))
                _found[(int)library] = located;
        }
    }

    private void FindUnversioned(List<CudaLibrary> open, int newest, Dictionary<CudaLibrary, LocatedLibrary> best)
    {
        var major = 0;
        foreach (var library in open)
        {
            if (LibraryNames.Unversioned(library, windows) is not { } name || Search(library, [name], major) is not { } located)
                continue;
            if (located.Major > newest)
            {
                _attempts[(int)library].Add(new LibraryAttempt(located.Path, $"version {located.Version} is newer than the driver"));
                continue;
            }

            major = located.Major;
            best[library] = located;
        }
    }

    private bool TakeOverride(CudaLibrary library)
    {
        if (environment(LibraryNames.OverrideOf(library)) is not { Length: > 0 } path)
            return false;
        _found[(int)library] = Load(library, path);
        return true;
    }

    // A major of 0 takes any version.
    private LocatedLibrary? Search(CudaLibrary library, string[] names, int major)
    {
        foreach (var name in names)
        {
            foreach (var candidate in Places(name))
            {
                if (Load(library, candidate) is not { } located)
                    continue;
                if (major == 0 || located.Major == 0 || located.Major == major)
                    return located;
                _attempts[(int)library].Add(new LibraryAttempt(located.Path, $"is version {located.Version}, not {major}"));
            }
        }

        return null;
    }

    private IEnumerable<string> Places(string name)
    {
        yield return name;
        foreach (var folder in _folders)
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path))
                yield return path;
        }
    }

    private LocatedLibrary? Load(CudaLibrary library, string name)
    {
        try
        {
            var handle = loader.Load(name);
            return new LocatedLibrary(library, name, loader.Version(library, handle), handle);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            _attempts[(int)library].Add(new LibraryAttempt(name, Reason(e.Message, name)));
            return null;
        }
    }

    // The loader's message has several lines, one per path it tried; the first real cause is enough.
    private static string Reason(string message, string name)
    {
        foreach (var line in message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            var separator = line.LastIndexOf(": ", StringComparison.Ordinal);
            if (line.StartsWith(name, StringComparison.Ordinal) && separator > 0)
            {
                // "name: cannot open shared object file: No such file or directory" says the same twice.
                var reason = line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..];
                return reason.EndsWith("No such file or directory", StringComparison.Ordinal) ? "no such file" : reason;
            }
        }

        return message.Split('\n')[0].Trim();
    }
}
