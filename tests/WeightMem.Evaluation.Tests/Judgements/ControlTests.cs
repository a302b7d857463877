using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Judgements;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;
using Xunit;

namespace WeightMem.Evaluation.Tests.Judgements;

/// <summary>The controls of the evaluation specification, section 10, on trained networks: each gets the verdict that it should.</summary>
public sealed class ControlTests
{
    [Theory]
    [InlineData("mlp")]
    [InlineData("cnn-small")]
    public void Controls_on_trained_networks_get_their_verdicts(string name)
    {
        bool small = name == "mlp";
        ImageSet train = Images(512, small ? 7 : 20, "train"), test = Images(300, small ? 7 : 20, "test");
        using var device = new CpuDevice(2);
        var target = TargetCatalog.Create<ILockstepTarget>(name, train);
        var settings = new ZooSettings { Runs = 72, Epochs = small ? 8 : 4, BatchSize = 64, Checkpoints = 2, GroupSize = 24, BaseRate = small ? 0.1 : 0.02, Seed = 3 };
        Population finals = ZooBuilder.Train(device, target, train, test, settings, cancellation: TestContext.Current.CancellationToken).Finals();
        Population[] thirds = [.. Enumerable.Range(0, 3).Select(third => finals.OfRuns(Enumerable.Range(24 * third, 24).ToHashSet()))];
        (Population training, Population heldout, Population generated) = (thirds[0], thirds[1], thirds[2]);
        foreach (Population p in thirds) target.Evaluate(device, p, test);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(device, training, [new("generated", generated), new("heldout", heldout)], 5, 200, target: target);
        Battery battery = Battery.Run(device, measured, new FunctionProbe(device, target, test), null, 5, 200).Battery!;
        Dictionary<string, Judgement> judged = battery.Judgements.ToDictionary(j => j.Name);

        Assert.Equal("replica", judged["control-replica"].Verdict.Name);
        Assert.Equal("replica", judged["control-permuted-replica"].Verdict.Name);
        Assert.Equal("interpolation", judged["control-interpolation"].Verdict.Name);
        Assert.Equal("interpolation", judged["control-average"].Verdict.Name);
        Assert.Equal("inconclusive", judged["control-random-init"].Verdict.Name);
        foreach (string fresh in new[] { "control-independent", "generated" })
        {
            Judgement j = judged[fresh];
            Assert.Contains(j.Verdict.Name, new[] { "novel-and-useful", "inconclusive" });
            Assert.InRange(j.Weights.Copying.Z, -3, 3);
            Assert.InRange(j.Weights.DistanceRatio, 0.8, 1.2);
        }

        // A permuted copy is new only until its units are put in order, and its function was never new.
        Judgement permuted = judged["control-permuted-replica"];
        Assert.True(permuted.Raw.DistanceRatio > 0.3 && permuted.Aligned!.DistanceRatio < 1e-3);
        Assert.Equal(0, permuted.Values["disagreement"]!.Value, 0.01);
        Assert.True(judged["control-noisy-copy"].Weights.DuplicateRate > 0.9);
        Assert.True(judged["control-replica"].Values["disagreement"] < judged["generated"].Values["natural_disagreement"]);
        Assert.All(battery.Judgements, j => Assert.DoesNotContain(j.Tests.Values, t => t.Reading.Length == 0));
        Assert.NotEmpty(judged["generated"].Tests);
        Assert.Equal(3, battery.Curves.Count);
    }

