using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Baselines;

public class BaselineTests
{
    private static readonly BaselineOptions Everything = new() { Amplitude = 0.05, Networks = 4, Target = new MadeTarget(20) };

    private static Population Training(int count = 30, int parameters = 20, double scale = 1) =>
        new("made", new ParameterLayout(("w", parameters)), Uniform(new RandomStream(1, "training"), count * parameters, scale));

    private static float[] Uniform(RandomStream stream, int count, double scale) =>
        [.. Enumerable.Range(0, count).Select(i => (float)(scale * (2 * stream.Double(i) - 1)))];

    private static Population Sample(IGenerator generator, Population training, int count, long seed = 5)
    {
        generator.Fit(training, CancellationToken.None);
        return generator.Sample(count, seed, CancellationToken.None);
    }

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return Math.Sqrt(sum);
    }

    private static int[] Sources(Population sampled) => [.. sampled.Provenance["source_rows"].Split(',').Select(int.Parse)];

    public static TheoryData<string> AllKinds() => [.. BaselineCatalog.Kinds];

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void Every_kind_repeats_itself_and_leaves_training_alone(string kind)
    {
        Population training = Training();
        float[] before = [.. training.Weights];
        IGenerator generator = BaselineCatalog.Create(kind, Everything);
        Assert.Throws<InvalidOperationException>(() => generator.Sample(1, 0, CancellationToken.None));
        Population first = Sample(generator, training, 12);
        generator.Sample(7, 99, CancellationToken.None);
        Population again = generator.Sample(12, 5, CancellationToken.None), shorter = generator.Sample(3, 5, CancellationToken.None);
        Assert.Equal(first.Weights, again.Weights);
        Assert.Equal(first.Weights[..60], shorter.Weights);
        Assert.Equal(before, training.Weights);
        Assert.Equal((12, "made", 12), (first.Count, first.Target, first.RunCount));
        Assert.Equal(generator.Name, first.Provenance["generator"]);
        Assert.Equal("5", first.Provenance["seed"]);
        Assert.True(first.Provenance.ContainsKey("source_rows"));
        Assert.All(first.Weights, w => Assert.True(float.IsFinite(w)));
        if (kind != "mean") Assert.NotEqual(first.Weights, generator.Sample(12, 6, CancellationToken.None).Weights);
        Assert.Empty(generator.Sample(0, 5, CancellationToken.None).Weights);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => generator.Sample(5, 5, cancelled.Token));
    }

    [Fact]
    public void Names_are_those_of_reports()
    {
        Assert.Equal(
            ["noise-0.05", "average-4", "mean", "gaussian", "interpolation", "replica", "random-init"],
            BaselineCatalog.Kinds.Select(kind => BaselineCatalog.Create(kind, Everything).Name));
        Assert.Equal("average-16", BaselineCatalog.Create("average", new BaselineOptions()).Name);
        Assert.Equal("noise-0.1", BaselineCatalog.Create("noise-0.1", Everything).Name);
        Assert.Equal("average-7", BaselineCatalog.Create("average-7", Everything).Name);
        Assert.Contains("interpolation", Assert.Throws<ArgumentException>(() => BaselineCatalog.Create("nois", Everything)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BaselineCatalog.Create("noise", new BaselineOptions()));
        Assert.Throws<ArgumentException>(() => BaselineCatalog.Create("random-init", new BaselineOptions()));
        Assert.Throws<ArgumentException>(() => BaselineCatalog.Create("average-2.5", Everything));
        Assert.Throws<ArgumentException>(() => BaselineCatalog.Create("average-0", Everything));
    }

    [Fact]
    public void Normalised_noise_lies_where_the_published_amplitude_puts_it()
    {
        // sigma = 0.1 / 4.185 over 7960 parameters: expected distance 0.1 / 4.185 * sqrt(7960) = 2.132.
        Population training = Training(25, 7960, 0.3);
        Population noisy = Sample(new NoiseBaseline(0.1, NoiseUnits.Normalised, 4.185), training, 20);
        int[] sources = Sources(noisy);
        double mean = 0;
        for (int i = 0; i < 20; i++)
        {
            double[] distances = [.. Enumerable.Range(0, 25).Select(j => Distance(noisy.Row(i), training.Row(j)))];
            Assert.Equal(sources[i], Array.IndexOf(distances, distances.Min()));
            mean += distances.Min() / 20;
        }

        Assert.Equal(2.132, mean, 0.02);
        Assert.Equal("normalised", noisy.Provenance["units"]);
        Assert.Equal("0.1", noisy.Provenance["amplitude"]);
        Assert.Equal("4.185", noisy.Provenance["scale"]);
        Assert.Equal(0.1 / 4.185, double.Parse(noisy.Provenance["sigma"], System.Globalization.CultureInfo.InvariantCulture), 1e-15);
    }

    [Fact]
    public void Raw_noise_has_its_amplitude_as_standard_deviation()
    {
        Population training = Training(10, 5000);
        Population noisy = Sample(new NoiseBaseline(0.04), training, 10);
        int[] sources = Sources(noisy);
        double[] noise = [.. Enumerable.Range(0, 50_000).Select(i => (double)noisy.Weights[i] - training.Row(sources[i / 5000])[i % 5000])];
        Assert.Equal(0, noise.Average(), 0.001);
        Assert.Equal(0.04, Math.Sqrt(noise.Average(x => x * x)), 0.0005);
        Assert.Equal(3, noise.Average(x => Math.Pow(x / 0.04, 4)), 0.15); // the kurtosis of a normal
        Assert.Equal(training.Row(sources[0]).ToArray(), Sample(new NoiseBaseline(0), training, 1).Row(0).ToArray());
    }

    [Fact]
    public void All_amplitudes_start_from_the_same_networks_with_noise_of_their_own()
    {
        Population training = Training(200);
        Population low = Sample(new NoiseBaseline(0.05), training, 100), high = Sample(new NoiseBaseline(0.1), training, 100);
        Assert.Equal(Sources(low), Sources(high));
        Assert.Equal(100, Sources(low).Distinct().Count());
        double product = 0, squareLow = 0, squareHigh = 0;
        for (int i = 0; i < low.Weights.Length; i++)
        {
            double source = training.Row(Sources(low)[i / 20])[i % 20], a = low.Weights[i] - source, b = high.Weights[i] - source;
            (product, squareLow, squareHigh) = (product + a * b, squareLow + a * a, squareHigh + b * b);
            if (i > 200) break;
        }

        Assert.InRange(product / Math.Sqrt(squareLow * squareHigh), -0.3, 0.3);
        Assert.NotEqual(Sources(low), Sources(Sample(new NoiseBaseline(0.05), training, 100, seed: 6)));

        // More samples than networks: all are used once before one is used again.
        int[] cycled = Sources(Sample(new NoiseBaseline(0.05), Training(30), 60));
        Assert.Equal(Enumerable.Range(0, 30), cycled[..30].Order());
        Assert.Equal(cycled[..30], cycled[30..]);
    }

    [Fact]
    public void The_reference_option_and_the_computed_scale()
    {
        Population training = Training(50, 100, 0.2);
        double mean = training.Weights.Average(w => (double)w), variance = training.Weights.Sum(w => (w - mean) * (w - mean)) / 4999;
        Assert.Equal(0.538 / Math.Sqrt(variance), Normalizer.Fit(training, 0).Scale, 1e-9);
        var options = new BaselineOptions { Amplitude = 0.1, Reference = true };
        Population noisy = Sample(BaselineCatalog.Create("noise", options), training, 50);
        double distance = Enumerable.Range(0, 50).Average(i => Distance(noisy.Row(i), training.Row(Sources(noisy)[i])));
        Assert.Equal(0.1 / Normalizer.Fit(training, 0).Scale * Math.Sqrt(100), distance, 0.05 * distance);
        Assert.Throws<ArgumentException>(() => Normalizer.Fit(new Population("made", training.Layout, new float[200]), 0));
        Assert.Throws<ArgumentException>(() => new NoiseBaseline(-1));
        Assert.Throws<ArgumentException>(() => new NoiseBaseline(double.NaN));
        Assert.Throws<ArgumentException>(() => new NoiseBaseline(0.1, NoiseUnits.Normalised, 0));
    }

    [Fact]
    public void Averages_are_means_of_distinct_networks_from_fresh_sums()
    {
        Population training = Training();
        Population averages = Sample(new AverageBaseline(16), training, 5);
        string[] rows = averages.Provenance["source_rows"].Split(';');
        for (int i = 0; i < 5; i++)
        {
            int[] sources = [.. rows[i].Split(',').Select(int.Parse)];
            Assert.Equal(16, sources.Distinct().Count());
            for (int p = 0; p < 20; p++) Assert.Equal((float)sources.Average(s => (double)training.Row(s)[p]), averages.Row(i)[p]);
        }

        Assert.Equal(5, rows.Distinct().Count());
        Assert.Contains("16", Assert.Throws<ArgumentException>(() => new AverageBaseline().Fit(Training(15), CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mean_is_that_of_all_networks()
    {
        Population training = Training(), means = Sample(new MeanBaseline(), Training(), 3);
        for (int p = 0; p < 20; p++)
        {
            float mean = (float)Enumerable.Range(0, 30).Average(i => (double)training.Row(i)[p]);
            Assert.Equal([mean, mean, mean], Enumerable.Range(0, 3).Select(i => means.Row(i)[p]));
        }
    }

    [Fact]
    public void The_gaussian_has_the_mean_and_unbiased_deviation_of_every_parameter()
    {
        Population training = new("made", new ParameterLayout(("w", 3)), [1, 10, 5, 3, 30, 5]); // deviations sqrt(2), sqrt(200), 0
        Population drawn = Sample(new GaussianBaseline(), training, 20_000);
        for (int p = 0; p < 3; p++)
        {
            double[] values = [.. Enumerable.Range(0, 20_000).Select(i => (double)drawn.Row(i)[p])];
            double mean = values.Average(), deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            double expected = p switch { 0 => Math.Sqrt(2), 1 => Math.Sqrt(200), _ => 0 };
            Assert.Equal(p switch { 0 => 2, 1 => 20, _ => 5 }, mean, 0.03 * expected + 1e-12);
            Assert.Equal(expected, deviation, 0.02 * expected + 1e-12);
        }

        Assert.Throws<ArgumentException>(() => new GaussianBaseline().Fit(Training(1), CancellationToken.None));
    }

    [Fact]
    public void Interpolations_lie_on_the_line_between_their_two_networks()
    {
        Population training = Training();
        Population between = Sample(new InterpolationBaseline(), training, 400);
        string[] sources = between.Provenance["source_rows"].Split(';');
        var places = new List<double>();
        for (int i = 0; i < 400; i++)
        {
            string[] parts = sources[i].Split('@');
            int[] ends = [.. parts[0].Split(',').Select(int.Parse)];
            Assert.NotEqual(ends[0], ends[1]);
            double whole = Distance(training.Row(ends[0]), training.Row(ends[1])), from = Distance(training.Row(ends[0]), between.Row(i));
            Assert.Equal(whole, from + Distance(between.Row(i), training.Row(ends[1])), 1e-4);
            places.Add(from / whole);
            Assert.Equal(double.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), from / whole, 1e-4);
        }

        Assert.Equal(0.5, places.Average(), 0.06);
        Assert.True(places.Min() < 0.05 && places.Max() > 0.95);
    }

    [Fact]
    public void Replicas_are_copies_or_next_to_them()
    {
        Population training = Training();
        Population copies = Sample(new ReplicaBaseline(), training, 30), near = Sample(new ReplicaBaseline(1e-4), training, 30);
        for (int i = 0; i < 30; i++)
        {
            Assert.Equal(training.Row(Sources(copies)[i]).ToArray(), copies.Row(i).ToArray());
            Assert.InRange(Distance(training.Row(Sources(near)[i]), near.Row(i)), 1e-5, 1e-3);
        }
    }

    [Fact]
    public void Random_initialisations_come_from_the_target()
    {
        Population fresh = Sample(new RandomInitialisationBaseline(new MadeTarget(20)), Training(), 4);
        Assert.All(fresh.Weights, w => Assert.InRange(w, 10, 11));
        Assert.Equal(4, Enumerable.Range(0, 4).Select(i => fresh.Row(i)[0]).Distinct().Count());
        string message = Assert.Throws<ArgumentException>(() => new RandomInitialisationBaseline(new MadeTarget(21)).Fit(Training(), CancellationToken.None)).Message;
        Assert.Contains("21", message, StringComparison.Ordinal);
    }

    private sealed class MadeTarget(int parameters) : ITarget
    {
        public string Name => "made";

        public ParameterLayout Layout { get; } = new(("w", parameters));

        public IReadOnlyList<int> HiddenWidths => [];

        public void Initialize(Span<float> row, RandomStream stream)
        {
            for (int i = 0; i < row.Length; i++) row[i] = (float)(10 + stream.Double(i));
        }

        public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => [.. Enumerable.Range(0, parameters)];
    }
}
