using System.Globalization;
using System.Runtime.InteropServices;

namespace WeightMem.Cuda.Libraries;

/// <summary>What the locator needs from the system.</summary>
internal interface ILibraryLoader
{
    /// <summary>Loads a library.</summary>
    /// <exception cref="DllNotFoundException">There is none of this name, or one that it depends on is missing.</exception>
    /// <exception cref="BadImageFormatException">The file is no library of this system.</exception>
    nint Load(string name);

    /// <summary>The version that a library tells, as "13.0", or empty.</summary>
    string Version(CudaLibrary library, nint handle);
}

/// <summary>
/// The system's own loader. Versions are asked through raw addresses, because the bindings must wait for the end of the search.
/// </summary>
internal sealed unsafe class NativeLibraryLoader : ILibraryLoader
{
    public nint Load(string name) => NativeLibrary.Load(name);

    public string Version(CudaLibrary library, nint handle)
    {
        switch (library)
        {
            case CudaLibrary.Driver when NativeLibrary.TryGetExport(handle, "cuDriverGetVersion", out var address):
                int driver;
                return ((delegate* unmanaged<int*, int>)address)(&driver) == 0 ? Text(driver / 1000, driver % 1000 / 10) : "";
            case CudaLibrary.Nvrtc when NativeLibrary.TryGetExport(handle, "nvrtcVersion", out var address):
                int major, minor;
                return ((delegate* unmanaged<int*, int*, int>)address)(&major, &minor) == 0 ? Text(major, minor) : "";
            case CudaLibrary.Cublas when NativeLibrary.TryGetExport(handle, "cublasGetProperty", out var address):
                var property = (delegate* unmanaged<int, int*, int>)address;
                return property(0, &major) == 0 && property(1, &minor) == 0 ? Text(major, minor) : "";
            case CudaLibrary.CublasLt when NativeLibrary.TryGetExport(handle, "cublasLtGetVersion", out var address):
                var version = (int)((delegate* unmanaged<nuint>)address)();
                // Two digits for the major version since CUDA 11: 110500 or 130000.
                return Text(version / 10000, version % 10000 / 100);
            default:
                return "";
        }
    }

    private static string Text(int major, int minor) => string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}");
}
