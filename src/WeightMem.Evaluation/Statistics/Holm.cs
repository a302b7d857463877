namespace WeightMem.Evaluation.Statistics;

/// <summary>Holm's correction (1979) of the p-values of one report for their number.</summary>
public static class Holm
{
    /// <summary>Adjusted p-values in the given order; NaN stays and does not count.</summary>
    public static double[] Adjust(ReadOnlySpan<double> p)
    {
        double[] values = p.ToArray(), adjusted = p.ToArray();
        int[] order = [.. Enumerable.Range(0, values.Length).Where(i => !double.IsNaN(values[i])).OrderBy(i => values[i])];
        double largest = 0;
        for (int rank = 0; rank < order.Length; rank++)
        {
            largest = Math.Max(largest, Math.Min(1, (order.Length - rank) * values[order[rank]]));
            adjusted[order[rank]] = largest;
        }

        return adjusted;
    }
}
