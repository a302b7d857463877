namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// The three-sample data-copying score of Meehan, Chaudhuri and Dasgupta (2020) on distances to the training set, and its companions.
/// </summary>
/// <param name="U">Pairs in which the generated network is farther from training than the held-out one, ties counted half.</param>
/// <param name="Z">(U - nm/2) / sqrt(nm (n + m + 1) / 12): far below 0 is copying, far above 0 under-fitting.</param>
/// <param name="Auc">U / nm, 0 to 1: free of the sample sizes. 0.5 is what fresh networks give.</param>
/// <param name="Floor">The least Z that the sample sizes allow, -sqrt(3nm / (n + m + 1)).</param>
/// <param name="PValue">Two-sided, from the normal approximation.</param>
/// <param name="Generated">Number of generated networks (m).</param>
/// <param name="HeldOut">Number of held-out networks (n).</param>
public sealed record MannWhitney(double U, double Z, double Auc, double Floor, double PValue, int Generated, int HeldOut)
{
    /// <summary>Compares the distances of generated and held-out networks to the training set.</summary>
    /// <param name="generated">Distances of generated networks, not NaN.</param>
    /// <param name="heldOut">Distances of held-out networks, not NaN.</param>
    /// <returns>The test, or null when one of the samples is empty.</returns>
    /// <exception cref="ArgumentException">A distance is NaN.</exception>
    public static MannWhitney? Compare(ReadOnlySpan<double> generated, ReadOnlySpan<double> heldOut)
    {
        double[] q = Sorted(generated, nameof(generated)), p = Sorted(heldOut, nameof(heldOut));
        if (q.Length == 0 || p.Length == 0) return null;
        double u = 0;
        int below = 0, notAbove = 0;
        foreach (double value in q)
        {
            while (below < p.Length && p[below] < value) below++;
            while (notAbove < p.Length && p[notAbove] <= value) notAbove++;
            u += 0.5 * (below + notAbove);
        }

        double m = q.Length, n = p.Length, pairs = n * m;
        double z = (u - pairs / 2) / Math.Sqrt(pairs * (n + m + 1) / 12);
        double floor = -Math.Sqrt(3 * pairs / (n + m + 1));
        return new MannWhitney(u, z, u / pairs, floor, 2 * NormalDistribution.Cdf(-Math.Abs(z)), q.Length, p.Length);
    }

    private static double[] Sorted(ReadOnlySpan<double> values, string name)
    {
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted.Length > 0 && double.IsNaN(sorted[0]) // NaN sorts first
            ? throw new ArgumentException("a distance is not a number", name)
            : sorted;
    }
}
