using System.IO.Compression;
using WeightMem.Formats.Numpy;
using Xunit;

namespace WeightMem.Formats.Tests.Numpy;

public sealed class NpzFileTests
{
    [Theory]
    [InlineData("stored.npz")]
    [InlineData("deflated.npz")]
    public void Reads_what_NumPy_writes(string name)
    {
        Dictionary<string, NamedArray> arrays = NpzFile.Read(Fixture(name)).ToDictionary(a => a.Name);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i / 8f), arrays["weights"].ToFloats());
        Assert.Equal([3, 4], arrays["weights"].Shape);
        Assert.Equal([0, 1, 2, 3, 4, 5], arrays["fortran"].ToLongs());
        Assert.Equal([2.5], arrays["scalar"].ToDoubles());
        Assert.Empty(arrays["scalar"].Shape);
        Assert.Equal([1L, 0L], arrays["flags"].ToLongs());
        Assert.Equal([new ComplexSingle(1, -2), new ComplexSingle(0, 0.5f)], arrays["complex"].ElementsAs<ComplexSingle>()!);
        Assert.Equal([0, 4], arrays["empty"].Shape);
        Assert.All(arrays["zeros"].ToFloats(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Refuses_members_that_are_no_numbers_and_lists_the_others()
    {
        var error = Assert.Throws<FileFormatException>(() => NpzFile.Read(Fixture("objects.npz")));
        Assert.Contains("objects.npz(words.npy)", error.Message, StringComparison.Ordinal);
        using ArrayFile file = ArrayFile.Open(Fixture("objects.npz"));
        Assert.Equal(["good"], file.Arrays.Select(a => a.Name));
        Assert.Contains("Python objects", file.Items.Single(i => i.Name == "things").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Round_trips_and_another_reader_finds_the_members()
    {
        using var stream = new MemoryStream();
        NpzFile.Write(stream, [NamedArray.Of("a/b", [1f, 2f], 2), NamedArray.Of("c", new[] { 7L })]);
        IReadOnlyList<NamedArray> arrays = NpzFile.Read(new MemoryStream(stream.ToArray()), "a.npz");
        Assert.Equal(["a/b", "c"], arrays.Select(a => a.Name));
        Assert.Equal([1f, 2f], arrays[0].ToFloats());
        using var archive = new ZipArchive(new MemoryStream(stream.ToArray()));
        Assert.Equal(["a/b.npy", "c.npy"], archive.Entries.Select(e => e.FullName));
        using Stream member = archive.Entries[0].Open();
        using var copy = new MemoryStream();
        member.CopyTo(copy);
        Assert.Equal([1f, 2f], NpyFile.Read(new MemoryStream(copy.ToArray()), "a.npy").ToFloats());
    }

    [Theory]
    [InlineData("stored.npz")]
    [InlineData("deflated.npz")]
    public void Reads_a_file_cut_at_every_byte(string name)
    {
        byte[] whole = File.ReadAllBytes(Fixture(name));
        (int refused, int equal) = CutFile.AtEveryByte(whole, s => NpzFile.Read(s, "cut.bin").Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal((whole.Length, 0), (refused, equal));
    }

    [Fact]
    public void Refuses_a_flipped_bit_in_the_data()
    {
        byte[] bytes = File.ReadAllBytes(Fixture("stored.npz"));
        int at = bytes.AsSpan().IndexOf(new byte[] { 0, 0, 0, 0x3E }); // 0.125
        bytes[at] ^= 1;
        var error = Assert.Throws<FileFormatException>(() => NpzFile.Read(new MemoryStream(bytes), "bad.npz"));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
        Assert.Contains("bad.npz(weights.npy)", error.Message, StringComparison.Ordinal);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "fixtures", name);
}
