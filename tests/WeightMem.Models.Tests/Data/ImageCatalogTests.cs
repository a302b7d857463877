using WeightMem.Formats;
using WeightMem.Formats.Idx;
using WeightMem.Models.Data;
using Xunit;

namespace WeightMem.Models.Tests.Data;

public sealed class ImageCatalogTests : IDisposable
{

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_shipped_set_loads_and_looks_like_what_it_is()
    {
        (ImageSet train, ImageSet test) = ImageCatalog.Load(ImageCatalog.Default);
        Assert.Equal((12000, 2500), (train.Count, test.Count));
        Assert.Equal((784, 10), (train.Features, train.Classes));
        foreach (ImageSet set in new[] { train, test })
        {
            foreach (IGrouping<int, int> label in set.Labels.GroupBy(l => l))
                Assert.InRange(label.Count(), set.Count / 10 * 0.85, set.Count / 10 * 1.15);
            Assert.Equal(10, set.Labels.Distinct().Count());
            Assert.InRange(set.Pixels.Average(), -0.02, 0.02);
            Assert.InRange(Math.Sqrt(set.Pixels.Average(p => (double)p * p)), 0.98, 1.02);
            Assert.Equal(-0.2860f / 0.3530f, set.Pixels.Min(), 1e-6f);
            Assert.Equal((1 - 0.2860f) / 0.3530f, set.Pixels.Max(), 1e-6f);
        }

        // The first training image of Fashion-MNIST is an ankle boot, the second a T-shirt; the first test image a boot too.
        Assert.Equal([9, 0, 0, 3, 0], train.Labels[..5]);
        Assert.Equal([9, 2, 1, 1, 6], test.Labels[..5]);
        ImageSet pooled = test.AveragePool(4);
        Assert.Equal((7, 7, 49, 2500), (pooled.Height, pooled.Width, pooled.Features, pooled.Count));
        Assert.Equal(test.Pixels.Average(), pooled.Pixels.Average(), 1e-3);
    }

    [Fact]
    public void Lists_all_sets_and_finds_the_shipped_one()
    {
        IReadOnlyList<ImageListing> list = ImageCatalog.List();
        Assert.Equal(["fashion-mnist-small", "fashion-mnist", "mnist"], list.Select(l => l.Source.Name));
        Assert.True(list[0].Present);
        Assert.All(list, l => Assert.All(l.Source.Files, f => Assert.Equal(64, f.Sha256.Length)));
        Assert.Equal(12, list.SelectMany(l => l.Source.Files).Select(f => f.Sha256).Distinct().Count());
    }

    /// <summary>One file is enough to run a study: the shipped images are read where there is no folder of them.</summary>
    [Fact]
    public void The_shipped_set_is_inside_the_program()
    {
        foreach (ImageFile file in ImageSource.FashionMnistSmall.Files) Assert.NotEmpty(ImageCatalog.Verified(ImageSource.FashionMnistSmall, null, file));
        Assert.True(ImageFolders.IsInside(ImageSource.FashionMnistSmall));
        Assert.False(ImageFolders.IsInside(ImageSource.Mnist));
    }

    [Fact]
    public void An_unknown_set_suggests_the_nearest()
    {
        string message = Assert.Throws<ImageSetException>(() => ImageCatalog.Load("fashon-mnist")).Message;
        Assert.StartsWith("unknown image set fashon-mnist; did you mean fashion-mnist?", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Get_takes_a_folder_and_the_copy_loads()
    {
        using var other = new TemporaryFolder();
        string first = ImageCatalog.Get(ImageCatalog.Default, other.Path, cancellation: TestContext.Current.CancellationToken);
        string folder = ImageCatalog.Get(ImageCatalog.Default, _folder.Path, from: first, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(_folder[ImageCatalog.Default], folder);
        Assert.Equal(4, Directory.GetFiles(folder).Length);
        (ImageSet train, _) = ImageCatalog.Load(ImageCatalog.Default, _folder.Path);
        Assert.Equal(12000, train.Count);
    }

    [Fact]
    public void A_folder_without_the_files_is_named()
    {
        string message = Assert.Throws<ImageSetException>(() => ImageCatalog.Load("mnist", _folder.Path)).Message;
        Assert.Equal($"{_folder.Path} has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz, which mnist needs", message);
    }

    [Fact]
    public void A_changed_a_cut_and_another_file_are_refused()
    {
        string labels = Path.Combine(ImageCatalog.Get(ImageCatalog.Default, _folder.Path, cancellation: TestContext.Current.CancellationToken), "train-labels-idx1-ubyte.gz");
        byte[] whole = File.ReadAllBytes(labels);

        byte[] changed = IdxFile.Read(labels).ElementsAs<byte>()!;
        changed[77] = (byte)((changed[77] + 1) % 10);
        IdxFile.Write(labels, NamedArray.Of("labels", changed, changed.Length));
        Assert.Contains("with SHA-256 d3ceaa7f", Message(), StringComparison.Ordinal);

        IdxFile.Write(labels, NamedArray.Of("labels", changed[..100], 100));
        Assert.Contains("expected 12000 labels", Message(), StringComparison.Ordinal);

        File.WriteAllBytes(labels, whole[..(whole.Length / 2)]);
        Assert.Contains(labels, Assert.Throws<FileFormatException>(Load).Message, StringComparison.Ordinal);

        void Load() => ImageCatalog.Load(ImageCatalog.Default, _folder.Path);
        string Message() => Assert.Throws<ImageSetException>(Load).Message;
    }

    [Fact]
    public void A_missing_tool_and_a_failing_tool_are_one_line()
    {
        var missing = Assert.Throws<ImageSetException>(() =>
            ExternalTool.Run("no-such-tool-at-all", [], _folder.Path, CancellationToken.None));
        Assert.StartsWith("no-such-tool-at-all is not installed", missing.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsWindows()) return;
        var failing = Assert.Throws<ImageSetException>(() =>
            ExternalTool.Run("sh", ["-c", "echo first >&2; echo last words >&2; exit 7"], _folder.Path, CancellationToken.None));
        Assert.EndsWith("failed with code 7: last words", failing.Message, StringComparison.Ordinal);
        var telling = Assert.Throws<ImageSetException>(() =>
            ExternalTool.Run("sh", ["-c", "echo E: no such package >&2; echo see the log >&2; exit 1"], _folder.Path, CancellationToken.None));
        Assert.EndsWith("failed with code 1: E: no such package", telling.Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ExternalTool.Run("sh", ["-c", "sleep 600"], _folder.Path, cancelled.Token));
    }
}
