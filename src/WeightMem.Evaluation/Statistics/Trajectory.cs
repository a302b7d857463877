using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// Means of a series whose neighbours depend on each other, as the steps of a single training do: resampled in moving blocks (Kuensch
/// 1989) of about the length over which values remember each other.
/// </summary>
public static class Trajectory
{
    /// <summary>Steps over which values are correlated: 1 + 2 times the autocorrelations up to the first that is not positive (Geyer's initial positive sum, in short).</summary>
    public static int CorrelationLength(ReadOnlySpan<double> series)
    {
        int n = series.Length;
        double mean = 0, variance = 0, sum = 1;
        foreach (double value in series) mean += value / n;
        foreach (double value in series) variance += (value - mean) * (value - mean);
        if (n < 4 || variance == 0) return 1;
        for (int lag = 1; lag < n / 2; lag++)
        {
            double covariance = 0;
            for (int i = 0; i + lag < n; i++) covariance += (series[i] - mean) * (series[i + lag] - mean);
            if (covariance <= 0) break;
            sum += 2 * covariance / variance;
        }

        return Math.Clamp((int)Math.Ceiling(sum), 1, Math.Max(1, n / 4));
    }

    /// <summary>Mean and median with a percentile interval of block-resampled means; no interval with fewer than four values.</summary>
    /// <param name="series">Values in the order of their steps, not NaN.</param>
    /// <param name="stream">Where the resamples come from.</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="path">How the values were made.</param>
    public static Estimate Mean(ReadOnlySpan<double> series, RandomStream stream, int resamples = Bootstrap.DefaultResamples, string path = "")
    {
        int n = series.Length;
        if (n == 0) return new Estimate(double.NaN, double.NaN, null, null, 0, path);
        double[] values = series.ToArray();
        double mean = values.Average(), median = Quantiles.Median(values);
        if (n < 4 || !double.IsFinite(mean)) return new Estimate(mean, median, null, null, n, path);
        int length = CorrelationLength(values), blocks = (n + length - 1) / length;
        var prefix = new double[n + 1];
        for (int i = 0; i < n; i++) prefix[i + 1] = prefix[i] + values[i];
        var draws = new double[resamples];
        Parallel.For(0, resamples, r =>
        {
            RandomStream own = stream.At(r);
            double sum = 0;
            int left = n;
            for (int b = 0; b < blocks; b++)
            {
                int take = Math.Min(length, left), start = own.Integer(b, n - take + 1);
                sum += prefix[start + take] - prefix[start];
                left -= take;
            }

            draws[r] = sum / n;
        });
        Array.Sort(draws);
        return new Estimate(mean, median, Quantiles.OfSorted(draws, 0.025), Quantiles.OfSorted(draws, 0.975), n, $"{path}, one run: blocks of {length} steps");
    }
}
