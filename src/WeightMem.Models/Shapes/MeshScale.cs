using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>
/// Where a mesh was and how large, before it was brought into the cube (HyperDiffusion specification, section 1.2): normalised = (point - centre) * scale.
/// </summary>
/// <param name="X">Centre: the mean of the vertices.</param>
/// <param name="Y">Centre.</param>
/// <param name="Z">Centre.</param>
/// <param name="Scale">What makes the largest absolute coordinate 0.475.</param>
public readonly record struct MeshScale(double X, double Y, double Z, double Scale)
{
    /// <summary>The largest absolute coordinate of a normalised mesh.</summary>
    public const double Extent = 0.5 * 0.95;

    /// <summary>Finds the centre and the scale of a mesh.</summary>
    /// <exception cref="ArgumentException">The mesh has no vertices or no size.</exception>
    public static MeshScale Of(MeshData mesh)
    {
        double x = 0, y = 0, z = 0, largest = 0;
        double[] v = mesh.Vertices;
        int n = mesh.VertexCount;
        for (int i = 0; i < n; i++) (x, y, z) = (x + v[3 * i], y + v[3 * i + 1], z + v[3 * i + 2]);
        (x, y, z) = (x / n, y / n, z / n);
        for (int i = 0; i < n; i++)
            largest = Math.Max(largest, Math.Max(Math.Abs(v[3 * i] - x), Math.Max(Math.Abs(v[3 * i + 1] - y), Math.Abs(v[3 * i + 2] - z))));
        if (!(largest > 0)) throw new ArgumentException($"a mesh of {n} vertices has no size to normalise by");
        return new MeshScale(x, y, z, Extent / largest);
    }

    /// <summary>The normalised mesh.</summary>
    public MeshData Apply(MeshData mesh)
    {
        var vertices = new double[mesh.Vertices.Length];
        for (int i = 0; i < vertices.Length; i += 3)
        {
            vertices[i] = (mesh.Vertices[i] - X) * Scale;
            vertices[i + 1] = (mesh.Vertices[i + 1] - Y) * Scale;
            vertices[i + 2] = (mesh.Vertices[i + 2] - Z) * Scale;
        }

        return new MeshData(vertices, mesh.Triangles);
    }

    /// <summary>A normalised point where it was before.</summary>
    public (double X, double Y, double Z) Undo(double x, double y, double z) => (x / Scale + X, y / Scale + Y, z / Scale + Z);
}
