using System.Runtime.InteropServices;
using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Statistics;

/// <summary>A statistic of some of the independent units of a sample, which may occur more than once.</summary>
/// <param name="units">Indices of the units, in increasing draw order.</param>
public delegate double UnitStatistic(ReadOnlySpan<int> units);

/// <summary>A statistic of some of the independent units of two samples.</summary>
/// <param name="first">Indices of the first sample's units.</param>
/// <param name="second">Indices of the second sample's units.</param>
public delegate double TwoSampleStatistic(ReadOnlySpan<int> first, ReadOnlySpan<int> second);

/// <summary>
/// Bootstrap intervals: bias-corrected and accelerated (Efron 1987), 95 %, over the independent units of a sample. Checkpoints of one
/// run are not independent: there the unit is the run. Draws come from a named stream, so an interval has the same bits on every machine
/// and for any number of threads.
/// </summary>
public static class Bootstrap
{
    /// <summary>Resamples by default.</summary>
    public const int DefaultResamples = 10_000;

    private const double Tail = 0.025;

    /// <summary>Mean and median of a sample, with the interval of the mean.</summary>
    /// <param name="values">Finite or infinite values, not NaN. With an infinite mean there is no interval.</param>
    /// <param name="stream">Where the resamples come from.</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="clusters">Unit of each value, such as its run, or null when every value is independent.</param>
    /// <param name="path">How the values were made; goes into the estimate.</param>
    /// <exception cref="ArgumentException">A value is NaN, or there are not as many clusters as values.</exception>
    public static Estimate Mean(
        ReadOnlySpan<double> values, RandomStream stream, int resamples = DefaultResamples, int[]? clusters = null, string path = "")
    {
        if (clusters is not null && clusters.Length != values.Length)
            throw new ArgumentException($"{values.Length} values have {clusters.Length} clusters");
        for (int i = 0; i < values.Length; i++)
        {
            if (double.IsNaN(values[i])) throw new ArgumentException($"value {i} is not a number");
        }

        if (values.Length == 0) return new Estimate(double.NaN, double.NaN, null, null, 0, path);
        (double[] sums, int[] counts) = Units(values, clusters);
        double mean = MeanOf(sums, counts, [.. Enumerable.Range(0, sums.Length)]), median = Quantiles.Median(values);
        (double Low, double High)? interval = double.IsFinite(mean)
            ? Interval(sums.Length, units => MeanOf(sums, counts, units), stream, resamples)
            : null;
        return new Estimate(mean, median, interval?.Low, interval?.High, values.Length, path);
    }

    /// <summary>
    /// Mean over groups of their means, with the interval of a two-level bootstrap by percentiles: groups are drawn, and values within every drawn group. For generators trained from
    /// several seeds: the networks of one seed share what that seed has learnt.
    /// </summary>
    /// <param name="groups">Finite values by group; no group is empty.</param>
    /// <param name="stream">Where the resamples come from.</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="path">How the values were made; goes into the estimate.</param>
    /// <exception cref="ArgumentException">There is no group, or an empty one.</exception>
    public static Estimate Nested(IReadOnlyList<double[]> groups, RandomStream stream, int resamples = DefaultResamples, string path = "")
    {
        if (groups.Count == 0 || groups.Any(g => g.Length == 0)) throw new ArgumentException("a bootstrap of two levels takes groups of one value or more");
        double[] all = [.. groups.SelectMany(g => g)];
        double mean = groups.Average(g => g.Average());
        if (groups.Count < 2) return new Estimate(mean, Quantiles.Median(all), null, null, all.Length, path);
        var draws = new double[resamples];
        Parallel.For(0, resamples, r =>
        {
            RandomStream outer = stream.At(r);
            double sum = 0;
            for (int g = 0; g < groups.Count; g++)
            {
                double[] group = groups[outer.Integer(g, groups.Count)];
                RandomStream inner = outer.Sub("values", g);
                double total = 0;
                for (int i = 0; i < group.Length; i++) total += group[inner.Integer(i, group.Length)];
                sum += total / group.Length;
            }

            draws[r] = sum / groups.Count;
        });
        Array.Sort(draws);
        return new Estimate(mean, Quantiles.Median(all), Quantiles.OfSorted(draws, Tail), Quantiles.OfSorted(draws, 1 - Tail), all.Length, path);
    }

    /// <summary>
    /// The 95 % interval of a statistic over independent units. Null with fewer than two units, or where the statistic is not
    /// finite. Falls back to plain percentiles where the correction is not defined.
    /// </summary>
    /// <param name="units">Number of independent units.</param>
    /// <param name="statistic">The statistic; called from several threads.</param>
    /// <param name="stream">Where the resamples come from.</param>
    /// <param name="resamples">Number of resamples, at least 1.</param>
    public static (double Low, double High)? Interval(
        int units, UnitStatistic statistic, RandomStream stream, int resamples = DefaultResamples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (units < 2) return null;
        return Corrected(
            statistic([.. Enumerable.Range(0, units)]),
            draws => Parallel.For(0, resamples, () => new int[units], (r, _, drawn) =>
            {
                Draw(drawn, stream.At(r));
                draws[r] = statistic(drawn);
                return drawn;
            }, _ => { }),
            resamples,
            () => Acceleration(WithoutEach(units, statistic)));
    }

