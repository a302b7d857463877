namespace WeightMem.Formats.Meshes;

/// <summary>
/// A triangle mesh, or a point cloud when it has no triangles. Coordinates are finite and every corner is a vertex of the mesh: nothing
/// that uses a mesh need check again.
/// </summary>
public sealed class MeshData
{
    /// <summary>The most vertices and the most triangles, so that three numbers of each fit one array with room to spare.</summary>
    public const int Most = 1 << 28;

    /// <summary>A mesh over the given arrays, which are not copied.</summary>
    /// <param name="vertices">Coordinates <c>[vertices, 3]</c>, row-major.</param>
    /// <param name="triangles">Vertex numbers from 0 <c>[triangles, 3]</c>, row-major; empty for a point cloud.</param>
    /// <exception cref="ArgumentException">A length is no multiple of 3 or too large, a coordinate not finite, a corner no vertex.</exception>
    public MeshData(double[] vertices, int[] triangles)
    {
        if (vertices.Length % 3 != 0 || triangles.Length % 3 != 0 || vertices.Length / 3 > Most || triangles.Length / 3 > Most)
            throw new ArgumentException($"{vertices.Length} coordinates and {triangles.Length} corners are no mesh");
        int count = vertices.Length / 3;
        for (int i = 0; i < vertices.Length; i++)
        {
            if (!double.IsFinite(vertices[i])) throw new ArgumentException($"coordinate {i % 3} of vertex {i / 3} is not finite");
        }

        foreach (int corner in triangles)
        {
            if ((uint)corner >= (uint)count) throw new ArgumentException($"corner {corner} is none of {count} vertices");
        }

        Vertices = vertices;
        Triangles = triangles;
    }

    /// <summary>Coordinates <c>[vertices, 3]</c>, row-major, in the file's own units.</summary>
    public double[] Vertices { get; }

    /// <summary>Vertex numbers from 0 <c>[triangles, 3]</c>, row-major, in the file's winding; empty for a point cloud.</summary>
    public int[] Triangles { get; }

    /// <summary>Number of vertices.</summary>
    public int VertexCount => Vertices.Length / 3;

    /// <summary>Number of triangles.</summary>
    public int TriangleCount => Triangles.Length / 3;
}
