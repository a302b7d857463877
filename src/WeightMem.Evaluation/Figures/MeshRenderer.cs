using SkiaSharp;
using WeightMem.Formats.Meshes;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// Draws meshes as pictures, on the CPU and with the same bytes every time: a depth buffer at three times the size, smooth normals, a key light, light from the sky,
/// shade in corners, and the mean of nine samples for each pixel.
/// </summary>
public static class MeshRenderer
{
    private const int Samples = 3;
    private const double Margin = 0.06;

    /// <summary>Draws a mesh that fills a square.</summary>
    /// <param name="mesh">The mesh; without triangles the picture is transparent.</param>
    /// <param name="size">Pixels each way.</param>
    /// <param name="view">Where it is looked at from.</param>
    /// <param name="tint">Colour of its surface.</param>
    /// <returns>Premultiplied RGBA, <c>[size, size, 4]</c>.</returns>
    public static byte[] Draw(MeshData mesh, int size, MeshView view, SKColor tint)
    {
        var pixels = new byte[4 * size * size];
        if (mesh.TriangleCount == 0) return pixels;
        int wide = Samples * size;
        float[] seen = Project(mesh, wide, view, out double unit), normals = Normals(mesh, view), depth = new float[wide * wide];
        Array.Fill(depth, float.NegativeInfinity);
        var facing = new float[3 * wide * wide];
        for (int t = 0; t < mesh.TriangleCount; t++) Rasterize(mesh.Triangles.AsSpan(3 * t, 3), seen, normals, wide, depth, facing);
        Parallel.For(0, size, row => Resolve(row, pixels, size, depth, facing, unit, tint));
        return pixels;
    }

    /// <summary>Vertices in samples, x to the right and y down, z towards the viewer, the whole in the middle; <paramref name="unit"/> is a mesh unit in samples.</summary>
    private static float[] Project(MeshData mesh, int wide, MeshView view, out double unit)
    {
        var seen = new float[mesh.Vertices.Length];
        double lowX = double.PositiveInfinity, highX = double.NegativeInfinity, lowY = lowX, highY = highX;
        for (int i = 0; i < seen.Length; i += 3)
        {
            (double x, double y, double z) = view.Turn(mesh.Vertices[i], mesh.Vertices[i + 1], mesh.Vertices[i + 2]);
            (seen[i], seen[i + 1], seen[i + 2]) = ((float)x, (float)-y, (float)z);
            (lowX, highX, lowY, highY) = (Math.Min(lowX, x), Math.Max(highX, x), Math.Min(lowY, -y), Math.Max(highY, -y));
        }

        unit = wide * (1 - 2 * Margin) / Math.Max(1e-9, Math.Max(highX - lowX, highY - lowY));
        double shiftX = wide / 2.0 - unit * (lowX + highX) / 2, shiftY = wide / 2.0 - unit * (lowY + highY) / 2;
        for (int i = 0; i < seen.Length; i += 3)
            (seen[i], seen[i + 1], seen[i + 2]) = ((float)(unit * seen[i] + shiftX), (float)(unit * seen[i + 1] + shiftY), (float)(unit * seen[i + 2]));
        return seen;
    }

    /// <summary>The mean normal of each vertex's triangles by area, as the viewer sees it.</summary>
    private static float[] Normals(MeshData mesh, MeshView view)
    {
        var sums = new double[mesh.Vertices.Length];
        double[] v = mesh.Vertices;
        for (int t = 0; t < mesh.Triangles.Length; t += 3)
        {
            int a = 3 * mesh.Triangles[t], b = 3 * mesh.Triangles[t + 1], c = 3 * mesh.Triangles[t + 2];
            double ux = v[b] - v[a], uy = v[b + 1] - v[a + 1], uz = v[b + 2] - v[a + 2], wx = v[c] - v[a], wy = v[c + 1] - v[a + 1], wz = v[c + 2] - v[a + 2];
            double x = uy * wz - uz * wy, y = uz * wx - ux * wz, z = ux * wy - uy * wx;
            foreach (int at in new[] { a, b, c }) (sums[at], sums[at + 1], sums[at + 2]) = (sums[at] + x, sums[at + 1] + y, sums[at + 2] + z);
        }

        var normals = new float[sums.Length];
        for (int i = 0; i < sums.Length; i += 3)
        {
            (double x, double y, double z) = view.Turn(sums[i], sums[i + 1], sums[i + 2]);
            (normals[i], normals[i + 1], normals[i + 2]) = ((float)x, (float)y, (float)z);
        }

        return normals;
    }

