using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>
/// Inside and outside of a watertight mesh: the winding number of its surface around a point, counted along a ray in +z through a table of the triangles over each
/// square of the xy plane. For a watertight mesh the count is exact; edges and corners that a ray meets belong to one side only, so nothing is counted twice.
/// </summary>
public sealed class MeshInside
{
    private readonly MeshData _mesh;
    private readonly int[] _first, _triangles;
    private readonly double _minX, _minY, _square;
    private readonly int _columns, _rows;

    /// <summary>Prepares a mesh.</summary>
    /// <exception cref="ArgumentException">The mesh is not watertight; the message says what is wrong.</exception>
    public MeshInside(MeshData mesh)
    {
        MeshTopology topology = MeshTopology.Of(mesh);
        if (!topology.IsWatertight) throw new ArgumentException($"the mesh has no inside: {topology.Describe()}; make it watertight first");
        _mesh = mesh;
        double maxX = double.NegativeInfinity, maxY = double.NegativeInfinity;
        (_minX, _minY) = (double.PositiveInfinity, double.PositiveInfinity);
        for (int i = 0; i < mesh.Vertices.Length; i += 3)
        {
            (_minX, maxX) = (Math.Min(_minX, mesh.Vertices[i]), Math.Max(maxX, mesh.Vertices[i]));
            (_minY, maxY) = (Math.Min(_minY, mesh.Vertices[i + 1]), Math.Max(maxY, mesh.Vertices[i + 1]));
        }

        _square = Math.Max(1e-300, Math.Sqrt((maxX - _minX) * (maxY - _minY) / mesh.TriangleCount) + (maxX - _minX + maxY - _minY) / 4096);
        (_columns, _rows) = ((int)((maxX - _minX) / _square) + 1, (int)((maxY - _minY) / _square) + 1);
        var counts = new int[_columns * _rows + 1];
        ForSquares((square, _) => counts[square + 1]++);
        for (int i = 1; i < counts.Length; i++) counts[i] += counts[i - 1];
        _first = counts;
        _triangles = new int[counts[^1]];
        int[] at = counts[..^1];
        ForSquares((square, triangle) => _triangles[at[square]++] = triangle);
    }

    /// <summary>How often the surface winds around a point: 1 inside, 0 outside, more or less where parts overlap or are turned inside out.</summary>
    public int Winding(double x, double y, double z)
    {
        int column = (int)Math.Floor((x - _minX) / _square), row = (int)Math.Floor((y - _minY) / _square), winding = 0;
        if (column < 0 || row < 0 || column >= _columns || row >= _rows) return 0;
        int square = column * _rows + row;
        for (int i = _first[square]; i < _first[square + 1]; i++) winding += Crossing(TriangleGeometry.Of(_mesh, _triangles[i]), x, y, z);
        return winding;
    }

    private void ForSquares(Action<int, int> visit)
    {
        for (int t = 0; t < _mesh.TriangleCount; t++)
        {
            TriangleGeometry g = TriangleGeometry.Of(_mesh, t);
            int x0 = Place(Math.Min(g.Ax, Math.Min(g.Bx, g.Cx)) - _minX, _columns), x1 = Place(Math.Max(g.Ax, Math.Max(g.Bx, g.Cx)) - _minX, _columns);
            int y0 = Place(Math.Min(g.Ay, Math.Min(g.By, g.Cy)) - _minY, _rows), y1 = Place(Math.Max(g.Ay, Math.Max(g.By, g.Cy)) - _minY, _rows);
            for (int x = x0; x <= x1; x++)
            {
                for (int y = y0; y <= y1; y++) visit(x * _rows + y, t);
            }
        }
    }

    private int Place(double offset, int count) => Math.Clamp((int)Math.Floor(offset / _square), 0, count - 1);

    /// <summary>+1 or -1 where the ray passes through the triangle's front or back, else 0.</summary>
    private static int Crossing(in TriangleGeometry g, double x, double y, double z)
    {
        // The sum over the triangle's edges of how often the ray's line passes to their right: 1 or -1 inside the triangle's shadow. An edge counts the same,
        // with the other sign, for the triangle on its other side.
        int around = Edge(g.Ax, g.Ay, g.Bx, g.By, x, y) + Edge(g.Bx, g.By, g.Cx, g.Cy, x, y) + Edge(g.Cx, g.Cy, g.Ax, g.Ay, x, y);
        if (around == 0) return 0;
        (double nx, double ny, double nz) = g.Normal;
        if (nz == 0) return 0;
        double height = g.Az - (nx * (x - g.Ax) + ny * (y - g.Ay)) / nz;
        return height > z ? around : 0;
    }

    /// <summary>1 where a horizontal ray from the point in +x crosses the edge upwards, -1 downwards.</summary>
    private static int Edge(double ax, double ay, double bx, double by, double x, double y)
    {
        if (ay > y == by > y) return 0;

        // The same arithmetic for both directions of the edge, so that two triangles never disagree about it.
        bool up = by > ay;
        (double lx, double ly, double hx, double hy) = up ? (ax, ay, bx, by) : (bx, by, ax, ay);
        return lx + (y - ly) / (hy - ly) * (hx - lx) > x ? (up ? 1 : -1) : 0;
    }
}
