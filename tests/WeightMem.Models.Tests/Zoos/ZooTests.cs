using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Tests.Targets;
using WeightMem.Models.Zoos;
using Xunit;

namespace WeightMem.Models.Tests.Zoos;

public class ZooTests
{
    private static readonly ImageSet Train = SyntheticImages.Make(70, 3, 4, 3);
    private static readonly ImageSet Test = SyntheticImages.Make(90, 3, 4, 3, part: "test");

    /// <summary>Three epochs of four steps; six of the 70 images are dropped in each.</summary>
    private static readonly ZooSettings Small = new() { Runs = 4, Epochs = 3, BatchSize = 16, Checkpoints = 13, GroupSize = 4, Seed = 5 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_step_is_that_of_a_naive_training_in_double_precision(bool perRun)
    {
        var mlp = new Mlp(12, 5, 3);
        ZooSettings settings = perRun
            ? Small with { Rates = [0.05, 0.1, 0.2, 0.15], Decays = [0, 1e-3, 5e-2, 1e-4] }
            : Small with { WeightDecay = 1e-2 };
        using var reference = new ReferenceDevice();
        using var cpu = new CpuDevice(2);
        // Double precision, but for learning rates and saved weights, which are single: 6e-8 of values about 1.
        Compare(reference, 1e-6);
        // Single precision: errors of 1e-7 per step that a dozen steps at rate 0.1 with momentum can blow up some ten times.
        Compare(cpu, 2e-5);

        void Compare(Device device, double tolerance)
        {
            Population zoo = TrainAll(device, mlp, Train, Test, settings);
            Assert.Equal(4 * 13, zoo.Count);
            for (int run = 0; run < 4; run++)
            {
                (List<double[]> weights, List<double> losses, List<int> errors) = NaiveTraining.Run(mlp, Train, settings, run);
                for (int step = 0; step <= 12; step++)
                {
                    int row = run * 13 + step;
                    Assert.Equal((run, step), (zoo.Run[row], zoo.Step[row]));
                    for (int i = 0; i < mlp.Parameters; i++) Assert.Equal(weights[step][i], zoo.Row(row)[i], tolerance);
                    int minibatch = Math.Max(0, step - 1);
                    Assert.Equal(losses[minibatch], zoo.Metrics["train_loss"][row], 10 * tolerance);
                    Assert.Equal(100.0 * errors[minibatch] / 16, zoo.Metrics["train_error"][row], 1e-4);
                }
            }
        }
    }

    [Fact]
    public void Checkpoints_carry_the_test_loss_and_accuracy()
    {
        var mlp = new Mlp(12, 5, 3);
        using var cpu = new CpuDevice(2);
        Population zoo = TrainAll(cpu, mlp, Train, Test, Small with { EvaluationImages = 60 });
        Population again = zoo.Select([.. Enumerable.Range(0, zoo.Count)]);
        mlp.Evaluate(cpu, again, Test.Take(60));
        Assert.Equal(again.Loss, zoo.Loss);
        Assert.Equal(again.Score, zoo.Score);
        Assert.Equal("5", zoo.Provenance["zoo.seed"]);
        Assert.Equal(again.Metrics["train_loss"], zoo.Metrics["train_loss"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Networks_learn_what_can_be_learned(bool shared)
    {
        using var cpu = new CpuDevice(2);
        var settings = new ZooSettings { Runs = 6, Epochs = 4, BatchSize = 16, Checkpoints = 3, GroupSize = 3, SharedOrder = shared };
        Population zoo = TrainAll(
            cpu, new Mlp(16, 8, 4), SyntheticImages.Make(320, 4, 4, 4), SyntheticImages.Make(200, 4, 4, 4, part: "test"), settings);
        // Chance is 25 %; the patterns are a few noise deviations apart in 16 dimensions.
        Assert.All(zoo.Finals().Score!, score => Assert.True(score > 80, $"accuracy {score}"));
        Assert.All(Enumerable.Range(0, 6), run => Assert.True(zoo.Loss![3 * run + 2] < zoo.Loss[3 * run]));
    }

    [Fact]
    public void A_run_does_not_depend_on_its_company()
    {
        using var cpu = new CpuDevice(2);
        // Real widths: there the kernels choose how to cut the work by the number of networks.
        var mlp = new Mlp(784, 10, 10);
        ImageSet train = SyntheticImages.Make(70, 28, 28, 10), test = SyntheticImages.Make(90, 28, 28, 10, part: "test");
        ZooSettings fewer = Small with { Checkpoints = 6 };
        Population eight = Zoo(8, 8);
        foreach ((int runs, int group) in new[] { (4, 4), (8, 3), (5, 1) })
            AssertSameBits(eight.OfRuns(new HashSet<int> { 3 }), Zoo(runs, group).OfRuns(new HashSet<int> { 3 }));
        Assert.NotEqual(eight.OfRuns(new HashSet<int> { 3 }).Weights, eight.OfRuns(new HashSet<int> { 4 }).Weights);

        Population Zoo(int runs, int group) => TrainAll(cpu, mlp, train, test, fewer with { Runs = runs, GroupSize = group });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_change_no_bit_and_another_seed_changes_all(bool shared)
    {
        using CpuDevice one = new(1), two = new(2);
        // Wide enough that the kernels cut the work into several parts.
        var mlp = new Mlp(144, 24, 3);
        ImageSet train = SyntheticImages.Make(130, 12, 12, 3), test = SyntheticImages.Make(600, 12, 12, 3, part: "test");
        ZooSettings settings = Small with { Runs = 6, GroupSize = 6, BatchSize = 64, Checkpoints = 4, SharedOrder = shared };
        Population first = TrainAll(one, mlp, train, test, settings);
        AssertSameBits(first, TrainAll(two, mlp, train, test, settings));
        Population other = TrainAll(two, mlp, train, test, settings with { Seed = 6 });
        Assert.NotEqual(first.Row(0).ToArray(), other.Row(0).ToArray());
    }

    [Fact]
    public void A_shared_order_gives_a_group_the_same_minibatches()
    {
        using var cpu = new CpuDevice(2);
        var mlp = new Mlp(12, 5, 3);
        // At rate 0 a run stays where it starts, so equal networks with equal minibatches have equal losses.
        ZooSettings still = Small with { BaseRate = 0, SharedOrder = true, GroupSize = 2 };
        Population zoo = TrainAll(cpu, new SameStart(mlp), Train, Test, still);
        float[] losses = zoo.Metrics["train_loss"];
        Assert.Equal(losses[..13], losses[13..26]);
        Assert.NotEqual(losses[..13], losses[26..39]);
        Population own = TrainAll(cpu, new SameStart(mlp), Train, Test, still with { SharedOrder = false });
        Assert.NotEqual(own.Metrics["train_loss"][..13], own.Metrics["train_loss"][13..26]);
    }

    [Fact]
    public void Groups_trained_one_by_one_and_in_any_order_join_to_the_same_zoo()
    {
        using var cpu = new CpuDevice(2);
        var mlp = new Mlp(12, 5, 3);
        ZooSettings settings = Small with { Runs = 5, GroupSize = 2, SharedOrder = true };
        Population whole = TrainAll(cpu, mlp, Train, Test, settings);
        using var builder = new ZooBuilder(cpu, mlp, Train, Test, settings);
        Assert.Equal(3, builder.Groups);
        Population last = TrainOne(2), first = TrainOne(0), middle = TrainOne(1);
        Assert.Equal(13, last.Count);
        AssertSameBits(whole, Population.Join([first, middle, last]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TrainOne(3));

        Population TrainOne(int group) => builder.TrainGroup(group, null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_zoo_stopped_between_groups_resumes_to_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        using var cpu = new CpuDevice(2);
        var mlp = new Mlp(12, 5, 3);
        ZooSettings settings = Small with { Runs = 5, GroupSize = 2 };
        Population whole = TrainAll(cpu, mlp, Train, Test, settings);
        using (var builder = new ZooBuilder(cpu, mlp, Train, Test, settings))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => builder.TrainAll(
                PopulationShards.Open(folder["zoo"]),
                p =>
                {
                    if (p.Group == 1) stop.Cancel();
                },
                stop.Token));
        }

        // On one thread the device has another name, which does not matter; what is trained does.
        using var one = new CpuDevice(1);
        using (var other = new ZooBuilder(one, mlp, Train, Test, settings with { Seed = 99 }))
        {
            string message = Assert.Throws<ArgumentException>(() => other.TrainAll(
                PopulationShards.Open(folder["zoo"]), null, TestContext.Current.CancellationToken)).Message;
            Assert.Equal($"{folder["zoo"]} is left from another training (zoo.seed differs): remove it, or choose another place", message);
        }

        var seen = new List<int>();
        PopulationShards shards = PopulationShards.Open(folder["zoo"]);
        Assert.Equal(1, shards.Count);
        using (var builder = new ZooBuilder(one, mlp, Train, Test, settings))
        {
            AssertSameBits(whole, builder.TrainAll(shards, p => seen.Add(p.Group), TestContext.Current.CancellationToken));
            Assert.Equal([1, 2], seen.Distinct());
            AssertSameBits(whole, builder.TrainAll(shards, _ => Assert.Fail("nothing is left to train"), TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_steady_step_takes_no_memory_and_all_of_it_comes_back(bool shared)
    {
        using var cpu = new CpuDevice(2);
        var taken = new List<long>();
        var mlp = new Mlp(12, 5, 3);
        // 100 steps an epoch: a whole block and a part of one.
        ImageSet train = SyntheticImages.Make(400, 3, 4, 3);
        ZooSettings settings = Small with { BatchSize = 4, Checkpoints = 90, SharedOrder = shared, Decays = [0, 1e-4, 1e-3, 1e-2] };
        TrainAll(cpu, mlp, train, Test, settings, _ => taken.Add(cpu.SystemAllocations));
        Assert.Equal(7, taken.Count);
        Assert.All(taken, count => Assert.Equal(taken[0], count));
        Assert.Equal(0, cpu.LiveBytes);
    }

    [Fact]
    public void Progress_counts_steps_and_runs()
    {
        using var cpu = new CpuDevice(1);
        var seen = new List<ZooProgress>();
        TrainAll(cpu, new Mlp(12, 3), Train, Test, Small with { Runs = 3, GroupSize = 2 }, seen.Add);
        Assert.Equal([0, 0, 0, 2, 2, 2, 2, 3], seen.Select(p => p.RunsDone));
        Assert.Equal([4, 8, 12, 12, 4, 8, 12, 12], seen.Select(p => p.Step));
        Assert.All(seen, p => Assert.True(p is { Runs: 3, Steps: 12, StepsPerSecond: > 0, ModelsPerSecond: > 0 }));
    }

    [Fact]
    public void A_diverging_run_is_named_with_its_step_and_rate()
    {
        using var cpu = new CpuDevice(2);
        ZooSettings settings = Small with { Runs = 6, GroupSize = 3, Rates = [0.1, 0.1, 0.1, 0.1, 1e30, 0.1] };
        var error = Assert.Throws<TrainingDivergedException>(() => TrainAll(cpu, new Mlp(12, 5, 3), Train, Test, settings));
        Assert.Equal(4, error.Run);
        Assert.InRange(error.Step, 2, 4); // the first loss is sound, and nothing survives steps of 1e30 for long
        Assert.Equal(1e30, error.LearningRate);
        Assert.Contains("mlp-12-5-3: run 4 diverged at step", error.Message, StringComparison.Ordinal);
        Assert.Contains("1E+30", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cpu.LiveBytes);
    }

    [Fact]
    public void Cancelling_returns_nothing_and_leaves_no_memory()
    {
        using var cpu = new CpuDevice(1);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ZooBuilder.Train(
            cpu, new Mlp(12, 5, 3), Train, Test, Small, p => source.Cancel(), source.Token));
        Assert.Equal(0, cpu.LiveBytes);
    }

    [Fact]
    public void Settings_and_images_that_make_no_zoo_are_refused()
    {
        AssertRefused(Small with { Runs = 0 }, "runs");
        AssertRefused(Small with { Epochs = 0 }, "epochs");
        AssertRefused(Small with { GroupSize = 0 }, "group");
        AssertRefused(Small with { BatchSize = 71 }, "70 training images are fewer than 71");
        AssertRefused(Small with { Checkpoints = 14 }, "2 to 13");
        AssertRefused(Small with { Checkpoints = 1 }, "2 to 13");
        AssertRefused(Small with { BaseRate = double.NaN }, "base rate");
        AssertRefused(Small with { WeightDecay = -1 }, "weight decay");
        AssertRefused(Small with { Rates = [1, 2] }, "4 runs", "2");
        AssertRefused(Small with { Decays = [1, 2, 3, -4] }, "weight decay", "-4");
        using var cpu = new CpuDevice(1);
        ImageSet narrow = SyntheticImages.Make(5, 2, 4, 3);
        var error = Assert.Throws<ArgumentException>(() => new ZooBuilder(cpu, new Mlp(12, 3), Train, narrow, Small));
        Assert.Contains("8 pixels", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cpu.LiveBytes);
    }

    private static Population TrainAll(
        Device device, ILockstepTarget target, ImageSet train, ImageSet test, ZooSettings settings, Action<ZooProgress>? progress = null) =>
        ZooBuilder.Train(device, target, train, test, settings, progress, TestContext.Current.CancellationToken);

    private static void AssertRefused(ZooSettings settings, params string[] parts)
    {
        var error = Assert.Throws<ArgumentException>(() => settings.Validate(Train.Count));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private static void AssertSameBits(Population expected, Population found)
    {
        Assert.Equal(expected.Run, found.Run);
        Assert.Equal(expected.Step, found.Step);
        Assert.Equal(expected.Weights, found.Weights);
        Assert.Equal(expected.Loss, found.Loss);
        Assert.Equal(expected.Score, found.Score);
        Assert.Equal(expected.Metrics["train_loss"], found.Metrics["train_loss"]);
        Assert.Equal(expected.Metrics["train_error"], found.Metrics["train_error"]);
    }
}
