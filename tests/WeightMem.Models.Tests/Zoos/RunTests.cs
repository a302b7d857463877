using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;
using WeightMem.Models.Zoos;
using Xunit;

namespace WeightMem.Models.Tests.Zoos;

public class RunTests
{
    [Theory]
    [InlineData(936, 40)]
    [InlineData(11700, 200)]
    [InlineData(12, 13)]
    [InlineData(1, 2)]
    [InlineData(5, 2)]
    public void Checkpoints_are_the_first_the_last_and_distinct_steps_between(int steps, int count)
    {
        int[] drawn = CheckpointSteps.Draw(steps, count, new RandomStream(1, "steps"));
        Assert.Equal(count, drawn.Length);
        Assert.Equal(0, drawn[0]);
        Assert.Equal(steps, drawn[^1]);
        Assert.Equal(drawn.Distinct().Order(), drawn);
    }

    [Fact]
    public void Checkpoints_between_are_drawn_uniformly()
    {
        // 400 runs draw 2 of the steps 1 to 9: each is expected 88.9 times, with deviation 8.3.
        var times = new int[11];
        for (int run = 0; run < 400; run++)
        {
            foreach (int step in CheckpointSteps.Draw(10, 4, new RandomStream(1, "steps").Sub("run", run))) times[step]++;
        }

        Assert.Equal((400, 400), (times[0], times[10]));
        Assert.All(times[1..10], n => Assert.InRange(n, 50, 128));
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 12)]
    [InlineData(0, 2)]
    public void Checkpoints_that_there_cannot_be_are_refused(int steps, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointSteps.Draw(steps, count, new RandomStream(1, "steps")));

    [Fact]
    public void The_rate_follows_a_cosine_over_epochs_and_is_constant_within_one()
    {
        var settings = new ZooSettings { Runs = 2, Epochs = 4, BatchSize = 10, BaseRate = 0.1, Rates = [0.1, 0.4] };
        double[] rates = [.. Enumerable.Range(1, 12).Select(step => LockstepGroup.RateAt(settings, 39, 0, step))];
        double[] expected = [0.1, 0.05 * (1 + Math.Sqrt(0.5)), 0.05, 0.05 * (1 - Math.Sqrt(0.5))];
        for (int i = 0; i < 12; i++) Assert.Equal(expected[i / 3], rates[i], 1e-15);
        Assert.Equal(0.4, LockstepGroup.RateAt(settings, 39, 1, 1), 1e-15);
    }

    [Fact]
    public void A_run_with_one_bad_checkpoint_is_dropped_as_a_whole()
    {
        Population population = Runs(5, 3);
        population.Row(4)[1] = 10.5f;
        population.Row(9)[0] = float.NaN;
        population.Row(14)[0] = -10;
        FilteredRuns filtered = RunFilter.Apply(population);
        Assert.Equal([1, 3], filtered.DroppedRuns);
        Assert.Equal([0, 0, 0, 2, 2, 2, 4, 4, 4], filtered.Kept.Run);
        Assert.Equal(population.Row(6).ToArray(), filtered.Kept.Row(3).ToArray());
        Assert.Equal([0, 1, 2, 3, 4], RunFilter.Apply(Runs(5, 3), 0.001f).DroppedRuns);
        Assert.Empty(RunFilter.Apply(Runs(5, 3)).DroppedRuns);
    }

    [Fact]
    public void The_last_runs_are_held_out()
    {
        PopulationSplit split = PopulationSplit.ByRun(Runs(5, 3), 2);
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2], split.Training.Run);
        Assert.Equal([3, 3, 3, 4, 4, 4], split.Heldout.Run);
        Assert.Equal(0, PopulationSplit.ByRun(Runs(5, 3), 0).Heldout.Count);
        Assert.Throws<ArgumentException>(() => PopulationSplit.ByRun(Runs(5, 3), 5));
        Assert.Throws<ArgumentException>(() => PopulationSplit.ByRun(Runs(5, 3), -1));
    }

    [Fact]
    public void Joined_populations_keep_what_all_of_them_know()
    {
        Population a = Runs(2, 2), b = Runs(1, 2);
        a.Metrics["train_loss"] = [1, 2, 3, 4];
        b.Metrics["train_loss"] = [5, 6];
        a.Metrics["odd"] = [0, 0, 0, 0];
        a.Loss = [1, 2, 3, 4];
        Population joined = Population.Join([a, b]);
        Assert.Equal(6, joined.Count);
        Assert.Equal([1f, 2, 3, 4, 5, 6], joined.Metrics["train_loss"]);
        Assert.DoesNotContain("odd", joined.Metrics.Keys);
        Assert.Null(joined.Loss);
        var other = new Population("other", new ParameterLayout(("w", 2)), new float[2]);
        Assert.Throws<ArgumentException>(() => Population.Join([a, other]));
        Assert.Throws<ArgumentException>(() => Population.Join([]));
    }

    private static Population Runs(int runs, int checkpoints)
    {
        var layout = new ParameterLayout(("w", 2));
        float[] weights = [.. Enumerable.Range(0, runs * checkpoints * 2).Select(i => 0.01f * (i + 1))];
        int[] run = [.. Enumerable.Range(0, runs * checkpoints).Select(i => i / checkpoints)];
        return new Population("t", layout, weights, run, [.. run.Select((_, i) => i % checkpoints)]);
    }
}
