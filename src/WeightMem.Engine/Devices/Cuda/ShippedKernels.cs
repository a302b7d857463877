using System.IO.Compression;
using System.Reflection;
using WeightMem.Cuda;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// The kernels as PTX in this assembly, for machines with a driver and without NVRTC: the driver compiles them for its device. Made by <c>native/ptx.sh</c>
/// from the same sources.
/// </summary>
public static class ShippedKernels
{
    /// <summary>Where these kernels come from, as run headers and <c>doctor</c> say it.</summary>
    public const string Origin = "PTX shipped with the program (made by clang)";

    /// <summary>The variable that names a folder of images, <c>NAME.ptx</c> each, to load instead: another compiler's PTX, or the device's own code.</summary>
    public const string ImagesVariable = "WEIGHTMEM_KERNEL_IMAGES";

    private const string Resource = "kernels/ptx.zip";

    // What a driver answers to an image that it cannot use: none for this device, not PTX, no compiler in the driver, a version too new.
    private static readonly int[] Refusals = [200, 209, 218, 221, 222];

    /// <summary>Names of the families that are shipped, as <c>rows.cu</c>.</summary>
    public static IEnumerable<string> Names
    {
        get
        {
            using ZipArchive archive = Open();
            return [.. archive.Entries.Select(entry => Path.ChangeExtension(entry.Name, ".cu")).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Whether the kernels come from here in this process: there is no NVRTC.</summary>
    public static bool AreUsed => CudaLibraries.Nvrtc is null;

    /// <summary>Loads a family.</summary>
    /// <param name="context">The device.</param>
    /// <param name="name">The family's source, as <c>rows.cu</c>.</param>
    /// <returns>The module; its owner disposes it.</returns>
    /// <exception cref="CudaUnavailableException">It is not there, or the driver does not take it.</exception>
    internal static CudaModule Load(CudaContext context, string name)
    {
        try
        {
            return new CudaModule(context, Image(name));
        }
        catch (CudaException error) when (Refusals.Contains(error.Code))
        {
            throw new CudaUnavailableException(
                $"the driver does not take the shipped PTX of {name}: {error.Message}. Install NVRTC of the driver's CUDA version; {CudaLibraries.Report.Line(CudaLibrary.Nvrtc)}");
        }
    }

    /// <summary>The PTX of a family, or what stands in for it in the folder of <see cref="ImagesVariable"/>.</summary>
    /// <exception cref="CudaUnavailableException">It is not there.</exception>
    internal static byte[] Image(string name)
    {
        string file = Path.ChangeExtension(name, ".ptx");
        if (Environment.GetEnvironmentVariable(ImagesVariable) is { Length: > 0 } folder)
        {
            string path = Path.Combine(folder, file);
            return File.Exists(path) ? File.ReadAllBytes(path) : throw new CudaUnavailableException($"{ImagesVariable} names {folder}, but there is no {file}");
        }

        using ZipArchive archive = Open();
        ZipArchiveEntry entry = archive.GetEntry(file)
            ?? throw new CudaUnavailableException($"there is no NVRTC, and {name} was not shipped as PTX: {CudaLibraries.Report.Line(CudaLibrary.Nvrtc)}");
        using Stream stream = entry.Open();
        byte[] image = new byte[entry.Length];
        stream.ReadExactly(image);
        return image;
    }

    private static ZipArchive Open() => new(Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!);
}
