using System.Runtime.InteropServices;
using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>How a mesh hangs together.</summary>
/// <param name="Vertices">Vertices that a triangle uses.</param>
/// <param name="Edges">Edges.</param>
/// <param name="Triangles">Triangles.</param>
/// <param name="OpenEdges">Edges whose two sides do not cancel: borders of holes, or neighbours that turn different ways.</param>
/// <param name="CrowdedEdges">Edges of more than two triangles.</param>
/// <param name="Components">Parts that share no vertex.</param>
/// <param name="Volume">Signed volume; positive when a closed mesh's normals point outwards.</param>
public sealed record MeshTopology(int Vertices, int Edges, int Triangles, int OpenEdges, int CrowdedEdges, int Components, double Volume)
{
    /// <summary>Whether the mesh has an inside: every edge is passed as often one way as the other.</summary>
    public bool IsWatertight => Triangles > 0 && OpenEdges == 0;

    /// <summary>Vertices - edges + triangles: 2 for each component that is a sphere, less 2 for each handle.</summary>
    public int Euler => Vertices - Edges + Triangles;

    /// <summary>In words, for a report on a mesh that cannot be used: what is wrong with it, or that nothing is.</summary>
    public string Describe() => IsWatertight
        ? $"watertight, {Components} component(s), Euler characteristic {Euler}"
        : Triangles == 0 ? "no triangles"
        : $"not watertight: {OpenEdges} of {Edges} edges are open or turn the wrong way, {CrowdedEdges} belong to more than two triangles";

    /// <summary>Looks at a mesh.</summary>
    public static MeshTopology Of(MeshData mesh)
    {
        var edges = new Dictionary<(int, int), (int Uses, int Balance)>(mesh.TriangleCount * 2);
        var parent = new int[mesh.VertexCount];
        for (int i = 0; i < parent.Length; i++) parent[i] = i;
        var used = new bool[mesh.VertexCount];
        double volume = 0;
        for (int t = 0; t < mesh.TriangleCount; t++)
        {
            ReadOnlySpan<int> corners = mesh.Triangles.AsSpan(3 * t, 3);
            for (int i = 0; i < 3; i++)
            {
                int a = corners[i], b = corners[(i + 1) % 3];
                used[a] = true;
                ref (int Uses, int Balance) edge = ref CollectionsMarshal.GetValueRefOrAddDefault(edges, a < b ? (a, b) : (b, a), out _);
                edge = (edge.Uses + 1, edge.Balance + (a < b ? 1 : -1));
                parent[Root(parent, a)] = Root(parent, b);
            }

            volume += TriangleGeometry.Of(mesh, t).SignedVolume;
        }

        int components = 0, vertices = 0;
        for (int i = 0; i < used.Length; i++)
        {
            if (!used[i]) continue;
            vertices++;
            if (Root(parent, i) == i) components++;
        }

        return new MeshTopology(
            vertices, edges.Count, mesh.TriangleCount, edges.Values.Count(e => e.Balance != 0), edges.Values.Count(e => e.Uses > 2), components, volume);
    }

    private static int Root(int[] parent, int i)
    {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    }
}
