using System.Runtime.InteropServices;

namespace WeightMem.Formats.Meshes;

/// <summary>Collects the faces of a mesh, polygons as fans of triangles around their first corner.</summary>
internal sealed class PolygonFan
{
    private readonly List<int> _corners = [];
    private readonly List<int> _triangles = [];

    /// <summary>Corners of the face so far.</summary>
    public int CornerCount => _corners.Count;

    /// <summary>Adds a corner to the face.</summary>
    public void Add(int corner) => _corners.Add(corner);

    /// <summary>Ends a face.</summary>
    /// <returns>False when it has fewer than three corners, or the mesh would have too many triangles.</returns>
    public bool EndFace()
    {
        if (_corners.Count < 3 || _corners.Count - 2 > MeshData.Most - _triangles.Count / 3) return false;
        for (int i = 2; i < _corners.Count; i++)
        {
            _triangles.Add(_corners[0]);
            _triangles.Add(_corners[i - 1]);
            _triangles.Add(_corners[i]);
        }

        _corners.Clear();
        return true;
    }

    /// <summary>The triangles' corners <c>[triangles, 3]</c>.</summary>
    public int[] Triangles() => CollectionsMarshal.AsSpan(_triangles).ToArray();
}