    /// <summary>
    /// The 95 % interval of a statistic of two samples, each resampled by itself. Null when either has fewer than two units, or where the statistic is not finite.
    /// </summary>
    /// <param name="first">Number of independent units of the first sample.</param>
    /// <param name="second">Number of independent units of the second sample.</param>
    /// <param name="statistic">The statistic; called from several threads.</param>
    /// <param name="stream">Where the resamples come from.</param>
    /// <param name="resamples">Number of resamples, at least 1.</param>
    public static (double Low, double High)? Interval(
        int first, int second, TwoSampleStatistic statistic, RandomStream stream, int resamples = DefaultResamples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (first < 2 || second < 2) return null;
        int[] allFirst = [.. Enumerable.Range(0, first)], allSecond = [.. Enumerable.Range(0, second)];
        RandomStream other = stream.Sub("second sample");
        return Corrected(
            statistic(allFirst, allSecond),
            draws => Parallel.For(0, resamples, () => (new int[first], new int[second]), (r, _, drawn) =>
            {
                Draw(drawn.Item1, stream.At(r));
                Draw(drawn.Item2, other.At(r));
                draws[r] = statistic(drawn.Item1, drawn.Item2);
                return drawn;
            }, _ => { }),
            resamples,
            () => Acceleration(WithoutEach(first, units => statistic(units, allSecond)), WithoutEach(second, units => statistic(allFirst, units))));
    }

    private static (double Low, double High)? Corrected(double observed, Action<double[]> resample, int resamples, Func<double?> acceleration)
    {
        if (!double.IsFinite(observed)) return null;
        var draws = new double[resamples];
        resample(draws);
        Array.Sort(draws);
        if (!double.IsFinite(draws[0]) || !double.IsFinite(draws[^1])) return null;
        (double low, double high) = Levels(draws, observed, acceleration) ?? (Tail, 1 - Tail);
        return (Quantiles.OfSorted(draws, low), Quantiles.OfSorted(draws, high));
    }

    /// <summary>The corrected probabilities of the two ends, or null where they are not defined.</summary>
    private static (double Low, double High)? Levels(double[] sorted, double observed, Func<double?> skew)
    {
        double below = 0;
        foreach (double draw in sorted) below += draw < observed ? 1 : draw == observed ? 0.5 : 0;
        double bias = NormalDistribution.Quantile(below / sorted.Length);
        if (!double.IsFinite(bias) || skew() is not { } acceleration) return null;
        if (Level(Tail) is not { } low || Level(1 - Tail) is not { } high) return null;
        return (low, high);

        double? Level(double probability)
        {
            double z = bias + NormalDistribution.Quantile(probability), scale = 1 - acceleration * z;
            return scale > 0 ? NormalDistribution.Cdf(bias + z / scale) : null;
        }
    }

    /// <summary>The skewness of the leave-one-out values of one or more samples over 6, or null where they are all equal.</summary>
    private static double? Acceleration(params ReadOnlySpan<double[]> samples)
    {
        double squares = 0, cubes = 0;
        foreach (double[] without in samples)
        {
            double mean = without.Average();
            foreach (double value in without)
            {
                // A sample's leave-one-out differences shrink with its size; this puts those of two samples on one scale.
                double difference = (without.Length - 1) * (mean - value) / without.Length;
                squares += difference * difference;
                cubes += difference * difference * difference;
            }
        }

        double acceleration = cubes / (6 * Math.Pow(squares, 1.5));
        return squares > 0 && double.IsFinite(acceleration) ? acceleration : null;
    }

    private static double[] WithoutEach(int units, UnitStatistic statistic)
    {
        var without = new double[units];
        Parallel.For(0, units, () => new int[units - 1], (left, _, rest) =>
        {
            for (int i = 0; i < rest.Length; i++) rest[i] = i < left ? i : i + 1;
            without[left] = statistic(rest);
            return rest;
        }, _ => { });
        return without;
    }

    private static void Draw(Span<int> drawn, RandomStream stream)
    {
        uint bound = (uint)drawn.Length;
        for (int i = 0; i < drawn.Length; i += 4)
        {
            (uint x0, uint x1, uint x2, uint x3) = stream.Block(i >> 2);
            drawn[i] = (int)((ulong)x0 * bound >> 32);
            if (i + 1 < drawn.Length) drawn[i + 1] = (int)((ulong)x1 * bound >> 32);
            if (i + 2 < drawn.Length) drawn[i + 2] = (int)((ulong)x2 * bound >> 32);
            if (i + 3 < drawn.Length) drawn[i + 3] = (int)((ulong)x3 * bound >> 32);
        }
    }

    private static (double[] Sums, int[] Counts) Units(ReadOnlySpan<double> values, int[]? clusters)
    {
        if (clusters is null) return (values.ToArray(), []);
        var numbers = new Dictionary<int, int>();
        var sums = new List<double>();
        var counts = new List<int>();
        for (int i = 0; i < values.Length; i++)
        {
            ref int unit = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, clusters[i], out bool known);
            if (!known)
            {
                unit = sums.Count;
                sums.Add(0);
                counts.Add(0);
            }

            sums[unit] += values[i];
            counts[unit]++;
        }

        return ([.. sums], [.. counts]);
    }

    /// <summary>Mean over the values of some units; counts are empty when every unit is one value.</summary>
    private static double MeanOf(double[] sums, int[] counts, ReadOnlySpan<int> units)
    {
        double sum = 0;
        long count = 0;
        foreach (int unit in units) sum += sums[unit];
        if (counts.Length == 0) return sum / units.Length;
        foreach (int unit in units) count += counts[unit];
        return sum / count;
    }
}
