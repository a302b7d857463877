using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Are generated and other networks from one distribution (evaluation specification, 9.8)? Leave-one-out nearest-neighbour accuracy of each class (Lopez-Paz and Oquab 2017),
/// squared maximum mean discrepancy with a Gaussian kernel of median bandwidth (Gretton et al. 2012), energy distance, both with permutation p-values.
/// </summary>
internal static class TwoSampleTests
{
    /// <summary>Permutations behind a p-value.</summary>
    public const int Permutations = 1000;

    /// <summary>
    /// Share of networks whose nearest other network is of their own population, of the first and of the second population. Against training networks, near 0 for
    /// the generated side means that every sample's neighbour is a training network; the pooled value can hide it.
    /// </summary>
    public static (double First, double Second) NearestIsOwn(PairDistances between, ReadOnlySpan<double> ownFirst, ReadOnlySpan<double> ownSecond)
    {
        double first = 0, second = 0;
        var column = new double[between.Columns];
        column.AsSpan().Fill(double.PositiveInfinity);
        for (int i = 0; i < between.Rows; i++)
        {
            double nearest = double.PositiveInfinity;
            ReadOnlySpan<double> row = between.Row(i);
            for (int j = 0; j < row.Length; j++)
            {
                nearest = Math.Min(nearest, row[j]);
                column[j] = Math.Min(column[j], row[j]);
            }

            first += Own(ownFirst[i], nearest);
        }

        for (int j = 0; j < column.Length; j++) second += Own(ownSecond[j], column[j]);
        return (first / between.Rows, second / between.Columns);

        // Equally near neighbours of both kinds say nothing.
        static double Own(double own, double other) => own < other ? 1 : own == other ? 0.5 : 0;
    }

    /// <summary>MMD^2 (unbiased) and energy distance with the share of relabellings that give as much or more.</summary>
    /// <param name="own">Distances within the first population.</param>
    /// <param name="between">Distances from the first to the second.</param>
    /// <param name="other">Distances within the second population.</param>
    /// <param name="stream">Where relabellings come from.</param>
    public static (double Mmd, double MmdP, double Energy, double EnergyP) Compare(PairDistances own, PairDistances between, PairDistances other, RandomStream stream)
    {
        int m = own.Rows, n = other.Rows, all = m + n;
        var distances = new double[all * all];
        for (int i = 0; i < all; i++)
        {
            for (int j = 0; j < all; j++)
            {
                distances[i * all + j] = i < m ? j < m ? own[i, j] : between[i, j - m] : j < m ? between[j, i - m] : other[i - m, j - m];
            }
        }

        var pairs = new List<double>(all * (all - 1) / 2);
        for (int i = 0; i < all; i++)
        {
            for (int j = i + 1; j < all; j++) pairs.Add(distances[i * all + j]);
        }

        double bandwidth = Quantiles.Median(pairs.ToArray());
        double[] kernel = bandwidth > 0 ? Array.ConvertAll(distances, d => Math.Exp(-d * d / (2 * bandwidth * bandwidth))) : Array.ConvertAll(distances, d => d == 0 ? 1.0 : 0.0);
        int[] identity = [.. Enumerable.Range(0, all)];
        (double mmd, double energy) = (Discrepancy(kernel, identity, m), -Discrepancy(distances, identity, m));
        int mmdAbove = 0, energyAbove = 0;
        Parallel.For(0, Permutations, r =>
        {
            int[] order = stream.At(r).Permutation(all);
            if (Discrepancy(kernel, order, m) >= mmd) Interlocked.Increment(ref mmdAbove);
            if (-Discrepancy(distances, order, m) >= energy) Interlocked.Increment(ref energyAbove);
        });
        return (mmd, (mmdAbove + 1.0) / (Permutations + 1), energy, (energyAbove + 1.0) / (Permutations + 1));
    }

    /// <summary>Mean within the first m + mean within the others - 2 x mean between, without the diagonal.</summary>
    private static double Discrepancy(double[] values, int[] order, int m)
    {
        int all = order.Length, n = all - m;
        double first = 0, second = 0, between = 0;
        for (int i = 0; i < all; i++)
        {
            ReadOnlySpan<double> row = values.AsSpan(order[i] * all, all);
            double toFirst = 0, toSecond = 0;
            for (int j = 0; j < i; j++)
            {
                if (j < m) toFirst += row[order[j]];
                else toSecond += row[order[j]];
            }

            if (i < m) first += toFirst;
            else (between, second) = (between + toFirst, second + toSecond);
        }

        return 2 * first / (m * (m - 1.0)) + 2 * second / (n * (n - 1.0)) - 2 * between / ((double)m * n);
    }
}
