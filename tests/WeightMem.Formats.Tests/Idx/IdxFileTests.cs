using System.IO.Compression;
using WeightMem.Formats.Idx;
using Xunit;

namespace WeightMem.Formats.Tests.Idx;

public sealed class IdxFileTests : IDisposable
{
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reads_plain_and_gzipped_and_writes_both()
    {
        NamedArray array = IdxFile.Read(new MemoryStream(Images), "i.idx");
        Assert.Equal([2L, 2L, 3L], array.Shape);
        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), array.ToLongs());
        IdxFile.Write(_folder["a-idx3-ubyte"], array);
        IdxFile.Write(_folder["a-idx3-ubyte.gz"], array);
        Assert.Equal(Images, File.ReadAllBytes(_folder["a-idx3-ubyte"]));
        Assert.Equal(0x1F, File.ReadAllBytes(_folder["a-idx3-ubyte.gz"])[0]);
        foreach (string name in new[] { "a-idx3-ubyte", "a-idx3-ubyte.gz" })
        {
            Assert.Equal(CutFile.Text(array), CutFile.Text(IdxFile.Read(_folder[name])));
            Assert.Equal("a-idx3-ubyte", IdxFile.Read(_folder[name]).Name);
            Assert.Equal([2L, 2L, 3L], IdxFile.ReadShape(_folder[name]));
        }
    }

    [Fact]
    public void Reads_a_file_cut_at_every_byte()
    {
        Assert.Equal((Images.Length, 0), CutFile.AtEveryByte(Images, s => CutFile.Text(IdxFile.Read(s, "cut.bin"))));
        byte[] zipped = Zip(Images);
        (int refused, int equal) = CutFile.AtEveryByte(zipped, s => CutFile.Text(IdxFile.Read(s, "cut.bin")));

        // Cut inside gzip's own last eight bytes (checksum and length), the content is whole.
        Assert.Equal(zipped.Length, refused + equal);
        Assert.InRange(equal, 0, 9);
    }

    [Fact]
    public void Refuses_trailing_bytes_other_types_and_damaged_gzip()
    {
        Assert.Contains("more bytes", Message([.. Images, 0]), StringComparison.Ordinal);
        Assert.Contains("more bytes (inflated)", Message(Zip([.. Images, 0])), StringComparison.Ordinal);
        Assert.Contains("00 00 0D 01", Message([0, 0, 0x0D, 1, 0, 0, 0, 0]), StringComparison.Ordinal);
        Assert.Contains("00 00 08 00", Message([0, 0, 8, 0]), StringComparison.Ordinal);
        byte[] damaged = Zip(Images);
        damaged[12] ^= 0xFF;
        Assert.StartsWith("bad.idx", Message(damaged), StringComparison.Ordinal);
    }

    [Fact]
    public void Huge_sizes_do_not_allocate()
    {
        byte[] huge = [0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3];
        byte[] large = [0, 0, 8, 1, 0x70, 0, 0, 0, 1, 2, 3];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] bytes in new[] { huge, large, Zip(huge), Zip(large) })
            Assert.Contains("can hold at most", Message(bytes), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    private static string Message(byte[] bytes) =>
        Assert.Throws<FileFormatException>(() => IdxFile.Read(new MemoryStream(bytes), "bad.idx")).Message;

    private static byte[] Zip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var zip = new GZipStream(stream, CompressionLevel.Optimal)) zip.Write(bytes);
        return stream.ToArray();
    }
}
