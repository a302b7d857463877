using WeightMem.Formats.Meshes;
using Xunit;

namespace WeightMem.Formats.Tests.Meshes;

public sealed class ObjFileTests
{
    private const string Pyramid =
        "# a pyramid\nmtllib a.mtl\no thing\nv 0 0 0\nv 1.0 0 0 1.0\nv +1 1e0 0 0.5 0.5 0.5\n  v 0 10E-1 -0.0 # the fourth\nvt 0 0\nvn 0 0 1\n"
        + "s off\nusemtl x\nf 1/1/1 4/1/1 3/1/1 2/1/1\r\nv .5 5e-1 1\nf 1//1 2//1 5//1\n\nf -4/1 \\\n -3/1 \\\n -1/1\n# path C:\\\nl 1 2\np 1\n";

    [Fact]
    public void Reads_all_forms_of_a_face_negative_numbers_polygons_and_long_lines() =>
        Assert.Equal(MeshTexts.Pyramid.Replace("0 1 0 |", "0 1 -0 |", StringComparison.Ordinal), Show(Pyramid));

    [Theory]
    [InlineData("v 1 2 3\nv 4 5 6", "1 2 3 | 4 5 6 ; ")]
    [InlineData("v 1 2 3\rv 4 5 6\r", "1 2 3 | 4 5 6 ; ")]
    [InlineData("# c\\\nv 1 2 3\n", "1 2 3 ; ")]
    [InlineData("v 1 2\\\n 3\n", "1 2 3 ; ")]
    [InlineData("v 1 2 3\\", "1 2 3 ; ")]
    [InlineData("f 1 2 3\nv 0 0 0\nv 1 0 0\nv 0 1 0\n", "0 0 0 | 1 0 0 | 0 1 0 ; 0 1 2")]
    public void Reads_clouds_line_ends_and_faces_before_their_vertices(string text, string mesh) => Assert.Equal(mesh, Show(text));

    [Theory]
    [InlineData("", "a vertex ('v x y z') in line 1, found the end of the file")]
    [InlineData("# nothing\n", "a vertex")]
    [InlineData("v 1 2\n", "three coordinates in line 1, found 'v 1 2'")]
    [InlineData("v 0 0 0\nv 1 2 x\n", "byte 8: expected a finite coordinate in line 2, found 'x'")]
    [InlineData("v 1 2 NaN\n", "finite")]
    [InlineData("v 1 2 -Infinity\n", "finite")]
    [InlineData("v 1 2 1e999\n", "finite")]
    [InlineData("v 1,5 2 3\n", "finite")]
    [InlineData("v 0 0 0\nf 1 1\n", "3 corners or more")]
    [InlineData("v 0 0 0\n\nf 1 1 2\nf 1 1 1\n", "byte 9: expected a corner among the file's vertices in line 3, found '2'")]
    [InlineData("v 0 0 0\nf 1 1 -2\n", "among the 1 vertices so far in line 2, found '-2'")]
    [InlineData("v 0 0 0\nf 1 1 0\n", "a corner v, v/vt")]
    [InlineData("v 0 0 0\nf 1 1 1.0\n", "a corner v, v/vt")]
    [InlineData("v 0 0 0\nf 1/ 1 1\n", "a corner v, v/vt")]
    [InlineData("v 0 0 0\nf 1/1/1/1 1 1\n", "a corner v, v/vt")]
    [InlineData("v 0 0 0\nf 1 1 99999999999\n", "a corner v, v/vt")]
    [InlineData("v 0 0 0\nf 1 1 -2147483648\n", "a corner v, v/vt")]
    [InlineData("\u0089PNG\r\n\u001A\n", "an OBJ statement in line 1, found '.PNG'")]
    public void Refuses_damage_with_its_line(string text, string said) => Assert.Contains(said, Message(text), StringComparison.Ordinal);

    [Fact]
    public void Lines_have_a_longest_length_also_when_they_are_continued()
    {
        string digits = new('0', 1000);
        string joined = "v 0 0 0\nf " + string.Concat(Enumerable.Repeat(digits + "1 \\\n", 2000));
        Assert.Contains("a statement of at most 1048576 bytes", Message(joined), StringComparison.Ordinal);
        Assert.Contains("a longer line", Message("v " + new string('1', 3_000_000)), StringComparison.Ordinal);
        Assert.Equal("10 0 0 ; ", Show($"v {digits}10 0 0"));
    }

    [Fact]
    public void Round_trips_bits()
    {
        MeshData mesh = MeshTexts.Awkward();
        using var folder = new TemporaryFolder();
        ObjFile.Write(folder["a.obj"], mesh);
        MeshData read = ObjFile.Read(folder["a.obj"]);
        Assert.Equal(mesh.Vertices.Select(BitConverter.DoubleToInt64Bits), read.Vertices.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(mesh.Triangles, read.Triangles);
        Assert.Throws<ArgumentException>(() => ObjFile.Write(folder["none.obj"], new MeshData([], [])));
        Assert.False(File.Exists(folder["none.obj"]));
    }

    [Fact]
    public void A_cut_file_reads_as_a_smaller_mesh_or_is_refused()
    {
        // No counts and no end mark: a cut between lines, or one that leaves a number a number, cannot be seen. Nothing else may happen.
        MeshData whole = ObjFile.Read(MeshTexts.Stream(Pyramid), "cut.obj");
        int refused = 0, read = 0;
        for (int length = 0; length < Pyramid.Length; length++)
        {
            try
            {
                MeshData mesh = ObjFile.Read(MeshTexts.Stream(Pyramid[..length]), "cut.obj");
                Assert.True(mesh.VertexCount <= whole.VertexCount && mesh.TriangleCount <= whole.TriangleCount);
                Assert.Equal(whole.Vertices[..Math.Max(0, mesh.Vertices.Length - 3)], mesh.Vertices[..^3]);
                read++;
            }
            catch (FileFormatException error)
            {
                Assert.StartsWith("cut.obj, byte ", error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.True(refused > 50 && read > 50);
    }

    private static string Show(string text) => MeshTexts.Show(ObjFile.Read(MeshTexts.Stream(text), "a.obj"));

    private static string Message(string text) =>
        Assert.Throws<FileFormatException>(() => ObjFile.Read(MeshTexts.Stream(text), "bad.obj")).Message;
}
