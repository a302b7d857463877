using WeightMem.Formats;
using WeightMem.Formats.Idx;

namespace WeightMem.Models.Data;

/// <summary>Finds the files of an image set: the folder that holds them, or the resources of the program.</summary>
internal static class ImageFolders
{
    /// <summary>The variable that names a folder of image sets.</summary>
    public const string Variable = "WEIGHTMEM_DATA";

    /// <summary>Where Debian's package puts the whole of Fashion-MNIST.</summary>
    public const string DebianFashionMnist = "/usr/share/datasets/fashion-mnist";

    /// <summary>The first folder that holds a set, or null.</summary>
    public static string? Find(ImageSource source) => Candidates(source).FirstOrDefault(folder => Holds(folder, source));

    /// <summary>The folder that a user's folder means: itself, or the folder of the set's name in it; null for null.</summary>
    public static string? Given(string? folder, ImageSource source)
    {
        if (folder is null) return null;
        string inner = Path.Combine(folder, source.Name);
        return File(folder, source.Train.Images) is null && Directory.Exists(inner) ? inner : folder;
    }

    /// <summary>The path of a file in a folder, gzipped or not, or null when there is none.</summary>
    public static string? File(string folder, ImageFile file)
    {
        string plain = Path.Combine(folder, file.Name);
        if (System.IO.File.Exists(plain + ".gz")) return plain + ".gz";
        return System.IO.File.Exists(plain) ? plain : null;
    }

    /// <summary>Whether a set is inside the program.</summary>
    public static bool IsInside(ImageSource source) => typeof(ImageFolders).Assembly.GetManifestResourceInfo(Inside(source, source.Train.Images)) is not null;

    /// <summary>The name of a file inside the program.</summary>
    public static string Inside(ImageSource source, ImageFile file) => $"data/{source.Name}/{file.Name}.gz";

    /// <summary>Opens a file inside the program.</summary>
    public static Stream Open(string name) => typeof(ImageFolders).Assembly.GetManifestResourceStream(name)!;

    /// <summary>Every folder that may hold a set, the likeliest first.</summary>
    public static IEnumerable<string> Candidates(ImageSource source)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } data)
        {
            yield return Path.Combine(data, source.Name);
            yield return data;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            yield return Path.Combine(at.FullName, "data", source.Name);
        yield return Path.Combine(Environment.CurrentDirectory, "data", source.Name);
        if (source == ImageSource.FashionMnist) yield return DebianFashionMnist;
    }

    /// <summary>
    /// Whether a folder has the four files of a set, told by their numbers of images: small and whole sets have the same file names.
    /// What is in them is checked when they are read.
    /// </summary>
    private static bool Holds(string folder, ImageSource source)
    {
        try
        {
            return source.Files.All(file => File(folder, file) is { } path && IdxFile.ReadShape(path)[0] == file.Count);
        }
        catch (FileFormatException)
        {
            return false;
        }
    }
}
