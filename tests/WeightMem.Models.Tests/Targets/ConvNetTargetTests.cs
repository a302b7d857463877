using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;
using Xunit;

namespace WeightMem.Models.Tests.Targets;

public sealed class ConvNetTargetTests
{
    private static readonly ConvNetTarget Target = new(1, 28, 28, 10);

    [Fact]
    public void The_row_is_laid_out_as_published()
    {
        Assert.Equal(
            ["module_list.0.weight", "module_list.0.bias", "module_list.3.weight", "module_list.3.bias", "module_list.6.weight", "module_list.6.bias",
             "module_list.9.weight", "module_list.9.bias", "module_list.11.weight", "module_list.11.bias"],
            Target.Layout.Entries.Select(e => e.Name));
        Assert.Equal([0, 200, 208, 1408, 1414, 1510, 1514, 2234, 2254, 2454], Target.Layout.Entries.Select(e => e.Offset));
        Assert.Equal(2464, Target.Layout.Count);
        Assert.Equal(2864, new ConvNetTarget(3, 28, 28, 10).Layout.Count);
        Assert.Equal("[4, 6, 2, 2]", Target.Layout.Entries[4].Shape.ToString());
    }

    [Fact]
    public void Permuted_units_compute_the_same_logits()
    {
        using var device = new CpuDevice(1);
        var stream = new RandomStream(3, "permuted");
        var row = new float[2464];
        Target.Initialize(row, stream);
        float[] images = [.. Enumerable.Range(0, 40 * 784).Select(i => (float)stream.At(1).Double(i))];
        int[] index = Target.PermutationIndex([.. Target.HiddenWidths.Select((units, layer) => stream.At(2).Sub("layer", layer).Permutation(units))]);
        Assert.Equal(Enumerable.Range(0, 2464), index.Order());
        float[] permuted = Array.ConvertAll(index, i => row[i]);
        Assert.NotEqual(row, permuted);
        float[] logits = Target.Logits(device, new Population(Target.Name, Target.Layout, [.. row, .. permuted]), images);
        for (int i = 0; i < 400; i++) Assert.Equal(logits[i], logits[400 + i], 1e-5f);
    }

    [Fact]
    public void Starts_have_their_spread()
    {
        foreach ((ConvNetStart start, double low, double high, double deviation) in new[]
            {
                (ConvNetStart.KaimingUniform, -Math.Sqrt(6.0 / 200), Math.Sqrt(6.0 / 200), Math.Sqrt(2.0 / 200)),
                (ConvNetStart.XavierNormal, -1, 1, Math.Sqrt(2.0 / 350)), (ConvNetStart.Uniform, 0, 1, Math.Sqrt(1.0 / 12)), (ConvNetStart.Normal, -6, 6, 1),
            })
        {
            var target = new ConvNetTarget(1, 28, 28, 10, start: start);
            var row = new float[2464];
            target.Initialize(row, new RandomStream(1, "start"));
            float[] second = row[208..1408]; // 8 inputs, 6 outputs, 5 x 5
            Assert.All(second, w => Assert.InRange(w, low, high));
            double mean = second.Average(w => (double)w);
            Assert.Equal(1, Math.Sqrt(second.Average(w => (w - mean) * (w - mean))) / deviation, 0.06);
            Assert.All(row[200..208], b => Assert.Equal(0.01f, b));
        }
    }

    [Theory]
    [InlineData("cnn-small", "cnn-small-tanh-kaiming_uniform-1x28x28-10")]
    [InlineData("cnn-small-relu", "cnn-small-relu-kaiming_uniform-1x28x28-10")]
    [InlineData("cnn-small-gelu-uniform-1x28x28-10", "cnn-small-gelu-uniform-1x28x28-10")]
    public void Names_find_their_target(string given, string full)
    {
        Assert.Equal(full, TargetCatalog.Create(given, Images()).Name);
        Assert.Equal(full, TargetCatalog.Create(full, null).Name);
    }

    [Theory]
    [InlineData("cnn-small-swish", "no activation")]
    [InlineData("cnn-small-tanh-zeros", "no start")]
    [InlineData("cnn-small-tanh-uniform-28x28-10", "the form is")]
    [InlineData("cnn-small-tanh-uniform-1x8x8-10", "too small")]
    [InlineData("cnn-small-tanh-uniform-3x28x28-10", "takes images of 3x28x28")]
    public void Other_names_are_refused(string name, string why) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => TargetCatalog.Create(name, Images())).Message, StringComparison.Ordinal);

    [Fact]
    public void A_zoo_learns_in_lockstep_and_each_run_by_itself()
    {
        using var device = new CpuDevice(2);
        ImageSet images = Images();
        var settings = new ZooSettings
        {
            Runs = 3,
            Epochs = 4,
            BatchSize = 20,
            KeptEpochs = [0, 3, 4],
            Optimizer = ZooOptimizer.Adam,
            BaseRate = 3e-3,
            ConstantRate = true,
            WeightDecay = 0,
            GroupSize = 3,
            Seed = 5,
        };
        Population zoo = ZooBuilder.Train(device, Target, images, images, settings, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([0, 30, 40, 0, 30, 40, 0, 30, 40], zoo.Step);
        for (int run = 0; run < 3; run++) Assert.True(zoo.Score![3 * run + 2] > 75, $"run {run}: {string.Join(", ", zoo.Score!)}");
        Population alone = ZooBuilder.Train(device, Target, images, images, settings with { GroupSize = 1 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(zoo.Weights, alone.Weights);
        Assert.Equal(zoo.Metrics["train_loss"], alone.Metrics["train_loss"]);
        Assert.Equal(0, device.LiveBytes);
    }

    /// <summary>Two hundred noisy bars: class c is a bright block at place c.</summary>
    private static ImageSet Images()
    {
        var stream = new RandomStream(9, "bars");
        var pixels = new float[200 * 784];
        int[] labels = [.. Enumerable.Range(0, 200).Select(i => i % 10)];
        for (int i = 0; i < pixels.Length; i++)
        {
            int label = i / 784 % 10, y = i % 784 / 28, x = i % 28;
            bool bright = y / 6 == label / 3 && x / 9 == label % 3;
            pixels[i] = (float)(0.3 * stream.Double(i)) + (bright ? 1 : 0);
        }

        return new ImageSet("bars", pixels, labels, 1, 28, 28, 10);
    }
}
