using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>What P-diff's populations say of averaging: the tests of the specification's section 11.4, and a sentence for the report.</summary>
internal static class PDiffReading
{
    private static readonly string[] Needed = ["generated", "average-16", "gaussian"];

    /// <summary>Where generated networks lie between averages and Gaussian draws, in words; null when a population is not there.</summary>
    public static string? Of(IReadOnlyList<PopulationMeasures> measured)
    {
        if (Needed.Any(name => measured.All(m => m.Name != name))) return null;
        Estimate[] similarity = [.. Needed.Select(n => measured.First(m => m.Name == n).Summaries["max_similarity"])];
        Estimate[] accuracy = [.. Needed.Select(n => measured.First(m => m.Name == n).Summaries["accuracy"])];
        bool between = Between(similarity[0].Mean, similarity[1].Mean, similarity[2].Mean), accurate = Between(accuracy[0].Mean, accuracy[1].Mean, accuracy[2].Mean);
        string place = (between, accurate) switch
        {
            (true, true) => "lie between averages of 16 training networks and Gaussian draws, in similarity and in accuracy",
            (true, false) => "lie between averages of 16 training networks and Gaussian draws in similarity, not in accuracy",
            (false, true) => "lie between averages of 16 training networks and Gaussian draws in accuracy, not in similarity",
            _ => "do not lie between averages of 16 training networks and Gaussian draws",
        };
        return FormattableString.Invariant(
            $"Generated networks {place}: similarity {similarity[0].Mean:F3} beside {similarity[1].Mean:F3} and {similarity[2].Mean:F3}, accuracy {accuracy[0].Mean:F2} % beside {accuracy[1].Mean:F2} % and {accuracy[2].Mean:F2} %.");
    }

    /// <summary>Contraction of every generated population towards the trajectory's mean.</summary>
    public static IReadOnlyDictionary<string, TestResult> Tests(IReadOnlyList<PopulationMeasures> measured, long seed, int resamples)
    {
        var tests = new Dictionary<string, TestResult>();
        foreach (PopulationMeasures m in measured.Where(m => m.Name.StartsWith("generated", StringComparison.Ordinal)))
        {
            var c = Contraction.Measure(m.Population, measured[0].Population, new RandomStream(seed, "contraction " + m.Name), resamples);
            string suffix = m.Name["generated".Length..];
            tests["contraction" + suffix] = new TestResult
            {
                Value = c.TraceRatio.Value,
                Interval = IntervalOf(c.TraceRatio),
                N = m.Population.Count,
                Details = new Dictionary<string, double?> { ["centroid_ratio"] = c.CentroidRatio.Value, ["centroid_ratio_low"] = c.CentroidRatio.Interval?.Low, ["centroid_ratio_high"] = c.CentroidRatio.Interval?.High },
                Reading = FormattableString.Invariant(
                    $"The generated networks' covariance has {c.TraceRatio.Value:F3} times the trace of the training networks', and they are {c.CentroidRatio.Value:F3} times as far from the training centroid; below 1 they contract to the mean."),
            };
            tests["own_similarity" + suffix] = new TestResult
            {
                Value = c.OwnSimilarity.Value,
                Interval = IntervalOf(c.OwnSimilarity),
                N = m.Population.Count,
                Details = new Dictionary<string, double?> { ["training"] = c.TrainingSimilarity.Value },
                Reading = FormattableString.Invariant(
                    $"Errors of two generated networks overlap by {c.OwnSimilarity.Value:F3} on average, those of two training networks by {c.TrainingSimilarity.Value:F3}."),
            };
        }

        return tests;
    }

    private static bool Between(double value, double one, double other) => value >= Math.Min(one, other) && value <= Math.Max(one, other);

    private static Interval? IntervalOf(Bounded bounded) => bounded.Interval is { } i ? new Interval(i.Low, i.High) : null;
}
