using WeightMem.Engine.Devices.Cpu;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;
using Xunit;

namespace WeightMem.Models.Tests.Zoos;

public sealed class FieldZooTests
{
    private static readonly FieldTarget Target = new(2, 16);
    private static readonly ProceduralAirplanes Shapes = new(3, 3, 1, 1, fine: false);

    private static readonly FieldSettings Settings = new()
    {
        SurfaceSamples = 400,
        UniformSamples = 400,
        Batch = 64,
        Schedule = FieldSchedule.FixedSteps,
        FirstSteps = 60,
        OtherSteps = 25,
        GroupSize = 2,
        JudgedPoints = 200,
        Seed = 3,
    };

    [Fact]
    public void A_field_does_not_depend_on_its_group_and_a_stopped_zoo_resumes_to_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        Population pairs = Fit("pairs", Settings), all = Fit("all", Settings with { GroupSize = 9 });
        Assert.Equal(pairs.Weights, all.Weights);
        Assert.Equal(5, pairs.Count);
        Assert.All(pairs.Metrics["iou"], iou => Assert.InRange(iou, 0f, 1f));
        Assert.True(pairs.Metrics["train_loss"].Max() < 0.69, "below the loss of a field that knows nothing");

        var shards = PopulationShards.Open(folder["stopped"]);
        using var stop = new CancellationTokenSource();
        var zoo = new FieldZoo(device, Target, Shapes, Settings);
        Assert.Throws<OperationCanceledException>(() => zoo.FitAll(shards, p => { if (p.Group == 1) stop.Cancel(); }, stop.Token));
        Population resumed = new FieldZoo(device, Target, Shapes, Settings).FitAll(PopulationShards.Open(folder["stopped"]), null, TestContext.Current.CancellationToken);
        Assert.Equal(pairs.Weights, resumed.Weights);

        Population Fit(string name, FieldSettings settings) => new FieldZoo(device, Target, Shapes, settings).FitAll(PopulationShards.Open(folder[name]), null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Warm_starts_keep_fields_near_the_first_one()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        Population warm = Fit("warm", Settings), cold = Fit("cold", Settings with { WarmStart = false });
        Assert.True(Apart(warm) < Apart(cold) / 2, $"{Apart(warm)} against {Apart(cold)}");

        Population Fit(string name, FieldSettings settings) => new FieldZoo(device, Target, Shapes, settings).FitAll(PopulationShards.Open(folder[name]), null, TestContext.Current.CancellationToken);

        static double Apart(Population fields) => Enumerable.Range(1, fields.Count - 1).Average(i =>
            Math.Sqrt(fields.Row(0).ToArray().Zip(fields.Row(i).ToArray(), (a, b) => Math.Pow(a - b, 2)).Sum()));
    }

    [Fact]
    public void Random_layers_are_fresh_for_each_network_and_leave_the_others()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        Population plain = new FieldZoo(device, Target, Shapes, Settings).FitAll(PopulationShards.Open(folder["a"]), null, TestContext.Current.CancellationToken);
        Population random = new FieldZoo(device, Target, Shapes, Settings with { RandomLayers = 1 }).FitAll(PopulationShards.Open(folder["b"]), null, TestContext.Current.CancellationToken);
        int from = Target.Net.Offset(Target.Net.Hidden);
        for (int i = 0; i < plain.Count; i++)
        {
            Assert.Equal(plain.Row(i)[..from].ToArray(), random.Row(i)[..from].ToArray());
            Assert.NotEqual(plain.Row(i)[from..].ToArray(), random.Row(i)[from..].ToArray());
        }

        Assert.NotEqual(random.Row(0)[from..].ToArray(), random.Row(1)[from..].ToArray());
        Assert.Empty(random.Metrics);
    }

    [Fact]
    public void The_plateau_falls_after_eleven_epochs_without_a_best_and_ends_after_fifty()
    {
        var plateau = new FieldPlateau(1e-2);
        plateau.Epoch(1);
        for (int i = 0; i < 10; i++) plateau.Epoch(1);
        Assert.Equal(1e-2, plateau.Rate);
        plateau.Epoch(1);
        Assert.Equal(8e-3, plateau.Rate, 12);
        plateau.Epoch(0.5);
        for (int i = 0; i < 49; i++) plateau.Epoch(0.5);
        Assert.False(plateau.Ended);
        plateau.Epoch(0.5);
        Assert.True(plateau.Ended);
    }

    [Fact]
    public void The_plateau_schedule_runs_and_ends_by_itself()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice();
        FieldSettings settings = Settings with { Schedule = FieldSchedule.Plateau, MostEpochs = 4 };
        Population fields = new FieldZoo(device, Target, Shapes, settings).FitAll(PopulationShards.Open(folder["plateau"]), null, TestContext.Current.CancellationToken);
        Assert.All(fields.Step, step => Assert.Equal(4 * (800 / 64), step));
        Assert.True(fields.Metrics["train_loss"].Max() < 0.69);
    }
}
