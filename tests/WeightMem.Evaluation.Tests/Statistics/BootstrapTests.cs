using System.Text.Json;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Tests.Measures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Statistics;

public class BootstrapTests
{
    private static double[] Sample(long trial, int count, bool skewed)
    {
        RandomStream stream = new RandomStream(70, "sample").At(trial);
        return skewed
            ? [.. Enumerable.Range(0, count).Select(i => -Math.Log(1 - stream.Double(i)))]
            : [.. Made.Normal(stream, count).Select(x => 1.0 + x)];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_interval_covers_the_true_mean(bool skewed)
    {
        // 500 simulations of 40 values; the share of intervals that cover has a standard error of 1 point at 95 %.
        int covered = 0;
        for (int trial = 0; trial < 500; trial++)
        {
            Estimate e = Bootstrap.Mean(Sample(trial, 40, skewed), new RandomStream(71, "bootstrap").Sub("trial", trial), 400);
            if (e.CiLow <= 1 && 1 <= e.CiHigh) covered++;
        }

        Assert.InRange(covered, 460, 495);
    }

    [Fact]
    public void Clusters_are_resampled_whole()
    {
        // 20 runs of 10 equal values: the information is that of 20 values, and the interval must say so.
        double[] perRun = Sample(1, 20, skewed: false), values = [.. perRun.SelectMany(v => Enumerable.Repeat(v, 10))];
        int[] runs = [.. Enumerable.Range(0, 200).Select(i => 500 - i / 10)];
        var stream = new RandomStream(72, "clusters");
        Estimate naive = Bootstrap.Mean(values, stream, 4000), clustered = Bootstrap.Mean(values, stream, 4000, runs);
        Estimate runMeans = Bootstrap.Mean(perRun, stream, 4000);
        Assert.Equal(naive.Mean, clustered.Mean, 1e-12);
        Assert.Equal(200, clustered.N);
        double Width(Estimate e) => e.CiHigh!.Value - e.CiLow!.Value;
        Assert.Equal(Width(runMeans), Width(clustered), 1e-9);
        Assert.InRange(Width(clustered) / Width(naive), 2.5, 4); // sqrt(10)
    }

    [Fact]
    public void The_cluster_interval_covers_the_true_mean()
    {
        int covered = 0;
        int[] runs = [.. Enumerable.Range(0, 120).Select(i => i / 4)];
        for (int trial = 0; trial < 500; trial++)
        {
            double[] run = Sample(trial, 30, skewed: false), own = Sample(1000 + trial, 120, skewed: false);
            double[] values = [.. Enumerable.Range(0, 120).Select(i => run[i / 4] + 0.3 * (own[i] - 1))];
            Estimate e = Bootstrap.Mean(values, new RandomStream(73, "bootstrap").Sub("trial", trial), 400, runs);
            if (e.CiLow <= 1 && 1 <= e.CiHigh) covered++;
        }

        Assert.InRange(covered, 460, 495);
    }

    [Fact]
    public void Agrees_with_the_normal_interval_on_a_large_sample()
    {
        double[] values = Sample(2, 2000, skewed: false);
        Estimate e = Bootstrap.Mean(values, new RandomStream(74, "large"), path: "direct-fp64");
        double mean = values.Average(), error = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / 1999 / 2000);
        Assert.Equal(mean, e.Mean, 1e-12);
        Assert.Equal(mean - 1.96 * error, e.CiLow!.Value, 0.1 * error);
        Assert.Equal(mean + 1.96 * error, e.CiHigh!.Value, 0.1 * error);
        Assert.Equal((2000, "direct-fp64"), (e.N, e.Path));
        Assert.Equal(e, Bootstrap.Mean(values, new RandomStream(74, "large"), path: "direct-fp64"));
        Assert.NotEqual(e, Bootstrap.Mean(values, new RandomStream(75, "large"), path: "direct-fp64"));
    }

    [Fact]
    public void Skewed_samples_get_a_shifted_interval()
    {
        double[] values = Sample(3, 30, skewed: true);
        Estimate e = Bootstrap.Mean(values, new RandomStream(76, "skew"));
        Assert.True(e.CiHigh - e.Mean > 1.1 * (e.Mean - e.CiLow), $"{e}");
    }

