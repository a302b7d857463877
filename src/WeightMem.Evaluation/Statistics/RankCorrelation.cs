namespace WeightMem.Evaluation.Statistics;

/// <summary>Spearman's rank correlation, ties at their mean rank.</summary>
public static class RankCorrelation
{
    /// <summary>-1 to 1; NaN with fewer than three pairs or where one side is constant.</summary>
    /// <exception cref="ArgumentException">The two are of different lengths.</exception>
    public static double Of(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"{x.Length} and {y.Length} values are no pairs");
        if (x.Length < 3) return double.NaN;
        double[] a = Ranks(x), b = Ranks(y);
        double mean = (a.Length + 1) / 2.0, cross = 0, left = 0, right = 0;
        for (int i = 0; i < a.Length; i++)
        {
            cross += (a[i] - mean) * (b[i] - mean);
            left += (a[i] - mean) * (a[i] - mean);
            right += (b[i] - mean) * (b[i] - mean);
        }

        return left > 0 && right > 0 ? cross / Math.Sqrt(left * right) : double.NaN;
    }

    /// <summary>Ranks from 1; equal values share the mean of theirs.</summary>
    internal static double[] Ranks(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray(), ranks = new double[values.Length];
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(sorted, order);
        for (int from = 0; from < order.Length;)
        {
            int to = from;
            while (to + 1 < order.Length && sorted[to + 1] == sorted[from]) to++;
            for (int i = from; i <= to; i++) ranks[order[i]] = (from + to) / 2.0 + 1;
            from = to + 1;
        }

        return ranks;
    }
}
