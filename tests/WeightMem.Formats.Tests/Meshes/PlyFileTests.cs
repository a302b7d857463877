using WeightMem.Formats.Meshes;
using Xunit;

namespace WeightMem.Formats.Tests.Meshes;

public sealed class PlyFileTests
{
    private const string Xyz = "property float x\nproperty float y\nproperty float z\n";
    private const string Head = "ply\nformat ascii 1.0\nelement vertex 1\n" + Xyz;
    private const string Face = "element face 1\nproperty list uchar int vertex_indices\nend_header\n1 2 3\n";

    [Theory]
    [InlineData("ascii")]
    [InlineData("binary_little_endian")]
    [InlineData("binary_big_endian")]
    public void Passes_over_properties_and_elements_of_all_kinds(string encoding) =>
        Assert.Equal(MeshTexts.Pyramid, MeshTexts.Show(PlyFile.Read(MeshTexts.Fixture($"pyramid-{encoding}.ply"))));

    [Theory]
    [InlineData("ascii", 2)]
    [InlineData("binary_little_endian", 0)]
    [InlineData("binary_big_endian", 0)]
    public void Reads_a_file_cut_at_every_byte(string encoding, int unseen)
    {
        // Text may end without its last line end; a cut within the very last number (here of one digit) would leave a number.
        byte[] whole = File.ReadAllBytes(MeshTexts.Fixture($"pyramid-{encoding}.ply"));
        (int refused, int equal) = CutFile.AtEveryByte(whole, s => MeshTexts.Show(PlyFile.Read(s, "cut.bin")));
        Assert.Equal((whole.Length - unseen / 2, unseen / 2), (refused, equal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Round_trips_bits(bool ascii)
    {
        using var folder = new TemporaryFolder();
        foreach (MeshData mesh in new[] { MeshTexts.Awkward(), new MeshData([1, 2, 3], []), new MeshData([], []) })
        {
            PlyFile.Write(folder["a.ply"], mesh, ascii);
            MeshData read = PlyFile.Read(folder["a.ply"]);
            Assert.Equal(mesh.Vertices.Select(BitConverter.DoubleToInt64Bits), read.Vertices.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(mesh.Triangles, read.Triangles);
        }
    }

    [Fact]
    public void Reads_every_line_end_and_faces_before_vertices()
    {
        const string Text = "ply\nformat ascii 1.0\nelement face 1\nproperty list uchar int vertex_index\nelement vertex 3\n" + Xyz
            + "end_header\n3 0 1 2\n0 0 0\n1 0 0\n\n0 1 0";
        foreach (string end in new[] { "\n", "\r\n", "\r" })
            Assert.Equal("0 0 0 | 1 0 0 | 0 1 0 ; 0 1 2", Show(Text.Replace("\n", end, StringComparison.Ordinal)));

        // A binary body behind each line end; its first byte is a line feed.
        string body = "\n" + new string('\0', 11);
        foreach (string end in new[] { "\n", "\r\n", "\r" })
        {
            string header = "ply\nformat binary_little_endian 1.0\nelement vertex 1\n" + Xyz.Replace("float", "int", StringComparison.Ordinal)
                + "end_header\n";
            Assert.Equal("10 0 0 ; ", Show(header.Replace("\n", end, StringComparison.Ordinal) + body));
        }
    }

    [Theory]
    [InlineData("", "'ply' in line 1, found no such word")]
    [InlineData("OFF\n", "'ply' in line 1, found 'OFF'")]
    [InlineData("ply\n", "'end_header' in line 2, found the end of the file")]
    [InlineData("ply\nformat ascii 2.0\n", "a PLY header line in line 2, found 'format ascii 2.0'")]
    [InlineData("ply\nformat latin 1.0\n", "a PLY header line")]
    [InlineData("ply\nformat ascii 1.0\nformat ascii 1.0\n", "a PLY header line in line 3")]
    [InlineData("ply\nproperty int x\n", "a PLY header line")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex -1\n", "a PLY header line")]
    [InlineData("ply\nelement vertex 1\nelement vertex 1\n", "a PLY header line in line 3")]
    [InlineData("ply\nelement vertex 1\nproperty half x\n", "a PLY header line")]
    [InlineData("ply\nelement vertex 1\nproperty list float int x\n", "a PLY header line")]
    [InlineData("ply\nelement vertex 1\nproperty int x\nproperty int x\n", "a property of a new name")]
    [InlineData("ply\nelement vertex 0\nend_header\n", "a line 'format ...'")]
    [InlineData("ply\nformat ascii 1.0\nend_header\n", "an element 'vertex'")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 0\nproperty int x\nproperty list int int y\nend_header\n", "a property 'y'")]
    [InlineData("ply\nformat ascii 1.0\nelement hole 9999999999\nend_header\n", "properties of element 'hole'")]
    [InlineData(Head + "element face 1\nproperty int a\nend_header\n1 2 3\n1\n", "one list 'vertex_indices'")]
    [InlineData(Head + "end_header\n1 2\n   ", "more numbers in line 8")]
    [InlineData(Head + "end_header\n1 2 3 4\n", "the end of the line in line 8, found '4'")]
    [InlineData(Head + "end_header\n1 2 3\n4\n", "the end of the file in line 9, found '4'")]
    [InlineData(Head + "end_header\n1 2 nan\n", "a finite number in line 8, found 'nan'")]
    [InlineData(Head + Face + "3 0 0 1\n", "a corner of 0 to 0 in face 0 in line 11, found 1")]
    [InlineData(Head + Face + "3 0 0 -1\n", "a corner of 0 to 0")]
    [InlineData(Head + Face + "3 0 0 0.5\n", "a number of type Int32 in line 11, found '0.5'")]
    [InlineData(Head + Face + "2 0 0\n", "3 corners or more of face 0")]
    [InlineData(Head + Face + "256 0 0\n", "a number of type UInt8")]
    [InlineData(Head + Face + "255 0 0\n", "more numbers")]
    [InlineData(Head + Face + "\n\n\n\n", "row 0 of 1 of element 'face'")]
    public void Refuses_damage_with_its_line(string text, string said) => Assert.Contains(said, Message(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("\0\0\u00C0\u007F", "\u0003\0\0\0", "byte 169: expected a finite coordinate of vertex 0, found NaN")]
    [InlineData("\0\0\0\0", "\u0002\0\0\0", "byte 177: expected 3 corners or more of face 0, found 2")]
    [InlineData("\0\0\0\0", "\u00FF\u00FF\u00FF\u00FF", "byte 177: expected a list's length of 0 or more, found -1")]
    [InlineData("\0\0\0\0", "\u00FF\u00FF\u00FF\u007F", "byte 193: expected 4 bytes of a number")]
    [InlineData("\0\0\0\0", "\u0003\0\0\0", "1 more bytes")]
    public void Refuses_damaged_binary_bodies_with_their_place(string y, string corners, string said)
    {
        const string Header = "ply\nformat binary_little_endian 1.0\nelement vertex 1\n" + Xyz
            + "element face 1\nproperty list int int vertex_index\nend_header\n";
        string more = corners == "\u0003\0\0\0" ? "\0" : "";
        string message = Message(Header + "\0\0\0\0" + y + "\0\0\0\0" + corners + new string('\0', 12) + more);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_and_lists_are_checked_against_the_bytes_left_before_allocating()
    {
        const string Binary = "ply\nformat binary_big_endian 1.0\nelement vertex ";
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("200000000 rows of element 'vertex'", Message(Binary + "200000000\n" + Xyz + "end_header\n"), StringComparison.Ordinal);
        Assert.Contains("9223372036854775807 rows", Message(Binary + "9223372036854775807\n" + Xyz + "end_header\n"), StringComparison.Ordinal);
        Assert.Contains("a PLY header line", Message(Binary + "9223372036854775808\n" + Xyz + "end_header\n"), StringComparison.Ordinal);
        string list = Binary + "1\n" + Xyz + "property list uint double w\nend_header\n" + new string('\0', 12) + "\u00FF\u00FF\u00FF\u00FF";
        Assert.Contains("34359738360 bytes of a property", Message(list), StringComparison.Ordinal);
        string many = "ply\nelement a 0\n" + string.Concat(Enumerable.Range(0, 1001).Select(i => $"property int p{i}\n"));
        Assert.Contains("at most 1000 elements and properties", Message(many), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20);
    }

    [Fact]
    public void A_mesh_is_checked_when_it_is_made()
    {
        Assert.Throws<ArgumentException>(() => new MeshData([1, 2], []));
        Assert.Throws<ArgumentException>(() => new MeshData([1, 2, double.NaN], []));
        Assert.Throws<ArgumentException>(() => new MeshData([1, 2, 3], [0, 0]));
        Assert.Throws<ArgumentException>(() => new MeshData([1, 2, 3], [0, 0, 1]));
        Assert.Throws<ArgumentException>(() => new MeshData([1, 2, 3], [0, 0, -1]));
        Assert.Equal((1, 1), (new MeshData([1, 2, 3], [0, 0, 0]).VertexCount, new MeshData([1, 2, 3], [0, 0, 0]).TriangleCount));
    }

    [Fact]
    public void Any_changed_byte_reads_or_is_refused()
    {
        foreach (string encoding in new[] { "ascii", "binary_little_endian", "binary_big_endian" })
        {
            byte[] file = File.ReadAllBytes(MeshTexts.Fixture($"pyramid-{encoding}.ply"));
            int read = 0, refused = 0;
            for (int at = 0; at < file.Length; at++)
            {
                byte kept = file[at];
                foreach (byte bits in new byte[] { 0xFF, 0x80, 1, 0x10 })
                {
                    file[at] = (byte)(kept ^ bits);
                    try
                    {
                        PlyFile.Read(new MemoryStream(file), "bad.ply");
                        read++;
                    }
                    catch (FileFormatException)
                    {
                        refused++;
                    }
                }

                file[at] = kept;
            }

            Assert.True(read > 0 && refused > 0);
        }
    }

    private static string Show(string text) => MeshTexts.Show(PlyFile.Read(MeshTexts.Stream(text), "a.ply"));

    private static string Message(string text) =>
        Assert.Throws<FileFormatException>(() => PlyFile.Read(MeshTexts.Stream(text), "bad.ply")).Message;
}
