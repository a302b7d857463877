using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// How much nearer than its surroundings the nearest training network is (evaluation specification, 9.2): the ratio of Carlini et al. (2023), distance to the
/// nearest over half the mean distance to the 50 nearest, and the rule of Yoon et al. (2023), nearest below a third of the second nearest of another run.
/// </summary>
/// <param name="Ratio">The first ratio of each network: far below 1 is a copy, near 2 is natural.</param>
/// <param name="ThirdOfSecond">Whether the second rule calls it memorised; null where all training networks are of one run and the rule is blind.</param>
internal sealed record NeighbourRatios(double[] Ratio, bool[]? ThirdOfSecond)
{
    /// <summary>Training networks that make up the surroundings.</summary>
    public const int Surroundings = 50;

    /// <summary>Both, of every row of distances.</summary>
    /// <param name="toTraining">Distances to training networks.</param>
    /// <param name="runs">Run of each training network.</param>
    public static NeighbourRatios Of(PairDistances toTraining, int[] runs)
    {
        var ratio = new double[toTraining.Rows];
        bool[]? rule = runs.Distinct().Skip(1).Any() ? new bool[toTraining.Rows] : null;
        for (int q = 0; q < ratio.Length; q++)
        {
            double[] sorted = toTraining.Row(q).ToArray();
            int[] order = [.. Enumerable.Range(0, sorted.Length)];
            Array.Sort(sorted, order);
            double mean = sorted.Take(Surroundings).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average(); // infinite: the own run
            ratio[q] = mean > 0 ? sorted[0] / (0.5 * mean) : 0;
            if (rule is null) continue;
            int second = 1;
            while (second < order.Length - 1 && runs[order[second]] == runs[order[0]]) second++;
            rule[q] = sorted[0] < sorted[second] / 3;
        }

        return new NeighbourRatios(ratio, rule);
    }

    /// <summary>Share below the 1 % quantile of a reference's ratios: what Carlini et al. flag.</summary>
    public double Flagged(NeighbourRatios reference)
    {
        double threshold = Quantiles.Of(reference.Ratio, 0.01);
        return (double)Ratio.Count(r => r < threshold) / Ratio.Length;
    }
}
