namespace WeightMem.Evaluation.Statistics;

/// <summary>The two-sample test of Kolmogorov and Smirnov.</summary>
/// <param name="Distance">Largest difference of the two distribution functions, 0 to 1.</param>
/// <param name="PValue">Asymptotic, with the small-sample factor of Stephens (1970).</param>
public sealed record KolmogorovSmirnov(double Distance, double PValue)
{
    /// <summary>Compares two samples; null when one is empty.</summary>
    public static KolmogorovSmirnov? Compare(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        if (first.Length == 0 || second.Length == 0) return null;
        double[] a = first.ToArray(), b = second.ToArray();
        Array.Sort(a);
        Array.Sort(b);
        double distance = 0;
        int i = 0, j = 0;
        while (i < a.Length && j < b.Length)
        {
            double value = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] <= value) i++;
            while (j < b.Length && b[j] <= value) j++;
            distance = Math.Max(distance, Math.Abs((double)i / a.Length - (double)j / b.Length));
        }

        double root = Math.Sqrt((double)a.Length * b.Length / (a.Length + b.Length)), x = (root + 0.12 + 0.11 / root) * distance;
        double p = 0;
        for (int k = 1; k <= 100; k++) p += 2 * (k % 2 == 1 ? 1 : -1) * Math.Exp(-2.0 * k * k * x * x);
        return new KolmogorovSmirnov(distance, x < 0.2 ? 1 : Math.Clamp(p, 0, 1)); // the series is 1 to all digits below that
    }
}
