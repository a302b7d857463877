using WeightMem.Formats;
using WeightMem.Formats.Cifar;
using WeightMem.Models.Data;
using Xunit;

namespace WeightMem.Models.Tests.Data;

/// <summary>CIFAR from a folder.</summary>
public sealed class CifarSetsTests
{
    [Fact]
    public void Cifar100_comes_from_a_folder_of_binary_files()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no train.bin", Assert.Throws<ImageSetException>(() => ImageCatalog.Load("cifar100", folder.Path)).Message, StringComparison.Ordinal);
        Write("train.bin", 3);
        Write("test.bin", 2);
        (ImageSet train, ImageSet test) = ImageCatalog.Load("cifar100", folder.Path);
        Assert.Equal((3, 2, 3, 32, 100), (train.Count, test.Count, train.Channels, train.Height, train.Classes));
        Assert.Equal([7, 8, 9], train.Labels);
        Assert.Equal(1f, train.Pixels.Max(), 1e-6);
        File.WriteAllBytes(folder["test.bin"], new byte[100]);
        Assert.Throws<FileFormatException>(() => ImageCatalog.Load("cifar100", folder.Path));

        void Write(string name, int count) => CifarFile.Write(folder[name], new CifarImages(
            CifarKind.Cifar100, NamedArray.Of("images", [.. Enumerable.Range(0, count * 3072).Select(i => (byte)(i % 256))], count, 3, 32, 32),
            NamedArray.Of("labels", [.. Enumerable.Range(7, count).Select(i => (byte)i)], count), NamedArray.Of("coarse_labels", new byte[count], count)));
    }
}
