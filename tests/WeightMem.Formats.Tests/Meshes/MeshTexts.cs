using System.Text;
using WeightMem.Formats.Meshes;

namespace WeightMem.Formats.Tests.Meshes;

/// <summary>Meshes as text, and text as meshes.</summary>
internal static class MeshTexts
{
    /// <summary>Two triangles of a quad and two more, as every fixture has them.</summary>
    public const string Pyramid = "0 0 0 | 1 0 0 | 1 1 0 | 0 1 0 | 0.5 0.5 1 ; 0 3 2 | 0 2 1 | 0 1 4 | 1 2 4";

    public static string Show(MeshData mesh) => FormattableString.Invariant(
        $"{Rows(mesh.Vertices)} ; {Rows(mesh.Triangles)}");

    public static MeshData Awkward() => new(
        [0.1, -0.0, 1.0 / 3, double.MaxValue, double.Epsilon, -double.MaxValue, 1e-7, 123456789.123456789, 5e22], [0, 1, 2, 2, 2, 0]);

    public static Stream Stream(string text) => new MemoryStream(Encoding.Latin1.GetBytes(text));

    public static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "fixtures", name);

    private static string Rows<T>(T[] values) => string.Join(
        " | ", values.Chunk(3).Select(row => string.Join(' ', row.Select(v => FormattableString.Invariant($"{v}")))));
}
