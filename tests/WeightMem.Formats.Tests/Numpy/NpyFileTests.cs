using System.Text;
using WeightMem.Formats.Numpy;
using Xunit;

namespace WeightMem.Formats.Tests.Numpy;

public sealed class NpyFileTests
{
    [Fact]
    public void Round_trips_every_type_and_rank()
    {
        NamedArray[] arrays =
        [
            NamedArray.Of("a", [1.5f, float.NaN, -0f, float.Epsilon], 2, 2),
            NamedArray.Of("a", [Math.PI, double.NegativeInfinity], 2),
            NamedArray.Of("a", [(Half)0.5f, Half.MaxValue], 1, 2, 1),
            NamedArray.Of("a", new[] { byte.MinValue, byte.MaxValue }, 2),
            NamedArray.Of("a", new[] { sbyte.MinValue, sbyte.MaxValue }, 2),
            NamedArray.Of("a", new[] { ushort.MinValue, ushort.MaxValue }, 2),
            NamedArray.Of("a", new[] { short.MinValue, short.MaxValue }, 2),
            NamedArray.Of("a", new[] { uint.MinValue, uint.MaxValue }, 2),
            NamedArray.Of("a", new[] { int.MinValue, int.MaxValue }, 2),
            NamedArray.Of("a", new[] { 0UL, 1UL << 63 }, 2),
            NamedArray.Of("a", new[] { long.MinValue, 5L }, 2),
            NamedArray.Of("a", new[] { true, false, true }, 3),
            NamedArray.Of("a", new[] { 7f }),
            NamedArray.Of("a", Array.Empty<float>(), 3, 0, 5),
        ];
        foreach (NamedArray array in arrays)
        {
            using var stream = new MemoryStream();
            NpyFile.Write(stream, array);
            Assert.Equal(CutFile.Text(array), CutFile.Text(NpyFile.Read(new MemoryStream(stream.ToArray()), "a.npy")));
        }
    }

    [Fact]
    public void Reads_a_file_cut_at_every_byte()
    {
        using var stream = new MemoryStream();
        NpyFile.Write(stream, NamedArray.Of("a", [1f, 2f, 3f, 4f, 5f, 6f], 2, 3));
        byte[] whole = stream.ToArray();
        (int refused, int equal) = CutFile.AtEveryByte(whole, s => CutFile.Text(NpyFile.Read(s, "cut.bin")));
        Assert.Equal((whole.Length, 0), (refused, equal));
    }

    [Theory]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "Python objects")]
    [InlineData("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "structured")]
    [InlineData("{'descr': '<U8', 'fortran_order': False, 'shape': (1,)}", "'<U8'")]
    [InlineData("{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", "'|f4'")]
    [InlineData("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", "True or False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "a size of 0 or more")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "past 64 bits")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904)}", "elements")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000,)}", "8000000000 bytes")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,)}", "elements")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "without one of them")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "twice")]
    [InlineData("{'descr': '<f4', 'evil': '<f4'}", "'evil'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} extra", "the end of the header")]
    [InlineData("{'descr': '<f4", "closing quote")]
    [InlineData("[1]", "'{'")]
    public void Refuses_hostile_headers_before_allocating(string header, string said)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<FileFormatException>(() => NpyFile.Read(File(1, header, [0, 0, 128, 63]), "bad.npy"));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("bad.npy, byte ", error.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Refuses_trailing_bytes_other_files_and_other_versions()
    {
        const string Header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
        Assert.Contains("1 more bytes", Message(File(1, Header, [0, 0, 128, 63, 0])), StringComparison.Ordinal);
        Assert.Contains("version", Message(File(4, Header, [0, 0, 128, 63])), StringComparison.Ordinal);
        Assert.Contains("50 4B 03 04", Message(new MemoryStream([0x50, 0x4B, 3, 4, 0, 0, 0, 0])), StringComparison.Ordinal);

        static string Message(Stream stream) => Assert.Throws<FileFormatException>(() => NpyFile.Read(stream, "bad.npy")).Message;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Reads_all_versions_byte_orders_and_fortran_order(int version)
    {
        // 2 x 3 in Fortran order, big-endian int16: columns (1, 4), (2, 5), (3, 6).
        NamedArray array = NpyFile.Read(
            File(version, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]), "f.npy");
        Assert.Equal([1, 2, 3, 4, 5, 6], array.ToLongs());
        Assert.Equal([2L, 3L], array.Shape);
        Assert.Equal("f", array.Name);
    }

    [Fact]
    public void Reads_what_numpy_wrote()
    {
        foreach (string path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "fixtures"), "*.npy"))
        {
            NamedArray array = NpyFile.Read(path);
            Assert.Equal([2L, 3L, 4L], array.Shape);
            double[] expected = array.Type == ElementType.Boolean
                ? [.. Enumerable.Range(0, 24).Select(i => i % 3 == 0 ? 1.0 : 0.0)]
                : [.. Enumerable.Range(0, 24).Select(i => (double)i)];
            Assert.Equal(expected, array.ToDoubles());
        }

        Assert.Equal(26, Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "fixtures"), "*.npy").Length);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_clear()
    {
        string missing = Assert.Throws<FileReadException>(() => NpyFile.Read("no-such.npy")).Message;
        Assert.Equal("cannot read no-such.npy: there is no such file", missing);
        string folder = AppContext.BaseDirectory;
        Assert.Equal($"cannot read {folder}: it is a folder", Assert.Throws<FileReadException>(() => NpyFile.Read(folder)).Message);
    }

    private static MemoryStream File(int version, string header, byte[] data)
    {
        byte[] text = Encoding.ASCII.GetBytes(header + "\n");
        byte[] size = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes((uint)text.Length);
        return new MemoryStream([0x93, .. "NUMPY"u8, (byte)version, 0, .. size, .. text, .. data]);
    }
}
