using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>The corners of a triangle.</summary>
internal readonly record struct TriangleGeometry(
    double Ax, double Ay, double Az, double Bx, double By, double Bz, double Cx, double Cy, double Cz)
{
    /// <summary>Twice the area times the normal.</summary>
    public (double X, double Y, double Z) Normal
    {
        get
        {
            double ux = Bx - Ax, uy = By - Ay, uz = Bz - Az, vx = Cx - Ax, vy = Cy - Ay, vz = Cz - Az;
            return (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx);
        }
    }

    public double Area
    {
        get
        {
            (double x, double y, double z) = Normal;
            return 0.5 * Math.Sqrt(x * x + y * y + z * z);
        }
    }

    /// <summary>Volume of the tetrahedron with the origin, positive when the triangle turns away from it.</summary>
    public double SignedVolume => (Ax * (By * Cz - Bz * Cy) + Ay * (Bz * Cx - Bx * Cz) + Az * (Bx * Cy - By * Cx)) / 6;

    public static TriangleGeometry Of(MeshData mesh, int triangle)
    {
        double[] v = mesh.Vertices;
        int a = 3 * mesh.Triangles[3 * triangle], b = 3 * mesh.Triangles[3 * triangle + 1], c = 3 * mesh.Triangles[3 * triangle + 2];
        return new(v[a], v[a + 1], v[a + 2], v[b], v[b + 1], v[b + 2], v[c], v[c + 1], v[c + 2]);
    }
}
