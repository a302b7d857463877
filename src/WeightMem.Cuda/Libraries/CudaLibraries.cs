using System.Runtime.InteropServices;

namespace WeightMem.Cuda.Libraries;

/// <summary>
/// The CUDA libraries of this process, searched for once, at the first use. Any subset may be present: each property tells whether its
/// library was found. The variable <c>WEIGHTMEM_CUDA_LIBRARIES</c> names one file that serves all of them (the CPU stand-in);
/// <c>WEIGHTMEM_LIBCUDA</c>, <c>WEIGHTMEM_LIBNVRTC</c>, <c>WEIGHTMEM_LIBCUBLAS</c> and <c>WEIGHTMEM_LIBCUBLASLT</c> name one each.
/// </summary>
public static class CudaLibraries
{
    private static readonly Lazy<LibraryReport> Located = new(Locate);

    /// <summary>What was found and tried.</summary>
    public static LibraryReport Report => Located.Value;

    /// <summary>The driver, or null when it was not found.</summary>
    public static LocatedLibrary? Driver => Report[CudaLibrary.Driver].Found;

    /// <summary>NVRTC, or null when it was not found.</summary>
    public static LocatedLibrary? Nvrtc => Report[CudaLibrary.Nvrtc].Found;

    /// <summary>cuBLAS, or null when it was not found.</summary>
    public static LocatedLibrary? Cublas => Report[CudaLibrary.Cublas].Found;

    /// <summary>cublasLt, or null when it was not found.</summary>
    public static LocatedLibrary? CublasLt => Report[CudaLibrary.CublasLt].Found;

    /// <summary>Looks up a function that only some versions of a library export.</summary>
    /// <param name="library">The library.</param>
    /// <param name="name">The exported name.</param>
    /// <param name="address">The function's address, or 0.</param>
    /// <returns>Whether the library is present and exports the name.</returns>
    public static bool TryGetExport(CudaLibrary library, string name, out nint address)
    {
        address = 0;
        return Report[library].Found is { } found && NativeLibrary.TryGetExport(found.Handle, name, out address);
    }

    /// <summary>Whether a library is the CPU stand-in, a test double that is not a GPU.</summary>
    /// <param name="library">The library.</param>
    public static bool IsStandin(CudaLibrary library) => TryGetExport(library, "standinIsStandin", out _);

    /// <summary>Makes sure that a library is present. Every path to the bindings passes here first.</summary>
    /// <param name="library">The library.</param>
    /// <returns>The library.</returns>
    /// <exception cref="CudaUnavailableException">The library was not found; the message lists what was tried.</exception>
    public static LocatedLibrary Require(CudaLibrary library) =>
        Report[library].Found ?? throw new CudaUnavailableException(Report.Line(library));

    private static LibraryReport Locate()
    {
        var locator = new LibraryLocator(Environment.GetEnvironmentVariable, OperatingSystem.IsWindows(), new NativeLibraryLoader());
        var report = locator.Locate();
        NativeLibrary.SetDllImportResolver(typeof(CudaLibraries).Assembly, (name, _, _) => Resolve(report, name));
        return report;
    }

    private static nint Resolve(LibraryReport report, string name)
    {
        foreach (var search in report.Searches)
        {
            // Falling back to the system's search could pick a library that the report does not show.
            if (LibraryNames.LogicalName(search.Library) == name)
                return search.Found?.Handle ?? throw new CudaUnavailableException(report.Line(search.Library));
        }

        return 0;
    }
}
