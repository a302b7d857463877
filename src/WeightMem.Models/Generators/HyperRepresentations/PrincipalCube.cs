using WeightMem.Engine.Random;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// The neighbourhood sampler with principal components: scores on the first three components of the vectors' covariance, uniform draws in the cube from their smallest
/// to their largest (one range for all three, as published), mapped back.
/// </summary>
internal static class PrincipalCube
{
    private const int Components = 3, Sweeps = 200;

    /// <summary>Draws vectors <c>[count, size]</c>.</summary>
    public static float[] Draw(float[] vectors, int size, int[] rows, int count, RandomStream stream)
    {
        var mean = new double[size];
        foreach (int row in rows)
        {
            for (int d = 0; d < size; d++) mean[d] += vectors[row * size + d] / (double)rows.Length;
        }

        double[][] centred = [.. rows.Select(row => Enumerable.Range(0, size).Select(d => vectors[row * size + d] - mean[d]).ToArray())];
        double[][] axes = Axes(centred, size, stream);
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double[] row in centred)
        {
            foreach (double[] axis in axes)
            {
                double score = Dot(row, axis);
                (low, high) = (Math.Min(low, score), Math.Max(high, score));
            }
        }

        var drawn = new float[count * size];
        for (int s = 0; s < count; s++)
        {
            for (int d = 0; d < size; d++)
            {
                double value = mean[d];
                for (int c = 0; c < axes.Length; c++) value += (low + (high - low) * stream.At(s).Double(c)) * axes[c][d];
                drawn[s * size + d] = (float)value;
            }
        }

        return drawn;
    }

    /// <summary>The leading axes by orthogonal iteration.</summary>
    private static double[][] Axes(double[][] rows, int size, RandomStream stream)
    {
        double[][] axes = [.. Enumerable.Range(0, Math.Min(Components, size)).Select(c =>
            Enumerable.Range(0, size).Select(d => stream.Sub("axes", c).Double(d) - 0.5).ToArray())];
        for (int sweep = 0; sweep <= Sweeps; sweep++)
        {
            for (int c = 0; c < axes.Length; c++)
            {
                double[] axis = axes[c];
                if (sweep > 0)
                {
                    var next = new double[size];
                    foreach (double[] row in rows) AddScaled(next, row, Dot(row, axis));
                    axis = axes[c] = next;
                }

                for (int b = 0; b < c; b++) AddScaled(axis, axes[b], -Dot(axis, axes[b]));
                double norm = Math.Sqrt(Dot(axis, axis));
                for (int d = 0; d < size; d++) axis[d] = norm > 0 ? axis[d] / norm : 0;
            }
        }

        return axes;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void AddScaled(double[] to, double[] x, double factor)
    {
        for (int i = 0; i < to.Length; i++) to[i] += factor * x[i];
    }
}
