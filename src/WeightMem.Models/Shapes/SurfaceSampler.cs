using WeightMem.Engine.Random;
using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>Points on a mesh, uniform by area: a prefix sum of the triangles' areas and a search for each point.</summary>
public static class SurfaceSampler
{
    /// <summary>Draws points.</summary>
    /// <param name="mesh">A mesh with an area.</param>
    /// <param name="count">How many.</param>
    /// <param name="stream">Where they come from; point i is made of numbers 3i to 3i + 2.</param>
    /// <returns><c>[count, 3]</c></returns>
    /// <exception cref="ArgumentException">The mesh has no area.</exception>
    public static double[] Draw(MeshData mesh, int count, RandomStream stream)
    {
        var upTo = new double[mesh.TriangleCount];
        double area = 0;
        for (int t = 0; t < upTo.Length; t++) upTo[t] = area += TriangleGeometry.Of(mesh, t).Area;
        if (!(area > 0)) throw new ArgumentException($"a mesh of {mesh.TriangleCount} triangles has no area to draw points from");
        var points = new double[3 * count];
        for (int i = 0; i < count; i++)
        {
            // 32 bits choose among at most 2^28 triangles; the first one whose running sum is above the draw has an area.
            int at = Array.BinarySearch(upTo, stream.Double(3L * i) * area);
            int triangle = Math.Min(at >= 0 ? at + 1 : ~at, upTo.Length - 1);
            while (triangle + 1 < upTo.Length && triangle > 0 && upTo[triangle] == upTo[triangle - 1]) triangle++;
            double u = stream.Double(3L * i + 1), v = stream.Double(3L * i + 2);
            if (u + v > 1) (u, v) = (1 - u, 1 - v);
            TriangleGeometry g = TriangleGeometry.Of(mesh, triangle);
            points[3 * i] = g.Ax + u * (g.Bx - g.Ax) + v * (g.Cx - g.Ax);
            points[3 * i + 1] = g.Ay + u * (g.By - g.Ay) + v * (g.Cy - g.Ay);
            points[3 * i + 2] = g.Az + u * (g.Bz - g.Az) + v * (g.Cz - g.Az);
        }

        return points;
    }
}
