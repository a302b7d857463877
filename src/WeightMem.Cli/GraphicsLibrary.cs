using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using WeightMem.Cuda.Kernels;

namespace WeightMem.Cli;

/// <summary>
/// The native library that draws figures. The published file holds it deflated and unpacks it when the first figure is drawn: half the size, nothing
/// to unpack for a command that draws nothing, and a home that cannot be written is no obstacle. Other builds have it beside them.
/// </summary>
internal static class GraphicsLibrary
{
    private const string Resource = "graphics.zip", Name = "libSkiaSharp";

    // The runtime asks again for every function of the library.
    private static readonly Lazy<nint> s_library = new(Load);

    /// <summary>Lets the runtime find the library inside this program when it is nowhere else.</summary>
    public static void Offer() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == Name ? s_library.Value : 0;

    private static nint Load()
    {
        using Stream? packed = typeof(GraphicsLibrary).Assembly.GetManifestResourceStream(Resource);
        if (packed is null) return 0;
        string version = Convert.ToHexStringLower(SHA256.HashData(packed).AsSpan(0, 8));
        packed.Position = 0;
        using var archive = new ZipArchive(packed);
        ZipArchiveEntry library = archive.Entries.Single();
        if (UserCache.Folder is { } cache)
        {
            string kept = Path.Combine(cache, "graphics", version, library.Name);
            try
            {
                if (!File.Exists(kept) || new FileInfo(kept).Length != library.Length) Unpack(library, kept);
                return NativeLibrary.Load(kept);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or DllNotFoundException)
            {
                // A home that is read-only, full, or mounted without the right to execute: the folder for temporary files may be none of these.
            }
        }

        string folder = Directory.CreateTempSubdirectory("weightmem-").FullName, temporary = Path.Combine(folder, library.Name);
        try
        {
            library.ExtractToFile(temporary);
            return NativeLibrary.Load(temporary);
        }
        finally
        {
            // A loaded library stays loaded without its name, except on Windows, where every user has a folder for caches.
            if (!OperatingSystem.IsWindows()) Directory.Delete(folder, recursive: true);
        }
    }

    // Two programs may unpack at once: each writes a name of its own and renames it.
    private static void Unpack(ZipArchiveEntry library, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string part = $"{path}.{Environment.ProcessId}";
        try
        {
            library.ExtractToFile(part, overwrite: true);
            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }
}
