using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// The earth mover's distance of two clouds of equal size: the least mean Euclidean distance over all ways to pair their points, found by exact assignment. Its time
/// grows with the cube of the points, so it is for small clouds. (The published code's is a stub that returns zero.)
/// </summary>
public static class EarthMover
{
    /// <summary>The distance of two clouds <c>[points, 3]</c>.</summary>
    /// <exception cref="ArgumentException">The clouds have no points or different numbers of them.</exception>
    public static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        int n = a.Length / 3;
        if (n == 0 || a.Length != b.Length || a.Length % 3 != 0) throw new ArgumentException($"clouds of one size are paired, not {a.Length} and {b.Length} coordinates");
        var costs = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double x = (double)a[3 * i] - b[3 * j], y = (double)a[3 * i + 1] - b[3 * j + 1], z = (double)a[3 * i + 2] - b[3 * j + 2];
                costs[i * n + j] = Math.Sqrt(x * x + y * y + z * z);
            }
        }

        return Assignment.Solve(costs, new int[n]) / n;
    }

    /// <summary>Distances <c>[a, b]</c> of so many random points of each cloud; infinite where a shape is empty.</summary>
    public static double[] Matrix(CloudSet a, CloudSet b, int points, RandomStream stream)
    {
        float[]?[] x = Thinned(a, "a"), y = Thinned(b, "b");
        var distances = new double[a.Count * b.Count];
        Parallel.For(0, distances.Length, pair =>
        {
            (int i, int j) = (pair / b.Count, pair % b.Count);
            distances[pair] = x[i] is { } p && y[j] is { } q ? Distance(p, q) : double.PositiveInfinity;
        });
        return distances;

        float[]?[] Thinned(CloudSet set, string side) => [.. set.Clouds.Select((cloud, i) => cloud is null ? null : Thin(cloud, stream.Sub(side, i)))];

        float[] Thin(float[] cloud, RandomStream draw) =>
            [.. draw.Choose(cloud.Length / 3, Math.Min(points, cloud.Length / 3)).SelectMany(i => new[] { cloud[3 * i], cloud[3 * i + 1], cloud[3 * i + 2] })];
    }
}
