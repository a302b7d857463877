namespace WeightMem.Models.Shapes;

/// <summary>Point clouds of one size, normalised for Chamfer distances (HyperDiffusion specification, section 4.2).</summary>
public static class PointClouds
{
    /// <summary>
    /// Centres a cloud by the mean of each axis and divides by one number: the unbiased standard deviation of all its coordinates around their common mean, before
    /// centring.
    /// </summary>
    /// <param name="points"><c>[points, 3]</c>, at least one.</param>
    /// <exception cref="ArgumentException">All coordinates are alike, or one is not finite.</exception>
    public static float[] Normalize(ReadOnlySpan<double> points)
    {
        int n = points.Length / 3;
        double x = 0, y = 0, z = 0;
        for (int i = 0; i < n; i++) (x, y, z) = (x + points[3 * i], y + points[3 * i + 1], z + points[3 * i + 2]);
        (x, y, z) = (x / n, y / n, z / n);
        double mean = (x + y + z) / 3, squares = 0;
        foreach (double value in points) squares += (value - mean) * (value - mean);
        double deviation = Math.Sqrt(squares / (points.Length - 1));
        if (!(deviation > 0) || !double.IsFinite(deviation)) throw new ArgumentException($"a cloud of {n} points has no spread to normalise by ({deviation})");
        var normalized = new float[points.Length];
        for (int i = 0; i < n; i++)
        {
            normalized[3 * i] = (float)((points[3 * i] - x) / deviation);
            normalized[3 * i + 1] = (float)((points[3 * i + 1] - y) / deviation);
            normalized[3 * i + 2] = (float)((points[3 * i + 2] - z) / deviation);
        }

        return normalized;
    }
}
