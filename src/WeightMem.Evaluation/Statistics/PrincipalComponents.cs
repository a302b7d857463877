using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// M8's view of the images: every pixel standardised (population standard deviation; 1 where it is zero), then the leading principal
/// components, each with its largest loading positive.
/// </summary>
public sealed class PrincipalComponents
{
    private const int Chunk = 512;

    private readonly double[] _mean, _scale, _loadings;

    private PrincipalComponents(double[] mean, double[] scale, double[] loadings, double[] variances)
    {
        (_mean, _scale, _loadings) = (mean, scale, loadings);
        Variances = variances;
    }

    /// <summary>Values per row (pixels).</summary>
    public int Features => _mean.Length;

    /// <summary>Number of components.</summary>
    public int Components => Variances.Length;

    /// <summary>Variance along each component, of standardised values, largest first.</summary>
    public double[] Variances { get; }

    /// <summary>Mean of each feature.</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>Standard deviation of each feature, 1 where it is zero.</summary>
    public ReadOnlySpan<double> Scale => _scale;

    /// <summary>Unit loadings of one component, <c>[features]</c>.</summary>
    public ReadOnlySpan<double> Loadings(int component) => _loadings.AsSpan(component * Features, Features);

    /// <summary>Fits the leading components.</summary>
    /// <param name="data">Rows, <c>[count, features]</c>; at least two.</param>
    /// <param name="features">Values per row.</param>
    /// <param name="components">Number of components, 1 to <paramref name="features"/>.</param>
    /// <param name="threads">Threads to use; 0 is as many as there are cores. The result does not depend on it.</param>
    /// <exception cref="ArgumentException">The data are no whole rows, fewer than two, or not finite.</exception>
    public static PrincipalComponents Fit(ReadOnlyMemory<float> data, int features, int components = 2, int threads = 0)
    {
        if (features < 1 || data.Length % features != 0)
            throw new ArgumentException($"{data.Length} values are no whole number of rows of {features}");
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(components, features);
        int rows = data.Length / features;
        if (rows < 2) throw new ArgumentException($"principal components need at least 2 rows, and there are {rows}");
        (double[] mean, double[] scale) = Standardisation(data.Span, rows, features);
        double[] covariance = Covariance(data, rows, mean, scale, threads);
        (double[] variances, double[] loadings) = SymmetricEigen.Largest(covariance, features, components);
        for (int c = 0; c < components; c++) FixSign(loadings.AsSpan(c * features, features));
        return new PrincipalComponents(mean, scale, loadings, variances);
    }

    /// <summary>Scores of rows.</summary>
    /// <param name="data">Rows, <c>[count, features]</c>.</param>
    /// <returns>Scores, <c>[count, components]</c>.</returns>
    /// <exception cref="ArgumentException">The data are no whole rows.</exception>
    public double[] Transform(ReadOnlySpan<float> data)
    {
        if (data.Length % Features != 0) throw new ArgumentException($"{data.Length} values are no whole number of rows of {Features}");
        var scores = new double[data.Length / Features * Components];
        var row = new double[Features];
        for (int i = 0; i < data.Length / Features; i++)
        {
            Standardise(data.Slice(i * Features, Features), row);
            for (int c = 0; c < Components; c++) scores[i * Components + c] = SymmetricEigen.Dot(row, Loadings(c));
        }

        return scores;
    }

    /// <summary>The row whose scores are given and whose other components are zero.</summary>
    /// <param name="scores">Scores, <c>[components]</c>.</param>
    /// <param name="row">Receives the values, <c>[features]</c>, in the units of the data.</param>
    public void Inverse(ReadOnlySpan<double> scores, Span<float> row)
    {
        if (scores.Length != Components || row.Length != Features)
            throw new ArgumentException($"{Components} scores make a row of {Features} values, not {scores.Length} and {row.Length}");
        int at = 0;
        for (; at <= row.Length - Vector256<double>.Count; at += Vector256<double>.Count) // the same operations as one at a time below
        {
            Vector256<double> value = default;
            for (int c = 0; c < scores.Length; c++) value += scores[c] * Vector256.Create(_loadings.AsSpan(c * Features + at));
            value = Vector256.Create(_mean.AsSpan(at)) + Vector256.Create(_scale.AsSpan(at)) * value;
            Vector128.Narrow(value.GetLower(), value.GetUpper()).CopyTo(row[at..]);
        }

        for (; at < row.Length; at++)
        {
            double value = 0;
            for (int c = 0; c < scores.Length; c++) value += scores[c] * _loadings[c * Features + at];
            row[at] = (float)(_mean[at] + _scale[at] * value);
        }
    }

