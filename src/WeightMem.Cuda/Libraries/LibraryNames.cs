namespace WeightMem.Cuda.Libraries;

/// <summary>The file names under which the libraries of CUDA 13, 12 and 11 are installed.</summary>
internal static class LibraryNames
{
    /// <summary>The variable that names one file to serve every library.</summary>
    public const string OverrideOfAll = "WEIGHTMEM_CUDA_LIBRARIES";

    /// <summary>The major versions of CUDA that the bindings know, newest first.</summary>
    public static ReadOnlySpan<int> Majors => [13, 12, 11];

    /// <summary>The name that the bindings give to <c>LibraryImport</c>.</summary>
    public static string LogicalName(CudaLibrary library) => library switch
    {
        CudaLibrary.Driver => "cuda",
        CudaLibrary.Nvrtc => "nvrtc",
        CudaLibrary.Cublas => "cublas",
        _ => "cublasLt",
    };

    /// <summary>The variable that names the file of one library.</summary>
    public static string OverrideOf(CudaLibrary library) => "WEIGHTMEM_LIB" + LogicalName(library).ToUpperInvariant();

    /// <summary>The driver's file names. The driver belongs to the system, so its name carries no CUDA version.</summary>
    public static string[] OfDriver(bool windows) => windows ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>The file names of a toolkit library of one major version, most exact first.</summary>
    public static string[] OfToolkit(CudaLibrary library, int major, bool windows)
    {
        var logical = LogicalName(library);
        if (library != CudaLibrary.Nvrtc)
            return [windows ? $"{logical}64_{major}.dll" : $"lib{logical}.so.{major}"];
        // NVRTC's file name carried the minor version until 11.2, and still does in form on Windows.
        return windows
            ? [$"nvrtc64_{major}{(major == 11 ? 2 : 0)}_0.dll"]
            : major == 11 ? ["libnvrtc.so.11.2"] : [$"libnvrtc.so.{major}"];
    }

    /// <summary>The name without a version, tried last; the library tells its version after it was loaded.</summary>
    public static string? Unversioned(CudaLibrary library, bool windows) => windows ? null : $"lib{LogicalName(library)}.so";
}
