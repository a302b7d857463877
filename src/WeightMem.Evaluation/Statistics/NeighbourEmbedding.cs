namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// t-SNE (van der Maaten and Hinton 2008) with the exact gradient, for some hundred points: perplexity 30, principal components scaled to 1e-4 as the start, early
/// exaggeration 12 for 250 of 1000 iterations, learning rate max(N / 48, 50), gains and momentum of the usual implementations (evaluation specification, M9). Nothing
/// is random: equal points give equal maps on equal machines, for any number of threads.
/// </summary>
public static class NeighbourEmbedding
{
    private const int Iterations = 1000, Early = 250;
    private const double Perplexity = 30, Exaggeration = 12, StartDeviation = 1e-4, LeastGain = 0.01;

    /// <summary>Places of points in the plane, <c>[points, 2]</c>.</summary>
    /// <param name="rows">The points, all of one length; at least 4.</param>
    /// <exception cref="ArgumentException">There are fewer than 4 points, or of different lengths.</exception>
    public static double[] Map(IReadOnlyList<float[]> rows)
    {
        int n = rows.Count;
        if (n < 4 || rows.Any(r => r.Length != rows[0].Length)) throw new ArgumentException("a map takes 4 points or more of one length");
        double[] squared = SquaredDistances(rows), affinities = Affinities(squared, n), map = Start(squared, n);
        double[] velocity = new double[2 * n], gains = new double[2 * n], gradient = new double[2 * n], kernel = new double[n * n], sums = new double[n];
        Array.Fill(gains, 1);
        double rate = Math.Max(n / (4 * Exaggeration), 50);
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            double exaggeration = iteration < Early ? Exaggeration : 1, momentum = iteration < Early ? 0.5 : 0.8;
            Gradient(gradient, map, affinities, exaggeration, kernel, sums, n);
            for (int i = 0; i < map.Length; i++)
            {
                gains[i] = Math.Max(LeastGain, velocity[i] * gradient[i] < 0 ? gains[i] + 0.2 : gains[i] * 0.8);
                velocity[i] = momentum * velocity[i] - rate * gains[i] * gradient[i];
                map[i] += velocity[i];
            }
        }

        return map;
    }

    private static double[] SquaredDistances(IReadOnlyList<float[]> rows)
    {
        int n = rows.Count;
        var squared = new double[n * n];
        Parallel.For(0, n, i =>
        {
            for (int j = 0; j < n; j++)
            {
                double sum = 0;
                for (int k = 0; k < rows[i].Length; k++) sum += Math.Pow((double)rows[i][k] - rows[j][k], 2);
                squared[i * n + j] = sum;
            }
        });
        return squared;
    }

    /// <summary>Symmetric joint probabilities, each row's kernel as wide as the perplexity asks.</summary>
    private static double[] Affinities(double[] squared, int n)
    {
        double wanted = Math.Log(Math.Min(Perplexity, (n - 1) / 3.0));
        var conditional = new double[n * n];
        Parallel.For(0, n, i =>
        {
            double precision = 1, low = 0, high = double.PositiveInfinity, nearest = double.PositiveInfinity;
            for (int j = 0; j < n; j++)
            {
                if (j != i) nearest = Math.Min(nearest, squared[i * n + j]);
            }

            for (int attempt = 0; attempt < 100; attempt++)
            {
                double sum = 0, weighted = 0;
                for (int j = 0; j < n; j++)
                {
                    double off = squared[i * n + j] - nearest, p = j == i ? 0 : Math.Exp(-off * precision);
                    conditional[i * n + j] = p;
                    sum += p;
                    weighted += off * p;
                }

                for (int j = 0; j < n; j++) conditional[i * n + j] /= sum;
                double excess = Math.Log(sum) + precision * weighted / sum - wanted;
                if (Math.Abs(excess) < 1e-7) break;
                if (excess > 0) low = precision;
                else high = precision;
                precision = double.IsInfinity(high) ? precision * 2 : (low + high) / 2;
            }
        });
        var joint = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) joint[i * n + j] = (conditional[i * n + j] + conditional[j * n + i]) / (2 * n);
        }

        return joint;
    }

    /// <summary>The first two principal coordinates, from the distances alone: the largest eigenvectors of the centred products.</summary>
    private static double[] Start(double[] squared, int n)
    {
        var products = new double[n * n];
        double[] means = [.. Enumerable.Range(0, n).Select(i => squared.AsSpan(i * n, n).ToArray().Average())];
        double all = means.Average();
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) products[i * n + j] = -0.5 * (squared[i * n + j] - means[i] - means[j] + all);
        }

        var map = new double[2 * n];
        var found = new List<double[]>();
        for (int axis = 0; axis < 2; axis++)
        {
            double[] v = [.. Enumerable.Range(0, n).Select(i => Math.Cos(1 + i * (axis + 1.0)))], next = new double[n];
            double length = 0;
            for (int turn = 0; turn < 300; turn++)
            {
                foreach (double[] other in found) Remove(v, other);
                length = Math.Sqrt(v.Sum(x => x * x));
                if (length < 1e-300) break;
                for (int i = 0; i < n; i++) v[i] /= length;
                for (int i = 0; i < n; i++)
                {
                    double sum = 0;
                    for (int j = 0; j < n; j++) sum += products[i * n + j] * v[j];
                    next[i] = sum;
                }

                (v, next) = (next, v);
            }

            double[] unit = [.. v.Select(x => length < 1e-300 ? 0 : x / Math.Max(1e-300, Math.Sqrt(v.Sum(y => y * y))))];
            if (unit.MaxBy(Math.Abs) < 0) unit = [.. unit.Select(x => -x)];
            found.Add(unit);
            double scale = Math.Sqrt(Math.Max(0, unit.Select((x, i) => x * Enumerable.Range(0, n).Sum(j => products[i * n + j] * unit[j])).Sum()));
            for (int i = 0; i < n; i++) map[2 * i + axis] = unit[i] * scale;
        }

        double deviation = Math.Sqrt(Enumerable.Range(0, n).Sum(i => map[2 * i] * map[2 * i]) / n);
        for (int i = 0; i < map.Length; i++) map[i] *= deviation > 0 ? StartDeviation / deviation : 0;
        return map;

        static void Remove(double[] v, double[] other)
        {
            double dot = v.Zip(other, (a, b) => a * b).Sum();
            for (int i = 0; i < v.Length; i++) v[i] -= dot * other[i];
        }
    }

    private static void Gradient(double[] gradient, double[] map, double[] affinities, double exaggeration, double[] kernel, double[] sums, int n)
    {
        Parallel.For(0, n, i =>
        {
            double sum = 0;
            for (int j = 0; j < n; j++)
            {
                double dx = map[2 * i] - map[2 * j], dy = map[2 * i + 1] - map[2 * j + 1];
                double k = i == j ? 0 : 1 / (1 + dx * dx + dy * dy);
                kernel[i * n + j] = k;
                sum += k;
            }

            sums[i] = sum;
        });
        double total = 0;
        foreach (double sum in sums) total += sum;
        Parallel.For(0, n, i =>
        {
            double x = 0, y = 0;
            for (int j = 0; j < n; j++)
            {
                double k = kernel[i * n + j], force = (exaggeration * affinities[i * n + j] - k / total) * k;
                x += force * (map[2 * i] - map[2 * j]);
                y += force * (map[2 * i + 1] - map[2 * j + 1]);
            }

            (gradient[2 * i], gradient[2 * i + 1]) = (4 * x, 4 * y);
        });
    }
}