    private void Standardise(ReadOnlySpan<float> values, Span<double> row)
    {
        for (int f = 0; f < values.Length; f++) row[f] = (values[f] - _mean[f]) / _scale[f];
    }

    private static (double[] Mean, double[] Scale) Standardisation(ReadOnlySpan<float> data, int rows, int features)
    {
        double[] mean = new double[features], scale = new double[features];
        for (int i = 0; i < rows; i++)
        {
            ReadOnlySpan<float> row = data.Slice(i * features, features);
            for (int f = 0; f < row.Length; f++) mean[f] += row[f];
        }

        for (int f = 0; f < features; f++) mean[f] /= rows;
        for (int i = 0; i < rows; i++)
        {
            ReadOnlySpan<float> row = data.Slice(i * features, features);
            for (int f = 0; f < row.Length; f++) scale[f] += (row[f] - mean[f]) * (row[f] - mean[f]);
        }

        for (int f = 0; f < features; f++)
        {
            scale[f] = Math.Sqrt(scale[f] / rows);
            if (!double.IsFinite(scale[f])) throw new ArgumentException($"feature {f} has a value that is not a finite number");

            // A constant pixel's mean is rounded, which leaves a deviation of the size of the rounding.
            if (scale[f] <= 1e-12 * Math.Abs(mean[f])) scale[f] = 1;
        }

        return (mean, scale);
    }

    private static double[] Covariance(ReadOnlyMemory<float> data, int rows, double[] mean, double[] scale, int threads)
    {
        int features = mean.Length, padded = (features + 15) & ~15;
        double[] sums = new double[padded * padded], block = new double[Chunk * padded];
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
        for (int from = 0; from < rows; from += Chunk)
        {
            int count = Math.Min(Chunk, rows - from);
            Parallel.For(0, count, options, i =>
            {
                ReadOnlySpan<float> row = data.Span.Slice((from + i) * features, features);
                Span<double> values = block.AsSpan(i * padded, padded);
                for (int f = 0; f < features; f++) values[f] = (row[f] - mean[f]) / scale[f];
            });
            Parallel.For(0, padded / 4, options, tile =>
            {
                for (int j = tile * 4 & ~15; j < padded; j += 16) Tile(sums, block, tile * 4, j, padded, count);
            });
        }

        var covariance = new double[features * features];
        for (int i = 0; i < features; i++)
        {
            for (int j = i; j < features; j++)
                covariance[i * features + j] = covariance[j * features + i] = sums[i * padded + j] / (rows - 1);
        }

        return covariance;
    }

    /// <summary>Adds the products of features i to i + 3 with features j to j + 15 over the rows of a block.</summary>
    private static void Tile(double[] sums, double[] block, int i, int j, int padded, int count)
    {
        ref double z = ref MemoryMarshal.GetArrayDataReference(block);
        Span<Vector512<double>> total = stackalloc Vector512<double>[8];
        for (int r = 0; r < 4; r++)
        {
            total[2 * r] = Vector512.Create(sums.AsSpan((i + r) * padded + j, 8));
            total[2 * r + 1] = Vector512.Create(sums.AsSpan((i + r) * padded + j + 8, 8));
        }

        Vector512<double> s0 = total[0], s1 = total[1], s2 = total[2], s3 = total[3], s4 = total[4], s5 = total[5], s6 = total[6], s7 = total[7];
        for (int row = 0; row < count; row++)
        {
            nuint at = (nuint)(row * padded);
            Vector512<double> left = Vector512.LoadUnsafe(ref z, at + (nuint)j), right = Vector512.LoadUnsafe(ref z, at + (nuint)j + 8);
            Vector512<double> x = Vector512.Create(block[(int)at + i]);
            s0 += x * left;
            s1 += x * right;
            x = Vector512.Create(block[(int)at + i + 1]);
            s2 += x * left;
            s3 += x * right;
            x = Vector512.Create(block[(int)at + i + 2]);
            s4 += x * left;
            s5 += x * right;
            x = Vector512.Create(block[(int)at + i + 3]);
            s6 += x * left;
            s7 += x * right;
        }

        (total[0], total[1], total[2], total[3], total[4], total[5], total[6], total[7]) = (s0, s1, s2, s3, s4, s5, s6, s7);
        for (int r = 0; r < 4; r++)
        {
            total[2 * r].CopyTo(sums.AsSpan((i + r) * padded + j, 8));
            total[2 * r + 1].CopyTo(sums.AsSpan((i + r) * padded + j + 8, 8));
        }
    }

    private static void FixSign(Span<double> loadings)
    {
        double largest = 0;
        foreach (double value in loadings)
        {
            if (Math.Abs(value) > Math.Abs(largest)) largest = value;
        }

        if (largest >= 0) return;
        foreach (ref double value in loadings) value = -value;
    }
}
