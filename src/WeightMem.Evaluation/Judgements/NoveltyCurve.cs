using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Judgements;

/// <summary>One family of trivial networks by how much of the trivial there is in them.</summary>
/// <param name="Family">What is done to training networks: <c>noise</c>, <c>average</c> or <c>interpolation</c>.</param>
/// <param name="Groups">Networks of one setting each.</param>
internal sealed record TrivialFamily(string Family, IReadOnlyList<Population> Groups);

/// <summary>Trivial networks over a range of novelty, and what they score there (evaluation specification, 9.9a): what a generator must beat at its own novelty.</summary>
/// <param name="Family">The family.</param>
/// <param name="Distances">Distance of each network to its nearest training network, by group.</param>
/// <param name="Scores">Score of each network, by group.</param>
/// <param name="Similarities">Largest error similarity of each network, by group.</param>
internal sealed record NoveltyCurve(string Family, double[][] Distances, double[][] Scores, double[][] Similarities)
{
    /// <summary>Amplitudes of the noise, in units of what separates fresh networks.</summary>
    private static readonly double[] Amplitudes = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2];

    /// <summary>Networks of the averages.</summary>
    private static readonly int[] Sizes = [2, 3, 4, 8, 16];

    /// <summary>Places of the interpolations between two networks.</summary>
    private static readonly double[] Places = [0.05, 0.15, 0.25, 0.35, 0.5];

    private const int PerGroup = 12;

    /// <summary>The networks of all families.</summary>
    public static IEnumerable<TrivialFamily> Networks(Population training, double distance, long seed)
    {
        double unit = distance / Math.Sqrt(training.Parameters);
        if (unit > 0) yield return new("noise", [.. Amplitudes.Select(a => Sample(new NoiseBaseline(a * unit)))]);
        int[] sizes = [.. Sizes.Where(k => k <= training.Count)];
        if (sizes.Length > 1) yield return new("average", [.. sizes.Select(k => Sample(new AverageBaseline(k)))]);
        if (training.Count < 2) yield break;
        var places = new List<Population>();
        var stream = new RandomStream(seed, "interpolation curve");
        foreach (double place in Places)
        {
            var rows = new Population(training.Target, training.Layout, new float[(long)PerGroup * training.Parameters]);
            for (int i = 0; i < PerGroup; i++)
            {
                int[] ends = stream.At(places.Count * PerGroup + i).Choose(training.Count, 2);
                ReadOnlySpan<float> a = training.Row(ends[0]), b = training.Row(ends[1]);
                Span<float> row = rows.Row(i);
                for (int p = 0; p < row.Length; p++) row[p] = (float)((1 - place) * a[p] + place * b[p]);
            }

            places.Add(rows);
        }

        yield return new("interpolation", places);

        Population Sample(BaselineGenerator baseline)
        {
            baseline.Fit(training, CancellationToken.None);
            return baseline.Sample(PerGroup, seed, CancellationToken.None);
        }
    }

    /// <summary>Mean score of a population above what the family scores at the population's median distance, with a 95 % interval over the networks of both.</summary>
    /// <param name="distances">The population's distances.</param>
    /// <param name="scores">Its scores.</param>
    /// <param name="stream">Where resamples come from.</param>
    /// <param name="resamples">How many.</param>
    /// <returns>The gain, its interval, and whether the median distance lies beyond what the family reaches.</returns>
    public (double Gain, (double Low, double High)? Interval, bool IsBeyond) Gain(double[] distances, double[] scores, RandomStream stream, int resamples)
    {
        // A unit of the second sample is one network of every group: those that start from the same training network.
        int groups = Distances.Length;
        double Statistic(ReadOnlySpan<int> own, ReadOnlySpan<int> family)
        {
            double[] place = new double[own.Length];
            double score = 0;
            for (int i = 0; i < own.Length; i++)
            {
                place[i] = distances[own[i]];
                score += scores[own[i]] / own.Length;
            }

            double[] x = new double[groups], y = new double[groups];
            for (int g = 0; g < groups; g++)
            {
                foreach (int network in family)
                {
                    x[g] += Distances[g][network] / family.Length;
                    y[g] += Scores[g][network] / family.Length;
                }
            }

            return score - MonotoneCurve.Fit(x, y).At(Quantiles.Median(place));
        }

        double gain = Statistic([.. Enumerable.Range(0, distances.Length)], [.. Enumerable.Range(0, PerGroup)]);
        double median = Quantiles.Median(distances);
        bool beyond = median > Distances.Max(d => d.Average()) || median < Distances.Min(d => d.Average());
        return (gain, Bootstrap.Interval(distances.Length, PerGroup, Statistic, stream, resamples), beyond);
    }
}
