using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.PDiff;

/// <summary>Measures and figures that came with P-diff.</summary>
public sealed class TrajectoryMeasuresTests
{
    [Fact]
    public void The_map_keeps_clusters_apart_and_repeats()
    {
        Population near = Cloud(20, 0, 0), far = Cloud(20, 8, 1);
        float[][] rows = [.. Enumerable.Range(0, 20).Select(i => near.Row(i).ToArray()), .. Enumerable.Range(0, 20).Select(i => far.Row(i).ToArray())];
        double[] map = NeighbourEmbedding.Map(rows);
        Assert.Equal(map, NeighbourEmbedding.Map(rows));
        Assert.All(map, v => Assert.True(double.IsFinite(v)));
        double within = 0, between = double.PositiveInfinity;
        for (int i = 0; i < 40; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double d = Math.Sqrt(Math.Pow(map[2 * i] - map[2 * j], 2) + Math.Pow(map[2 * i + 1] - map[2 * j + 1], 2));
                if (i / 20 == j / 20) within = Math.Max(within, d);
                else between = Math.Min(between, d);
            }
        }

        Assert.True(between > 0.5 * within, $"{between} {within}");
        Assert.Throws<ArgumentException>(() => NeighbourEmbedding.Map(rows[..3]));
    }

    [Fact]
    public void Contraction_of_a_cloud_half_as_wide_about_its_centre_is_a_quarter_of_its_trace()
    {
        Population training = Cloud(40, 0, 0), half = new("made", training.Layout, [.. training.Weights.Select(w => 0.25f + w / 2)]);
        training.Wrong = new ErrorMasks([.. Enumerable.Range(0, 40).Select(i => 3UL << (i % 8))], 40, 64);
        half.Wrong = new ErrorMasks([.. Enumerable.Range(0, 40).Select(_ => 3UL)], 40, 64);
        var c = Contraction.Measure(half, training, new RandomStream(1, "test"), 300);
        Assert.Equal(0.25, c.TraceRatio.Value, 1e-5);
        Assert.True(c.TraceRatio.Interval is { Low: < 0.25, High: > 0.25 });
        Assert.Equal(1, c.OwnSimilarity.Value);
        Assert.True(c.TrainingSimilarity.Value < 0.3);
        Assert.InRange(c.CentroidRatio.Value, 0.4, 0.7);
    }

    [Fact]
    public void A_single_run_is_compared_with_itself_but_for_each_network_and_has_an_interval()
    {
        using var device = new CpuDevice(1);
        Population cloud = Cloud(30, 0, 0), run = new("made", cloud.Layout, cloud.Weights, new int[30], [.. Enumerable.Range(0, 30)]);
        PopulationMeasures measured = Evaluator.Measure(device, run, [], 1, 200)[0];
        Estimate distance = measured.Summaries["min_l2"];
        Assert.True(double.IsFinite(distance.Mean) && distance.CiLow < distance.Mean && distance.Mean < distance.CiHigh);
        Assert.Equal(30, distance.N);
    }

    [Fact]
    public void Figures_are_drawn_with_their_numbers()
    {
        Population training = Cloud(30, 0, 0), generated = Cloud(20, 0.1f, 1);
        Figure density = ParameterDensityFigure.Draw(training, generated, [0, 3], ["bn1[0]", "bn1[3]"]);
        Assert.Equal(1 + 2 * 2 * 200, density.Csv.Split('\n').Length - 1);
        double area = 0;
        string[][] curve = [.. density.Csv.Split('\n').Skip(1).Take(200).Select(l => l.Split(','))];
        for (int i = 1; i < 200; i++)
            area += (Number(curve[i][2]) - Number(curve[i - 1][2])) * (Number(curve[i][3]) + Number(curve[i - 1][3])) / 2;
        Assert.Equal(1, area, 0.01);
        Assert.True(density.Png().Length > 1000 && density.Svg().Length > 1000);
        Figure map = EmbeddingFigure.Draw([new("training", training, "training networks"), new("generated", generated, "generated")], new RandomStream(1, "map"));
        Assert.Equal(1 + 50, map.Csv.Split('\n').Length - 1);
        Assert.True(map.Png().Length > 1000);

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Presets_are_sound_and_take_a_seed()
    {
        foreach (string name in StudyPresets.Names)
        {
            StudyConfig config = StudyPresets.Create("p-diff", name).WithSeed(5);
            config.PDiff!.Validate();
            config.Trajectory!.Validate();
            Assert.Equal((5, 5), (config.PDiff.Seed, config.Trajectory.Seed));
            Assert.Empty(StudyConfig.Differences(config, StudyConfig.FromJson(config.ToJson())));
        }
    }

    private static Population Cloud(int count, float offset, long step)
    {
        var stream = new RandomStream(2, "cloud").At(step);
        return new Population("made", new ParameterLayout(("w", 6)), [.. Enumerable.Range(0, count * 6).Select(i => offset + (float)stream.Double(i))]);
    }
}
