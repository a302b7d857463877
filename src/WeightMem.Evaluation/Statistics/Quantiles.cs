namespace WeightMem.Evaluation.Statistics;

/// <summary>Sample quantiles, by linear interpolation between order statistics (position p (n - 1)).</summary>
public static class Quantiles
{
    /// <summary>The quantile of one probability; NaN for an empty sample.</summary>
    /// <param name="values">Values in any order.</param>
    /// <param name="probability">0 to 1.</param>
    public static double Of(ReadOnlySpan<double> values, double probability)
    {
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        return OfSorted(sorted, probability);
    }

    /// <summary>The quantile of one probability of values in increasing order; NaN for an empty sample.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in 0 to 1.</exception>
    public static double OfSorted(ReadOnlySpan<double> sorted, double probability)
    {
        if (!(probability is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), $"probability {probability} is not in 0 to 1");
        if (sorted.Length == 0) return double.NaN;
        double position = probability * (sorted.Length - 1);
        int below = (int)position;
        double share = position - below;

        // Without this an infinite neighbour of weight 0 would give NaN.
        return share == 0 ? sorted[below] : sorted[below] + share * (sorted[below + 1] - sorted[below]);
    }

    /// <summary>The median; NaN for an empty sample.</summary>
    public static double Median(ReadOnlySpan<double> values) => Of(values, 0.5);
}
