using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>A number with its 95 % bootstrap interval.</summary>
/// <param name="Value">The number.</param>
/// <param name="Interval">The interval; null where it is not defined.</param>
public readonly record struct Bounded(double Value, (double Low, double High)? Interval);

/// <summary>
/// How far a population has contracted towards the mean of a training population (P-diff specification, 11.4): its spread, its distance to the training centroid, and how much the
/// networks err alike. A sampler that averages shrinks all but the last.
/// </summary>
/// <param name="TraceRatio">Trace of its covariance over that of the training population.</param>
/// <param name="CentroidRatio">Its mean distance to the training centroid over that of the training networks.</param>
/// <param name="OwnSimilarity">Mean error similarity (intersection over union) of pairs of its networks.</param>
/// <param name="TrainingSimilarity">The same of pairs of training networks.</param>
public sealed record Contraction(Bounded TraceRatio, Bounded CentroidRatio, Bounded OwnSimilarity, Bounded TrainingSimilarity)
{
    /// <summary>Measures a population whose error masks are known.</summary>
    /// <param name="population">Two or more networks.</param>
    /// <param name="training">Two or more training networks.</param>
    /// <param name="stream">Where resamples come from.</param>
    /// <param name="resamples">Number of resamples. The training population's own spread is taken as given.</param>
    /// <exception cref="ArgumentException">Error masks are missing, or a population has fewer than two networks.</exception>
    public static Contraction Measure(Population population, Population training, RandomStream stream, int resamples)
    {
        if (population.Count < 2 || training.Count < 2 || population.Wrong is null || training.Wrong is null)
            throw new ArgumentException("contraction takes two networks or more on both sides, with their error masks");
        double[] centroid = Mean(training), own = Mean(population);
        double[] spread = Squares(population, own), fromCentroid = [.. Squares(population, centroid).Select(Math.Sqrt)];
        double trainingTrace = Squares(training, centroid).Sum() / (training.Count - 1), trainingDistance = Squares(training, centroid).Average(Math.Sqrt);
        int n = population.Count;
        return new Contraction(
            Of(units => Sum(spread, units) / (n - 1) / trainingTrace, n, stream.Sub("trace"), resamples),
            Of(units => Sum(fromCentroid, units) / n / trainingDistance, n, stream.Sub("centroid"), resamples),
            Similarity(population.Wrong, stream.Sub("own"), resamples), Similarity(training.Wrong, stream.Sub("training"), resamples));
    }

    private static Bounded Similarity(ErrorMasks masks, RandomStream stream, int resamples)
    {
        int n = masks.Count;
        var pairs = new double[n * n];
        Parallel.For(0, n, i =>
        {
            for (int j = 0; j < n; j++) pairs[i * n + j] = ErrorSimilarity.Pair(masks.Row(i), masks.Row(j));
        });
        return Of(
            units =>
            {
                // A network drawn twice is no pair with itself.
                double sum = 0;
                long count = 0;
                foreach (int i in units)
                {
                    foreach (int j in units)
                    {
                        if (i == j) continue;
                        sum += pairs[i * n + j];
                        count++;
                    }
                }

                return sum / Math.Max(1, count);
            },
            n, stream, Math.Min(resamples, 1000));
    }

    private static Bounded Of(UnitStatistic statistic, int units, RandomStream stream, int resamples) =>
        new(statistic([.. Enumerable.Range(0, units)]), Bootstrap.Interval(units, statistic, stream, resamples));

    private static double Sum(double[] values, ReadOnlySpan<int> units)
    {
        double sum = 0;
        foreach (int unit in units) sum += values[unit];
        return sum;
    }

    private static double[] Mean(Population population)
    {
        var mean = new double[population.Parameters];
        for (int i = 0; i < population.Count; i++)
        {
            for (int p = 0; p < mean.Length; p++) mean[p] += population.Row(i)[p] / (double)population.Count;
        }

        return mean;
    }

    private static double[] Squares(Population population, double[] about)
    {
        var squares = new double[population.Count];
        for (int i = 0; i < squares.Length; i++)
        {
            for (int p = 0; p < about.Length; p++) squares[i] += Math.Pow(population.Row(i)[p] - about[p], 2);
        }

        return squares;
    }
}