    private static void Rasterize(ReadOnlySpan<int> corners, float[] seen, float[] normals, int wide, float[] depth, float[] facing)
    {
        int a = 3 * corners[0], b = 3 * corners[1], c = 3 * corners[2];
        float ax = seen[a], ay = seen[a + 1], bx = seen[b], by = seen[b + 1], cx = seen[c], cy = seen[c + 1];
        double area = (double)(bx - ax) * (cy - ay) - (double)(by - ay) * (cx - ax);
        if (area == 0) return;
        int x0 = Math.Max(0, (int)Math.Floor(Math.Min(ax, Math.Min(bx, cx)) - 0.5f)), x1 = Math.Min(wide - 1, (int)Math.Ceiling(Math.Max(ax, Math.Max(bx, cx)) - 0.5f));
        int y0 = Math.Max(0, (int)Math.Floor(Math.Min(ay, Math.Min(by, cy)) - 0.5f)), y1 = Math.Min(wide - 1, (int)Math.Ceiling(Math.Max(ay, Math.Max(by, cy)) - 0.5f));
        for (int y = y0; y <= y1; y++)
        {
            for (int x = x0; x <= x1; x++)
            {
                double px = x + 0.5, py = y + 0.5;
                double u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area, v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area, w = 1 - u - v;
                if (u < -1e-7 || v < -1e-7 || w < -1e-7) continue;
                var z = (float)(u * seen[a + 2] + v * seen[b + 2] + w * seen[c + 2]);
                int at = y * wide + x;
                if (z <= depth[at]) continue;
                depth[at] = z;
                for (int d = 0; d < 3; d++) facing[3 * at + d] = (float)(u * normals[a + d] + v * normals[b + d] + w * normals[c + d]);
            }
        }
    }

    private static void Resolve(int row, byte[] pixels, int size, float[] depth, float[] facing, double unit, SKColor tint)
    {
        int wide = Samples * size;
        double red = Linear(tint.Red), green = Linear(tint.Green), blue = Linear(tint.Blue);
        for (int column = 0; column < size; column++)
        {
            double r = 0, g = 0, b = 0, openness = 0;
            int covered = 0;
            for (int s = 0; s < Samples * Samples; s++)
            {
                int x = Samples * column + s % Samples, y = Samples * row + s / Samples, at = y * wide + x;
                if (float.IsNegativeInfinity(depth[at])) continue;
                if (covered++ == 0) openness = Openness(x, y, depth, wide, unit); // once a pixel: shade has no edges
                (double light, double shine) = Light(facing[3 * at], facing[3 * at + 1], facing[3 * at + 2]);
                light *= openness;
                (r, g, b) = (r + red * light + shine, g + green * light + shine, b + blue * light + shine);
            }

            if (covered == 0) continue;
            double alpha = covered / (double)(Samples * Samples);
            int to = 4 * (row * size + column);
            (pixels[to], pixels[to + 1], pixels[to + 2], pixels[to + 3]) = (Byte(r), Byte(g), Byte(b), (byte)Math.Round(255 * alpha));

            byte Byte(double sum) => (byte)Math.Round(255 * alpha * Math.Pow(Math.Clamp(sum / covered, 0, 1), 1 / 2.2));
        }
    }

    /// <summary>How bright a surface is that faces some way, and how much of the key light it mirrors.</summary>
    private static (double Light, double Shine) Light(double x, double y, double z)
    {
        double length = Math.Sqrt(x * x + y * y + z * z);
        if (length == 0) return (0.4, 0);
        (x, y, z) = (x / length, y / length, z / length);
        if (z < 0) (x, y, z) = (-x, -y, -z); // the inside of an open surface
        const double keyX = -0.46, keyY = 0.70, keyZ = 0.546;
        double key = x * keyX + y * keyY + z * keyZ, fill = x * 0.80 + y * 0.10 + z * 0.59;
        double halfZ = keyZ + 1, half = Math.Sqrt(keyX * keyX + keyY * keyY + halfZ * halfZ), mirror = (x * keyX + y * keyY + z * halfZ) / half;
        double light = 0.86 * Math.Max(0, (key + 0.2) / 1.2) + 0.20 * Math.Max(0, fill) + 0.20 * (0.5 + 0.5 * y) + 0.06;
        return (light, 0.16 * Math.Pow(Math.Max(0, mirror), 40));
    }

    /// <summary>How much of its surroundings a sample sees: less where what is near around it is nearer to the viewer.</summary>
    private static double Openness(int x, int y, float[] depth, int wide, double unit)
    {
        const int Directions = 12;
        double here = depth[y * wide + x], hidden = 0;
        for (int ring = 1; ring <= 2; ring++)
        {
            double radius = unit * 0.016 * ring;
            for (int i = 0; i < Directions; i++)
            {
                (double sine, double cosine) = Math.SinCos((i + 0.5 * ring) * 2 * Math.PI / Directions);
                int sx = (int)Math.Round(x + radius * cosine), sy = (int)Math.Round(y + radius * sine);
                if (sx < 0 || sy < 0 || sx >= wide || sy >= wide) continue;
                double nearer = (depth[sy * wide + sx] - here) / radius;
                if (nearer > 0.35) hidden += Math.Min(1, nearer - 0.35) * Math.Clamp(3.5 - nearer / 2, 0, 1);
            }
        }

        return 1 - 0.55 * Math.Min(1, hidden / Directions);
    }

    private static double Linear(byte channel) => Math.Pow(channel / 255.0, 2.2);
}
