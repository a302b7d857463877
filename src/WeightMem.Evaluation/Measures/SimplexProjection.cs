using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Where a network lies beside the mixtures of the training networks.</summary>
/// <param name="Residual">Distance to the nearest mixture: sum of w t with w from 0 that sum to 1.</param>
/// <param name="Gap">What the squared residual, halved, can at most be above its least value: the certificate of Frank and Wolfe.</param>
/// <param name="EffectiveParents">1 / sum of w^2: 1 for a copy, 2 for the middle of two networks.</param>
/// <param name="Weights">Weights of the parents that have any, by training row.</param>
public sealed record Mixture(double Residual, double Gap, double EffectiveParents, IReadOnlyDictionary<int, double> Weights);

/// <summary>
/// Nearest mixtures of training networks (evaluation specification, 9.5) by the pairwise Frank-Wolfe method (Lacoste-Julien and Jaggi 2015) on the Gram matrix
/// of the centred parents, in double precision: weight moves from the worst parent that has some to the best one, until the gap says that nothing is left to gain.
/// </summary>
public sealed class SimplexProjection
{
    /// <summary>With more parents than this each network is compared with its nearest ones only.</summary>
    public const int MostParents = 5000;

    /// <summary>How many those are.</summary>
    public const int NearestParents = 64;

    /// <summary>Gap at which to stop, as a share of the parents' mean squared distance from their mean.</summary>
    private const double Tolerance = 1e-11;

    private const int MostSteps = 50_000;

    private readonly Population _parents;
    private readonly double[] _centre;
    private readonly float[]? _centred;
    private readonly double[]? _gram;

    /// <summary>Mixtures of these networks.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public SimplexProjection(Population parents)
    {
        if (parents.Count == 0) throw new ArgumentException("mixtures need networks to mix");
        _parents = parents;
        _centre = Centre(parents);
        if (parents.Count > MostParents) return;
        _centred = Centred(parents, [.. Enumerable.Range(0, parents.Count)], _centre);
        _gram = Gram(_centred, parents.Count);
    }

    /// <summary>The nearest mixture of every query.</summary>
    /// <param name="queries">Networks of the same width.</param>
    /// <param name="excluded">For each query a mark; parents of an equal mark do not take part. Null for none.</param>
    /// <param name="marks">The mark of each parent.</param>
    /// <returns>One mixture each; null where no parent may take part.</returns>
    public Mixture?[] Nearest(Population queries, int[]? excluded = null, int[]? marks = null)
    {
        Rows.RequireComparable(queries, _parents);
        var mixtures = new Mixture?[queries.Count];
        Parallel.For(0, queries.Count, i =>
        {
            int[] candidates = Candidates(queries.Row(i), excluded?[i], marks);
            if (candidates.Length > 0) mixtures[i] = Solve(queries.Row(i), candidates);
        });
        return mixtures;
    }

    private int[] Candidates(ReadOnlySpan<float> query, int? excluded, int[]? marks)
    {
        int[] all = [.. Enumerable.Range(0, _parents.Count).Where(t => excluded is null || marks![t] != excluded)];
        if (all.Length <= MostParents) return all;
        var distances = new double[all.Length];
        for (int i = 0; i < all.Length; i++) distances[i] = DirectDistance.Squared(query, _parents.Row(all[i]));
        Array.Sort(distances, all);
        return all[..NearestParents];
    }

