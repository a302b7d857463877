using WeightMem.Formats.Meshes;
using Xunit;

namespace WeightMem.Formats.Tests.Meshes;

public sealed class OffFileTests
{
    private const string Body = "0 0 0\n1 0 0\n1 1.0 0\n0 1 0\n5e-1 .5 1\n4 0 3 2 1\n3 0 1 4\n3 1 2 4\n";

    [Theory]
    [InlineData("OFF\n5 3 0\n" + Body)]
    [InlineData("OFF 5 3 8\n" + Body)]
    [InlineData("OFF5 3 0\n" + Body)]
    [InlineData("OFF\r\n5 3\r\n" + Body)]
    [InlineData("# by hand\n\nOFF # mesh\n# counts\n5 3 0 # these\n\n# points\n" + Body + "# end\n\n")]
    [InlineData("COFF\n5 3 0\n0 0 0 255 0 0 255\n1 0 0 1 1 1 1\n1 1 0 0 0 0 0\n0 1 0 1 1 1 1\n.5 .5 1 1 1 1 1\n"
        + "4 0 3 2 1 0.5 0.5 0.5\n3 0 1 4 7\n3 1 2 4 255 255 255\n")]
    [InlineData("STCNOFF\n5 3 0\n" + Body)]
    public void Reads_all_spellings(string text) => Assert.Equal(MeshTexts.Pyramid, Show(text));

    [Fact]
    public void Reads_clouds_and_nothing()
    {
        Assert.Equal("1 2 3 ; ", Show("OFF\n1 0 0\n1 2 3"));
        Assert.Equal(" ; ", Show("OFF\n0 0 0\n"));
    }

    [Theory]
    [InlineData("", "'OFF' and counts in line 1, found the end of the file")]
    [InlineData("ply\n", "'OFF' and counts")]
    [InlineData("4OFF\n1 0 0\n1 2 3 4\n", "'OFF' and counts")]
    [InlineData("OFF BINARY\n", "counts")]
    [InlineData("OFF\n", "the end of the file")]
    [InlineData("OFF\n5\n", "counts of vertices and faces")]
    [InlineData("OFF\n5 3 0 1\n", "two or three counts")]
    [InlineData("OFF\n-5 3 0\n", "two or three counts")]
    [InlineData("OFF\n268435457 3 0\n", "two or three counts of 0 to 268435456")]
    [InlineData("OFF\n99999999999999999999 3 0\n", "two or three counts")]
    [InlineData("OFF\n1 0 0\n1 23\n", "three coordinates in line 3, found '1 23'")]
    [InlineData("OFF\n1 0 0\n1 2 nan\n", "finite coordinate in line 3, found 'nan'")]
    [InlineData("OFF\n1 0 0\n1 2 3\n4 5 6\n", "the end of the file after 1 vertices and 0 faces in line 4, found '4 5 6'")]
    [InlineData("OFF\n2 0 0\n1 2 3         \n", "vertex 1 of 2")]
    [InlineData("OFF\n1 1 0\n1 2 3\n3 0 0 1\n", "a corner of 0 to 0 in line 4, found '1'")]
    [InlineData("OFF\n1 1 0\n1 2 3\n3 0 0 -1\n", "a corner of 0 to 0")]
    [InlineData("OFF\n1 1 0\n1 2 3\n3 0 0      \n", "3 corners")]
    [InlineData("OFF\n1 1 0\n1 2 3\n2 0 0      \n", "3 corners or more")]
    [InlineData("OFF\n1 1 0\n1 2 3\n2147483647 0 0 0\n", "2147483647 corners")]
    public void Refuses_damage_with_its_line(string text, string said) => Assert.Contains(said, Message(text), StringComparison.Ordinal);

    [Fact]
    public void Counts_are_checked_against_the_bytes_left_before_allocating()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("7 bytes to the end", Message("OFF\n200000000 0 0\n1 2 3 4"), StringComparison.Ordinal);
        Assert.Contains("6 bytes to the end", Message("OFF\n1 200000000 0\n1 2 3\n"), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Round_trips_bits()
    {
        using var folder = new TemporaryFolder();
        foreach (MeshData mesh in new[] { MeshTexts.Awkward(), new MeshData([1, 2, 3], []), new MeshData([], []) })
        {
            OffFile.Write(folder["a.off"], mesh);
            MeshData read = OffFile.Read(folder["a.off"]);
            Assert.Equal(mesh.Vertices.Select(BitConverter.DoubleToInt64Bits), read.Vertices.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(mesh.Triangles, read.Triangles);
        }
    }

    [Fact]
    public void Reads_a_file_cut_at_every_byte()
    {
        // The counts give every cut away but two: the last line's missing end, and a last number cut to a shorter one that is a vertex too.
        const string Whole = "OFF\n12 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n5 5 1\n0 2 0\n0 3 0\n0 4 0\n0 5 0\n0 6 0\n0 7 0\n0 8 0\n4 0 3 2 1\n3 0 3 11\n";
        Assert.EndsWith("| 0 3 1", Show(Whole[..^2]), StringComparison.Ordinal);
        Assert.Equal(Show(Whole), Show(Whole[..^1]));
        for (int length = 0; length < Whole.Length - 2; length++)
            Assert.StartsWith("bad.off, byte ", Message(Whole[..length]), StringComparison.Ordinal);
    }

    private static string Show(string text) => MeshTexts.Show(OffFile.Read(MeshTexts.Stream(text), "a.off"));

    private static string Message(string text) =>
        Assert.Throws<FileFormatException>(() => OffFile.Read(MeshTexts.Stream(text), "bad.off")).Message;
}