    [Fact]
    public void Without_heldout_networks_copies_are_found_and_nothing_is_called_new()
    {
        (Battery battery, Judgement judgement) = Weights(Measures.Made.Flat(300, 30, 430), null, t => t.Select([.. Enumerable.Range(0, 10)]));
        Assert.Equal("replica", judgement.Verdict.Name);
        Assert.False(battery.HasHeldout);
        (_, judgement) = Weights(Measures.Made.Flat(300, 30, 430), null, _ => Measures.Made.Flat(300, 10, 431));
        Assert.Equal("inconclusive", judgement.Verdict.Name);
        Assert.Contains("held-out", judgement.Verdict.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void One_run_is_compared_by_steps_and_says_so()
    {
        float[] noise = Measures.Made.Normal(new RandomStream(432, "walk"), 60 * 200, 0.1);
        for (int i = 200; i < noise.Length; i++) noise[i] += noise[i - 200];
        var line = new Population("made", new Engine.Tensors.ParameterLayout(("w", 200)), noise, new int[60], [.. Enumerable.Range(0, 60)]);
        Population training = line.Select([.. Enumerable.Range(0, 40)]), later = line.Select([.. Enumerable.Range(40, 20)]);
        (_, Judgement judgement) = Weights(training, later, t => t.Select([3, 9, 20, 30, 5, 6, 7, 8]));
        Assert.Equal("replica", judgement.Verdict.Name);
        Assert.Contains("n_runs = 1", judgement.Tests["trajectory"].Reading, StringComparison.Ordinal);
        Assert.Contains("n/a", judgement.Tests["third_of_second"].Reading, StringComparison.Ordinal);
        Assert.True(double.IsFinite(judgement.Measures.Summaries["min_l2"].Mean));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Too_few_networks_for_a_test_are_said(int count)
    {
        (_, Judgement judgement) = Weights(Measures.Made.Flat(50, 8, 433), Measures.Made.Flat(50, 4, 434), _ => Measures.Made.Flat(50, count, 435));
        Assert.Null(judgement.Values["precision"]);
        Assert.Contains("n/a", judgement.Tests["support"].Reading, StringComparison.Ordinal);
        Assert.Contains("n/a", judgement.Tests["two_sample"].Reading, StringComparison.Ordinal);
        Assert.Contains("n/a", judgement.Tests["cell_copying"].Reading, StringComparison.Ordinal);
    }

    [Fact]
    public void Identical_populations_and_single_networks_end_in_words()
    {
        Population training = Measures.Made.Flat(50, 20, 436);
        (_, Judgement judgement) = Weights(training, training, t => t);
        Assert.Contains(judgement.Verdict.Name, new[] { "replica", "inconclusive" });
        using var device = new CpuDevice(1);
        (Battery? none, string? missing) = Battery.Run(device, Evaluator.Measure(device, training.Select([0]), [new("generated", training)], 0, 50), null, null, 0, 50);
        Assert.Null(none);
        Assert.Contains("at least 2", missing, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_small_scores_are_good_ones_the_tests_say_so()
    {
        // The nearest networks are the worst ones: by distance from test shapes, novelty is not bought by damage; by accuracy it would be.
        Population training = Measures.Made.Flat(300, 30, 439), heldout = Measures.Made.Flat(300, 12, 440), generated = Measures.Made.Flat(300, 12, 441), noise = Measures.Made.Flat(300, 12, 442);
        using var device = new CpuDevice(1);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(device, training, [new("generated", generated), new("heldout", heldout), new("noise-1", noise)], 1, 100);
        double[] distances = measured[1].MinL2.Nearest();
        Judgement chamfer = Judge(PerformanceScale.ChamferToTest), accuracy = Judge(PerformanceScale.Accuracy);
        Assert.Equal(1, chamfer.Values["novelty_score_correlation"]!.Value, 1e-9);
        Assert.Equal(-1, accuracy.Values["novelty_score_correlation"]!.Value, 1e-9);
        Assert.Equal(distances.Average(d => 100 - d), chamfer.Values["score"]!.Value, 1e-9);
        Assert.Contains("turned so that more is better", chamfer.Tests["novelty_score"].Reading, StringComparison.Ordinal);
        Assert.Contains("a tenth worse", chamfer.Tests["pass_rate"].Reading, StringComparison.Ordinal);

        // All fall short of a training score of 1000, and none of a Chamfer distance of 1000.
        Assert.Equal(0, accuracy.Tests["pass_rate"].Details["c=0.25"]);
        Assert.Equal(1, chamfer.Tests["pass_rate"].Details["c=0.25"]);

        Judgement Judge(PerformanceScale scale)
        {
            IReadOnlyList<PopulationMeasures> rated = [.. measured.Select(m => m with
            {
                Performance = new Performance(scale, m.Name == "training" ? [.. Enumerable.Repeat(1000.0, 30)] : Array.ConvertAll(m.MinL2.Nearest(), d => 100 - d)),
            })];
            return Battery.Run(device, rated, null, null, 1, 100).Battery!.Judgements.Single(j => j.Name == "generated");
        }
    }

    private static (Battery Battery, Judgement Generated) Weights(Population training, Population? heldout, Func<Population, Population> generated)
    {
        using var device = new CpuDevice(2);
        List<NamedPopulation> others = [new("generated", generated(training))];
        if (heldout is not null) others.Add(new("heldout", heldout));
        Battery battery = Battery.Run(device, Evaluator.Measure(device, training, others, 1, 100), null, null, 1, 100).Battery!;
        return (battery, battery.Judgements.Single(j => j.Name == "generated"));
    }

    /// <summary>Images whose classes are patterns with noise on them: no network gets all of them right.</summary>
    private static ImageSet Images(int count, int side, string part)
    {
        int features = side * side;
        var patterns = new RandomStream(437, "patterns");
        RandomStream stream = new RandomStream(438, "images").Sub(part);
        var pixels = new float[count * features];
        var labels = new int[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = stream.Sub("label").Integer(i, 10);
            for (int f = 0; f < features; f++) pixels[i * features + f] = (float)(patterns.Double(labels[i] * features + f) - 0.5 + 1.6 * (stream.Double((long)i * features + f) - 0.5));
        }

        return new ImageSet($"patterns/{part}", pixels, labels, 1, side, side, 10);
    }
}