    private Mixture Solve(ReadOnlySpan<float> query, int[] candidates)
    {
        int n = candidates.Length, stride = _gram is null ? n : _parents.Count;
        float[] centred = _centred ?? Centred(_parents, candidates, _centre);
        double[] gram = _gram ?? Gram(centred, n);
        int[] place = _gram is null ? [.. Enumerable.Range(0, n)] : candidates;
        double[] slope = new double[n], weight = new double[n];
        float[] own = new float[query.Length];
        for (int p = 0; p < own.Length; p++) own[p] = (float)(query[p] - _centre[p]);
        double scale = 0;
        int start = 0;
        for (int i = 0; i < n; i++)
        {
            slope[i] = -DirectDistance.Inner(centred.AsSpan(place[i] * own.Length, own.Length), own);
            scale += gram[place[i] * stride + place[i]] / n;
            if (Start(i) < Start(start)) start = i;
        }

        // From the nearest parent: the slope is K w - b.
        weight[start] = 1;
        ReadOnlySpan<double> first = gram.AsSpan(place[start] * stride, stride);
        for (int i = 0; i < n; i++) slope[i] += first[place[i]];
        double gap = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            int best = 0, worst = -1;
            double along = 0;
            for (int i = 0; i < n; i++)
            {
                if (slope[i] < slope[best]) best = i;
                if (weight[i] <= 0) continue;
                along += weight[i] * slope[i];
                if (worst < 0 || slope[i] > slope[worst]) worst = i;
            }

            gap = along - slope[best];
            if (gap <= Tolerance * scale || worst == best) break;
            ReadOnlySpan<double> to = gram.AsSpan(place[best] * stride, stride), from = gram.AsSpan(place[worst] * stride, stride);
            double curvature = to[place[best]] + from[place[worst]] - 2 * to[place[worst]];
            double move = curvature > 0 ? Math.Min((slope[worst] - slope[best]) / curvature, weight[worst]) : weight[worst];
            weight[best] += move;
            weight[worst] = move >= weight[worst] ? 0 : weight[worst] - move;
            for (int i = 0; i < n; i++) slope[i] += move * (to[place[i]] - from[place[i]]);
        }

        return Finish(query, candidates, weight, gap);

        double Start(int i) => gram[place[i] * stride + place[i]] + 2 * slope[i]; // |t|^2 - 2 t q: the order of distances
    }

    private Mixture Finish(ReadOnlySpan<float> query, int[] candidates, double[] weight, double gap)
    {
        double total = weight.Sum(), squares = 0;
        var parents = new SortedDictionary<int, double>();
        var mixture = new double[query.Length];
        for (int i = 0; i < weight.Length; i++)
        {
            if (weight[i] <= 0) continue;
            double share = weight[i] / total;
            parents[candidates[i]] = share;
            squares += share * share;
            ReadOnlySpan<float> row = _parents.Row(candidates[i]);
            for (int p = 0; p < row.Length; p++) mixture[p] += share * row[p];
        }

        double residual = 0; // directly: what is near zero must not be a difference of large sums
        for (int p = 0; p < mixture.Length; p++) residual += (query[p] - mixture[p]) * (query[p] - mixture[p]);
        return new Mixture(Math.Sqrt(residual), gap, 1 / squares, parents);
    }

    /// <summary>The mean of all rows.</summary>
    internal static double[] Centre(Population rows)
    {
        var centre = new double[rows.Parameters];
        for (int i = 0; i < rows.Count; i++)
        {
            ReadOnlySpan<float> row = rows.Row(i);
            for (int p = 0; p < row.Length; p++) centre[p] += row[p];
        }

        for (int p = 0; p < centre.Length; p++) centre[p] /= rows.Count;
        return centre;
    }

    /// <summary>Some rows without their centre. Rounded to single precision once, which is far below what the gap allows.</summary>
    private static float[] Centred(Population population, int[] rows, double[] centre)
    {
        int width = population.Parameters;
        var centred = new float[(long)rows.Length * width];
        Parallel.For(0, rows.Length, i =>
        {
            ReadOnlySpan<float> row = population.Row(rows[i]);
            Span<float> to = centred.AsSpan(i * width, width);
            for (int p = 0; p < width; p++) to[p] = (float)(row[p] - centre[p]);
        });
        return centred;
    }

    /// <summary>Inner products of rows, <c>[rows, rows]</c>.</summary>
    private static double[] Gram(float[] centred, int rows)
    {
        const int tile = 16;
        int width = centred.Length / rows;
        var gram = new double[checked(rows * rows)];
        Parallel.For(0, (rows + tile - 1) / tile, block =>
        {
            int end = Math.Min(rows, (block + 1) * tile);
            for (int j = block * tile; j < rows; j++)
            {
                for (int i = block * tile; i < Math.Min(end, j + 1); i++)
                    gram[i * rows + j] = gram[j * rows + i] = DirectDistance.Inner(centred.AsSpan(i * width, width), centred.AsSpan(j * width, width));
            }
        });
        return gram;
    }
}
