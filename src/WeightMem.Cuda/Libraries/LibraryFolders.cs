namespace WeightMem.Cuda.Libraries;

/// <summary>Folders where toolkits and Python packages put the CUDA libraries, beyond those that the system's loader searches.</summary>
internal static class LibraryFolders
{
    /// <summary>The existing folders, in the order in which they are searched.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="windows">Whether the layout is that of Windows.</param>
    public static IReadOnlyList<string> Find(Func<string, string?> environment, bool windows)
    {
        var folders = new List<string>();
        foreach (var variable in (string[])["CUDA_PATH", "CUDA_HOME"])
        {
            if (environment(variable) is { Length: > 0 } toolkit)
                AddToolkit(folders, toolkit, windows);
        }

        if (!windows)
        {
            // The newest "cuda-X.Y" first; "cuda" is usually a link to one of them.
            foreach (var toolkit in Folders("/usr/local", "cuda*").OrderByDescending(name => name, StringComparer.Ordinal))
                AddToolkit(folders, toolkit, windows);
        }

        if (environment("CONDA_PREFIX") is { Length: > 0 } conda)
        {
            Add(folders, windows ? Path.Combine(conda, "Library", "bin") : Path.Combine(conda, "lib"));
            AddPython(folders, conda, windows);
        }

        if (environment("VIRTUAL_ENV") is { Length: > 0 } virtualEnvironment)
            AddPython(folders, virtualEnvironment, windows);
        if (!windows)
        {
            AddPython(folders, "/usr/local", windows);
            AddPython(folders, "/usr", windows);
        }

        return folders;
    }

    private static void AddToolkit(List<string> folders, string toolkit, bool windows)
    {
        if (windows)
        {
            Add(folders, Path.Combine(toolkit, "bin", "x64"));
            Add(folders, Path.Combine(toolkit, "bin"));
        }
        else
        {
            Add(folders, Path.Combine(toolkit, "lib64"));
        }
    }

    private static void AddPython(List<string> folders, string prefix, bool windows)
    {
        var pythons = windows
            ? [Path.Combine(prefix, "Lib", "site-packages")]
            : Folders(Path.Combine(prefix, "lib"), "python3*")
                .SelectMany(python => (string[])[Path.Combine(python, "site-packages"), Path.Combine(python, "dist-packages")]);
        foreach (var packages in pythons)
        {
            // Wheels of NVIDIA have one folder per library, and from CUDA 13 on one folder for all ("cu13").
            foreach (var package in Folders(Path.Combine(packages, "nvidia"), "*").Order(StringComparer.Ordinal))
                Add(folders, Path.Combine(package, windows ? "bin" : "lib"));
        }
    }

    private static string[] Folders(string parent, string pattern)
    {
        try
        {
            return Directory.Exists(parent) ? Directory.GetDirectories(parent, pattern) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be read holds no library for us.
            return [];
        }
    }

    private static void Add(List<string> folders, string folder)
    {
        if (!folders.Contains(folder) && Directory.Exists(folder))
            folders.Add(folder);
    }
}
