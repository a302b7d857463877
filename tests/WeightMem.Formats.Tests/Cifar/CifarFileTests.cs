using WeightMem.Formats.Cifar;
using Xunit;

namespace WeightMem.Formats.Tests.Cifar;

public sealed class CifarFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Round_trips_both_sets()
    {
        foreach (CifarImages images in new[] { Made(CifarKind.Cifar10, 3), Made(CifarKind.Cifar100, 3) })
        {
            CifarFile.Write(_folder["a.bin"], images);
            CifarImages read = CifarFile.Read(_folder["a.bin"]);
            Assert.Equal(images.Kind, read.Kind);
            Assert.Equal(Text(images), Text(read));
            Assert.Equal([3L, 3L, 32L, 32L], read.Images.Shape);
        }
    }

    [Fact]
    public void Reads_the_bytes_in_the_order_of_the_format()
    {
        var file = new byte[2 * 3074];
        (file[3074], file[3075], file[3076], file[3076 + 1024 + 33]) = (19, 99, 7, 8);
        CifarImages read = CifarFile.Read(new MemoryStream(file), "a.bin");
        Assert.Equal(CifarKind.Cifar100, read.Kind);
        Assert.Equal([0L, 19L], read.CoarseLabels!.ToLongs());
        Assert.Equal([0L, 99L], read.Labels.ToLongs());
        byte[] pixels = read.Images.ElementsAs<byte>()!;
        Assert.Equal((7, 8), (pixels[3072], pixels[3072 + 1024 + 32 + 1])); // image 1: red (0, 0), green (1, 1)
    }

    [Theory]
    [InlineData(CifarKind.Cifar10)]
    [InlineData(CifarKind.Cifar100)]
    public void A_cut_file_is_refused_unless_the_cut_is_between_records(CifarKind kind)
    {
        var stream = new MemoryStream();
        CifarFile.Write(stream, Made(kind, 2));
        byte[] whole = stream.ToArray();
        int record = whole.Length / 2;

        // The format has no count: what is cut between two records is a whole, shorter file.
        for (int length = 0; length < whole.Length; length++)
        {
            var piece = new MemoryStream(whole, 0, length);
            if (length == record) Assert.Equal(1, CifarFile.Read(piece, "cut.bin", kind).Labels.Count);
            else Assert.StartsWith("cut.bin", Message(() => CifarFile.Read(piece, "cut.bin", kind)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_bad_label_is_named_with_its_place()
    {
        var ten = new byte[2 * 3073];
        ten[3073] = 10;
        Assert.Equal(
            "a.bin, byte 3073: expected a label of 0 to 9 for image 1, found 10", Message(() => CifarFile.Read(new MemoryStream(ten), "a.bin")));
        var hundred = new byte[3074];
        hundred[0] = 20;
        Assert.Contains("byte 0: expected a coarse label of 0 to 19", Message(() => CifarFile.Read(new MemoryStream(hundred), "a.bin")));
        (hundred[0], hundred[1]) = (19, 100);
        Assert.Contains("byte 1: expected a fine label of 0 to 99", Message(() => CifarFile.Read(new MemoryStream(hundred), "a.bin")));
    }

    [Fact]
    public void A_length_that_fits_both_needs_to_be_told()
    {
        var both = new byte[3073 * 3074];
        Assert.Contains("which fit both", Message(() => CifarFile.Read(new MemoryStream(both), "a.bin")), StringComparison.Ordinal);
        Assert.Equal(3074, CifarFile.Read(new MemoryStream(both), "a.bin", CifarKind.Cifar10).Labels.Count);
        Assert.Equal(3073, CifarFile.Read(new MemoryStream(both), "a.bin", CifarKind.Cifar100).Labels.Count);
        Assert.Contains("3000 bytes", Message(() => CifarFile.Read(new MemoryStream(new byte[3000]), "a.bin")), StringComparison.Ordinal);
    }

    [Fact]
    public void Images_are_checked_before_they_are_written()
    {
        NamedArray pixels = NamedArray.Of("i", new byte[3072], 1, 3, 32, 32);
        NamedArray label = NamedArray.Of("l", new byte[] { 9 }, 1);
        Assert.Throws<ArgumentException>(() => new CifarImages(CifarKind.Cifar10, NamedArray.Of("i", new byte[3072], 1, 32, 32, 3), label));
        Assert.Throws<ArgumentException>(() => new CifarImages(CifarKind.Cifar10, pixels, NamedArray.Of("l", new byte[] { 10 }, 1)));
        Assert.Throws<ArgumentException>(() => new CifarImages(CifarKind.Cifar10, pixels, NamedArray.Of("l", new byte[2], 2)));
        Assert.Throws<ArgumentException>(() => new CifarImages(CifarKind.Cifar10, pixels, label, label));
        Assert.Throws<ArgumentException>(() => new CifarImages(CifarKind.Cifar100, pixels, label));
        Assert.Equal(9, new CifarImages(CifarKind.Cifar100, pixels, label, label).Labels.ToLongs()[0]);
    }

    private static CifarImages Made(CifarKind kind, int count)
    {
        byte[] pixels = [.. Enumerable.Range(0, count * 3072).Select(i => (byte)(i * 7 + i / 256))];
        byte[] labels = [.. Enumerable.Range(0, count).Select(i => (byte)(9 - i))];
        return new CifarImages(
            kind,
            NamedArray.Of("images", pixels, count, 3, 32, 32),
            NamedArray.Of("labels", labels, count),
            kind == CifarKind.Cifar100 ? NamedArray.Of("coarse_labels", labels.Reverse().ToArray(), count) : null);
    }

    private static string Text(CifarImages images) =>
        CutFile.Text(images.Images) + CutFile.Text(images.Labels) + (images.CoarseLabels is null ? "" : CutFile.Text(images.CoarseLabels));

    private static string Message(Func<object> read) => Assert.Throws<FileFormatException>(read).Message;
}
