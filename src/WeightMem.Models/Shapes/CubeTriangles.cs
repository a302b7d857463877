namespace WeightMem.Models.Shapes;

/// <summary>
/// The triangles of marching cubes for each of the 256 ways that a cube's corners can be inside or outside, derived here instead of copied. On every face the
/// crossed edges are joined by segments that cut off each run of inside corners; a face's segments depend on its own corners alone, so the two cubes at a face
/// agree and the surface is closed. The segments of a cube form loops; each is cut into triangles without a diagonal that lies in a face, where it could meet the
/// neighbour's.
/// </summary>
internal static class CubeTriangles
{
    /// <summary>Corner c is at y = c &amp; 1, x = c / 2 &amp; 1, z = c / 4.</summary>
    public const int Corners = 8;

    // Corners of each face in counter-clockwise order, seen from outside.
    private static readonly int[][] Faces = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

    /// <summary>Edges of a cube: four along y, then four along x, then four along z.</summary>
    public static (int From, int To, int Axis)[] Edges { get; } = MakeEdges();

    /// <summary>For each set of inside corners the edges of its triangles, three a triangle, turning outwards (from inside to outside).</summary>
    public static byte[][] Table { get; } = [.. Enumerable.Range(0, 256).Select(Triangulate)];

    private static (int From, int To, int Axis)[] MakeEdges()
    {
        var edges = new List<(int, int, int)>();
        foreach ((int bit, int axis) in new[] { (1, 1), (2, 0), (4, 2) })
        {
            for (int corner = 0; corner < Corners; corner++)
            {
                if ((corner & bit) == 0) edges.Add((corner, corner | bit, axis));
            }
        }

        return [.. edges];
    }

    private static int EdgeOf(int a, int b) => Array.FindIndex(Edges, e => (e.From == a && e.To == b) || (e.From == b && e.To == a));

    private static byte[] Triangulate(int inside)
    {
        // On every face a segment runs from the edge where the walk leaves a run of inside corners to the edge where it came in.
        var next = new int[Edges.Length];
        Array.Fill(next, -1);
        foreach (int[] face in Faces)
        {
            for (int i = 0; i < 4; i++)
            {
                if (!Inside(face[i]) || Inside(face[(i + 1) % 4])) continue;
                int first = i;
                while (Inside(face[(first + 3) % 4])) first = (first + 3) % 4;
                next[EdgeOf(face[i], face[(i + 1) % 4])] = EdgeOf(face[(first + 3) % 4], face[first]);
            }
        }

        var triangles = new List<byte>();
        var done = new bool[Edges.Length];
        for (int start = 0; start < Edges.Length; start++)
        {
            if (next[start] < 0 || done[start]) continue;
            var loop = new List<int>();
            for (int edge = start; !done[edge]; edge = next[edge])
            {
                done[edge] = true;
                loop.Add(edge);
            }

            Cut(loop, 0, loop.Count - 1, triangles);
        }

        return [.. triangles];

        bool Inside(int corner) => (inside >> corner & 1) != 0;
    }

    /// <summary>Cuts the part of a loop from one index to another, by the fewest diagonals in faces.</summary>
    private static int Cut(List<int> loop, int from, int to, List<byte>? triangles)
    {
        if (to - from < 2) return 0;
        (int best, int middle) = (int.MaxValue, -1);
        for (int m = from + 1; m < to; m++)
        {
            int cost = Cut(loop, from, m, null) + Cut(loop, m, to, null) + Flaw(from, m) + Flaw(m, to);
            if (cost < best) (best, middle) = (cost, m);
        }

        if (triangles is not null)
        {
            Cut(loop, from, middle, triangles);
            triangles.AddRange([(byte)loop[from], (byte)loop[middle], (byte)loop[to]]);
            Cut(loop, middle, to, triangles);
        }

        return best;

        int Flaw(int a, int b) => b - a > 1 && ShareFace(loop[a], loop[b]) ? 1 : 0;
    }

    /// <summary>Whether two edges lie in one face.</summary>
    internal static bool ShareFace(int a, int b) => Array.Exists(
        Faces, face => face.Contains(Edges[a].From) && face.Contains(Edges[a].To) && face.Contains(Edges[b].From) && face.Contains(Edges[b].To));
}