    [Fact]
    public void Degenerate_samples_are_said_to_be_so()
    {
        var stream = new RandomStream(77, "degenerate");
        Estimate none = Bootstrap.Mean([], stream), one = Bootstrap.Mean([3.5], stream), equal = Bootstrap.Mean([2, 2, 2], stream, 100);
        Assert.True(double.IsNaN(none.Mean) && double.IsNaN(none.Median) && none is { CiLow: null, CiHigh: null, N: 0 });
        Assert.Equal(new Estimate(3.5, 3.5, null, null, 1, ""), one);
        Assert.Equal(new Estimate(2, 2, 2, 2, 3, ""), equal);
        Estimate oneRun = Bootstrap.Mean([1, 2, 3], stream, 100, [7, 7, 7]);
        Assert.Equal(new Estimate(2, 2, null, null, 3, ""), oneRun);
        Estimate infinite = Bootstrap.Mean([1, double.PositiveInfinity], stream, 100);
        Assert.True(infinite is { Mean: double.PositiveInfinity, CiLow: null });
        Assert.Throws<ArgumentException>(() => Bootstrap.Mean([1, double.NaN], stream));
        Assert.Throws<ArgumentException>(() => Bootstrap.Mean([1, 2], stream, 100, [1]));
    }

    [Fact]
    public void Any_statistic_of_units_has_an_interval()
    {
        double[] values = Sample(4, 101, skewed: false);
        UnitStatistic median = units => Quantiles.Median([.. units.ToArray().Select(i => values[i])]);
        (double low, double high) = Bootstrap.Interval(101, median, new RandomStream(78, "median"), 1000)!.Value;
        Assert.True(low < Quantiles.Median(values) && Quantiles.Median(values) < high);
        Assert.InRange(high - low, 0.2, 1.0); // 2 * 1.96 * 1.2533 / sqrt(101) = 0.49
    }

    [Fact]
    public void Estimates_are_written_as_in_the_schema()
    {
        var e = new Estimate(1.5, 1.25, 1, 2, 10, "direct-fp64");
        string json = Write(e);
        Assert.Equal("""{"mean":1.5,"median":1.25,"ci95":[1,2],"n":10,"path":"direct-fp64"}""", json);
        Assert.Equal(e, Read(json));
        var alone = new Estimate(double.PositiveInfinity, 3, null, null, 1, "");
        Assert.Equal("""{"mean":null,"median":3,"ci95":null,"n":1,"path":""}""", Write(alone));
        Assert.Null(Read(Write(alone)).CiLow);
        Assert.Throws<JsonException>(() => Read("""{"mean":1}"""));
        Assert.Throws<JsonException>(() => Read("""{"mean":1,"median":1,"ci95":[1],"n":1,"path":""}"""));
    }

    private static string Write(Estimate estimate)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) new EstimateConverter().Write(writer, estimate, JsonSerializerOptions.Default);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static Estimate Read(string json)
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(json));
        return new EstimateConverter().Read(ref reader, typeof(Estimate), JsonSerializerOptions.Default);
    }

    [Fact]
    public void Two_levels_are_wider_than_one_where_groups_differ()
    {
        var stream = new RandomStream(11, "nested");
        double[][] apart = [.. new[] { 0.0, 1, 2, 3 }.Select((shift, g) => Enumerable.Range(0, 50).Select(i => shift + stream.Sub("group", g).Double(i)).ToArray())];
        Estimate nested = Bootstrap.Nested(apart, stream, 2000), flat = Bootstrap.Mean([.. apart.SelectMany(g => g)], stream, 2000);
        Assert.Equal(flat.Mean, nested.Mean, 1e-12);
        Assert.True(nested.CiHigh - nested.CiLow > 3 * (flat.CiHigh - flat.CiLow), $"{nested} {flat}");
        Assert.Equal(nested, Bootstrap.Nested(apart, stream, 2000));

        // Four groups of the same kind: the interval must hold the true mean in most of the repetitions.
        int held = 0;
        for (int trial = 0; trial < 200; trial++)
        {
            RandomStream own = stream.Sub("trial", trial);
            double[][] groups = [.. Enumerable.Range(0, 4).Select(g => Enumerable.Range(0, 20).Select(i => own.Sub("group", g).Double(i)).ToArray())];
            Estimate e = Bootstrap.Nested(groups, own, 400);
            if (e.CiLow <= 0.5 && e.CiHigh >= 0.5) held++;
        }

        Assert.InRange(held, 180, 200);
        Assert.Throws<ArgumentException>(() => Bootstrap.Nested([[1.0], []], stream));
    }
}
