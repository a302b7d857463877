namespace WeightMem.Evaluation.Statistics;

/// <summary>The standard normal distribution.</summary>
public static class NormalDistribution
{
    /// <summary>P(X &lt;= x), to about 1e-14 relative, also far in the tails.</summary>
    public static double Cdf(double x)
    {
        if (double.IsNaN(x)) return double.NaN;
        double z = Math.Abs(x);
        if (z > 38.5) return x > 0 ? 1 : 0;
        double density = Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI), tail;
        if (z < 3)
        {
            // Phi(z) - 1/2 = density * (z + z^3/3 + z^5/(3 5) + ...)
            double term = z, sum = z;
            for (int n = 3; term > 1e-17 * sum; n += 2) sum += term *= z * z / n;
            tail = 0.5 - density * sum;
        }
        else
        {
            // The tail as the continued fraction density / (z + 1/(z + 2/(z + 3/(z + ...)))), from the inside.
            double fraction = z;
            for (int n = 120; n > 0; n--) fraction = z + n / fraction;
            tail = density / fraction;
        }

        return x > 0 ? 1 - tail : tail;
    }

    /// <summary>The x with <see cref="Cdf"/>(x) = p; infinite for p = 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in 0 to 1.</exception>
    public static double Quantile(double probability)
    {
        if (!(probability is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), $"probability {probability} is not in 0 to 1");
        if (probability == 0) return double.NegativeInfinity;
        if (probability == 1) return double.PositiveInfinity;
        if (probability > 0.5) return -Quantile(1 - probability);
        double low = -38.5, high = 0;
        for (int i = 0; i < 100 && high - low > 1e-15 * -low; i++)
        {
            double middle = 0.5 * (low + high);
            if (Cdf(middle) < probability) low = middle;
            else high = middle;
        }

        return probability == 0.5 ? 0 : 0.5 * (low + high);
    }
}
