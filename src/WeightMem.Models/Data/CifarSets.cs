using WeightMem.Formats;
using WeightMem.Formats.Cifar;

namespace WeightMem.Models.Data;

/// <summary>CIFAR-10 and CIFAR-100 from a folder of their binary files. They come with no checksum here, and are not fetched.</summary>
internal static class CifarSets
{
    private static readonly Dictionary<string, (CifarKind Kind, string[] Train, string[] Test)> Files = new()
    {
        ["cifar10"] = (CifarKind.Cifar10, ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"], ["test_batch.bin"]),
        ["cifar100"] = (CifarKind.Cifar100, ["train.bin"], ["test.bin"]),
    };

    /// <summary>Whether a name is one of the two.</summary>
    public static bool Knows(string name) => Files.ContainsKey(name);

    /// <summary>Loads a set; pixels are divided by 255.</summary>
    /// <param name="name"><c>cifar10</c> or <c>cifar100</c>.</param>
    /// <param name="folder">The folder of the binary files, or one with a folder of the set's name; null for what <c>WEIGHTMEM_DATA</c> names.</param>
    /// <exception cref="ImageSetException">There is no folder, or a file is not in it.</exception>
    /// <exception cref="FileFormatException">A file is cut or damaged.</exception>
    public static (ImageSet Train, ImageSet Test) Load(string name, string? folder)
    {
        (CifarKind kind, string[] train, string[] test) = Files[name];
        string asked = folder ?? Environment.GetEnvironmentVariable(ImageFolders.Variable) ?? throw new ImageSetException(
            $"image set {name} is not here: name the folder of its binary files ({string.Join(", ", train.Concat(test))}) with --data-folder or in {ImageFolders.Variable}");
        string inner = Path.Combine(asked, name), found = Directory.Exists(inner) ? inner : asked;
        return (Join($"{name}/train", kind, found, train), Join($"{name}/test", kind, found, test));
    }

    private static ImageSet Join(string name, CifarKind kind, string folder, string[] files)
    {
        var pixels = new List<float[]>();
        var labels = new List<int>();
        foreach (string file in files)
        {
            string path = Path.Combine(folder, file);
            if (!File.Exists(path)) throw new ImageSetException($"{folder} has no {file}, which {name} needs");
            CifarImages images = CifarFile.Read(path, kind);
            pixels.Add(Array.ConvertAll(images.Images.ElementsAs<byte>()!, b => b / 255f));
            labels.AddRange(images.Labels.ElementsAs<byte>()!.Select(l => (int)l));
        }

        return new ImageSet(name, pixels.Count == 1 ? pixels[0] : [.. pixels.SelectMany(p => p)], [.. labels], 3, CifarFile.Side, CifarFile.Side, kind == CifarKind.Cifar10 ? 10 : 100);
    }
}
