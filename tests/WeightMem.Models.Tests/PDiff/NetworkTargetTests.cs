using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Torch;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Targets.Networks;
using WeightMem.Models.Tests.Targets;
using Xunit;

namespace WeightMem.Models.Tests.PDiff;

/// <summary>Networks of layers, frozen trunks, and the trajectories that P-diff learns from.</summary>
public sealed class NetworkTargetTests
{
    private static readonly NetworkDefinition Mini = NetworkCatalog.Find("resnet-mini")!;
    private static readonly ImageSet Train = SyntheticImages.Make(160, 28, 28, 4), Test = SyntheticImages.Make(70, 28, 28, 4, part: "test");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TrajectorySettings Settings => new()
    {
        PretrainingEpochs = 2,
        PretrainingBatch = 32,
        PretrainingRate = 2e-3,
        ValidationImages = 30,
        LeastCropArea = 0.6,
        Batch = 16,
        BatchNorm = TrajectoryBatchNorm.AlwaysEval,
        Checkpoints = 4,
        LaterCheckpoints = 1,
        HeldoutCheckpoints = 1,
        Seed = 2,
    };

    [Theory]
    [InlineData("resnet18", 100, 3, 11_227_812, 2048)]
    [InlineData("convnet-3", 10, 3, 24_262, 24_262)]
    [InlineData("mlp-3", 10, 3, 66_970, 66_970)]
    [InlineData("cnn-medium", 10, 3, 10_853, 10_853)]
    [InlineData("resnet-mini", 10, 1, 151_738, 256)]
    public void Sizes_are_the_published_ones(string name, int classes, int channels, int trained, int generated)
    {
        NetworkDefinition definition = NetworkCatalog.Find(name)!;
        var builder = new ParameterBuilder();
        definition.Build(builder, new NetworkSteps(), channels, classes);
        Assert.Equal(trained, builder.TrainedCount);
        Assert.Equal(generated, NetworkTarget.LayoutOf(definition, channels, classes).Entries.Where(e => NetworkTarget.IsGenerated(definition, e.Name)).Sum(e => e.Count));
    }

    [Fact]
    public void Resnet18_has_the_names_of_timm()
    {
        ParameterLayout layout = NetworkTarget.LayoutOf(NetworkCatalog.Find("resnet18")!, 3, 100);
        Assert.Equal(20, layout.Entries.Count(e => e.Name.EndsWith("running_mean", StringComparison.Ordinal)));
        foreach (string name in new[] { "conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight", "layer2.0.downsample.1.bias", "layer4.1.bn2.weight", "fc.bias" })
            Assert.True(layout.Contains(name), name);
        Assert.False(layout.Contains("layer1.0.downsample.0.weight"));
        string[] generated = [.. layout.Entries.Select(e => e.Name).Where(n => NetworkTarget.IsGenerated(NetworkCatalog.Find("resnet18")!, n))];
        Assert.Equal(["layer4.1.bn1.weight", "layer4.1.bn1.bias", "layer4.1.bn2.weight", "layer4.1.bn2.bias"], generated);
    }

    [Theory]
    [InlineData("convnet-3", 64, 3)]
    [InlineData("mlp-3", 64, 3)]
    [InlineData("cnn-medium", 32, 3)]
    [InlineData("resnet-mini", 28, 1)]
    public void Every_network_trains(string name, int side, int channels)
    {
        using var device = new CpuDevice(2);
        using var network = new ImageNetwork(NetworkCatalog.Find(name)!, channels, 4, device, new RandomStream(1, "start"));
        using var adam = new Engine.Training.AdamW(network.Parameters, 0.9, 0.999, 1e-8, 5e-4, double.PositiveInfinity);
        var losses = new List<double>();
        for (int step = 0; step < 12; step++)
        {
            using Scope scope = device.Scope();
            Tape tape = Tape.Record(device);
            Tensor x = device.Empty((8, side, side, channels));
            device.Kernels.Normal(x, new RandomStream(1, "images"));
            Tensor each = Engine.Ops.LossOps.CrossEntropy(tape, network.Forward(tape, x, BatchNormMode.Train), device.From([0, 1, 2, 3, 0, 1, 2, 3], 8));
            Tensor loss = Engine.Ops.LossOps.Sum(tape, each);
            losses.Add(loss.Item());
            network.Parameters.ZeroGradients();
            tape.Backward(loss);
            adam.Step(5e-3, 0);
        }

        Assert.True(losses[^1] < 0.9 * losses[0], string.Join(", ", losses));
    }

    [Fact]
    public void Kept_features_and_whole_networks_give_identical_predictions()
    {
        using var device = new CpuDevice(2);
        NetworkTarget kept = Target(device, out Dictionary<string, float[]> state), whole = new(Mini, Train, NetworkTargets.Transform(Mini, Train, 1, false), state) { CachesFeatures = false };
        Population one = Rows(kept, 5), two = Rows(whole, 5);
        kept.Evaluate(device, one, Test);
        kept.Evaluate(device, one, Test); // from what was kept
        whole.Evaluate(device, two, Test);
        Assert.Equal(two.Wrong!.Words, one.Wrong!.Words);
        Assert.Equal(two.Loss, one.Loss);
        Assert.True(one.Wrong.Words.Distinct().Count() > 2, "the rows should differ");
        int[][] labels = kept.PredictLabels(device, one, Test.Pixels);
        for (int i = 0; i < Test.Count; i++) Assert.Equal(labels[1][i] != Test.Labels[i], (one.Wrong.Row(1)[i / 64] >> (i % 64) & 1) == 1);
        (double all, double tail) = kept.Flops(device);
        Assert.True(tail < all / 2);
        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void A_row_of_the_frozen_networks_own_values_is_that_network()
    {
        using var device = new CpuDevice(2);
        NetworkTarget target = Target(device, out Dictionary<string, float[]> state);
        var row = new float[target.Layout.Count];
        target.Layout.Pack(row, state);
        var population = new Population(target.Name, target.Layout, row);
        target.Evaluate(device, population, Test);
        using var network = new ImageNetwork(Mini, 1, 4, device, new RandomStream(0, "overwritten"));
        network.Parameters.Load(state);
        using Scope scope = device.Scope();
        float[] logits = network.Forward(Tape.Inference(device), device.From(Test.Pixels, (70, 28, 28, 1)), BatchNormMode.Evaluate).ToArray<float>();
        int right = Enumerable.Range(0, 70).Count(i => PopulationEvaluation.FirstMaximum(logits.AsSpan(4 * i, 4)) == Test.Labels[i]);
        Assert.Equal(100.0 * right / 70, population.Score![0], 1e-4);
        Assert.Equal([0, 1, 2], target.PermutationIndex([])[..3]);
    }

    [Fact]
    public void Timm_files_are_read_whatever_wraps_their_names()
    {
        using var device = new CpuDevice(1);
        using var folder = new TemporaryFolder();
        _ = Target(device, out Dictionary<string, float[]> state);
        ParameterLayout layout = NetworkTarget.LayoutOf(Mini, 1, 4);
        NamedArray[] arrays = [.. layout.Entries.Select(e => NamedArray.Of("model." + e.Name, state[e.Name], [.. e.Shape.Select(s => (long)s)])), NamedArray.Of("model.bn1.num_batches_tracked", new long[] { 7 })];
        TorchWriter.Write(folder["net.pth"], arrays);
        Dictionary<string, float[]> back = NetworkFile.Read(folder["net.pth"], layout);
        Assert.All(state, s => Assert.Equal(s.Value, back[s.Key]));
        Assert.Contains("fc.weight", Assert.Throws<FileFormatException>(() => NetworkFile.Read(folder["net.pth"], NetworkTarget.LayoutOf(Mini, 1, 10))).Message, StringComparison.Ordinal);
        Assert.False(NetworkFile.Read(folder["net.pth"], NetworkTarget.LayoutOf(Mini, 1, 10), n => n.StartsWith("fc.", StringComparison.Ordinal)).ContainsKey("fc.weight"));

        var named = NetworkTargets.Create($"resnet-mini@{folder["net.pth"]}", Train);
        Assert.StartsWith("resnet-mini-1x28x28-4@", named.Name, StringComparison.Ordinal);
        Assert.Contains("name the file", Assert.Throws<ArgumentException>(() => NetworkTargets.Create("resnet-mini", Train)).Message, StringComparison.Ordinal);
        Assert.Contains("1x28x28", Assert.Throws<ArgumentException>(() => named.CheckImages(SyntheticImages.Make(2, 14, 14, 4))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pretraining_that_was_stopped_goes_on_to_the_same_bits()
    {
        using var device = new CpuDevice(2);
        using var folder = new TemporaryFolder();
        (Dictionary<string, float[]> whole, double accuracy) = Trainer(device, Settings).Pretrain(folder["whole"], (_, _) => { }, _ => { }, Token);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Trainer(device, Settings).Pretrain(
            folder["half"],
            (done, _) =>
            {
                if (done > 1.4) source.Cancel();
            },
            _ => { },
            source.Token));
        Assert.True(File.Exists(folder["half"]));
        (Dictionary<string, float[]> resumed, double again) = Trainer(device, Settings).Pretrain(folder["half"], (_, _) => { }, _ => { }, Token);
        Assert.Equal(accuracy, again);
        Assert.All(whole, w => Assert.Equal(w.Value, resumed[w.Key]));
    }

    [Fact]
    public void Trajectories_depend_on_the_run_and_the_mode_and_touch_only_generated_layers()
    {
        using var device = new CpuDevice(2);
        NetworkTarget target = Target(device, out Dictionary<string, float[]> state);
        Population plain = Run(TrajectoryBatchNorm.AlwaysEval, 0, [2, 3, 4]), fewer = Run(TrajectoryBatchNorm.AlwaysEval, 0, [3]);
        Assert.Equal(plain.Row(1).ToArray(), fewer.Row(0).ToArray());
        Assert.Equal([2, 3, 4], plain.Step);
        Assert.NotEqual(plain.Weights, Run(TrajectoryBatchNorm.AlwaysEval, 1, [2, 3, 4]).Weights);
        Assert.NotEqual(plain.Weights, Run(TrajectoryBatchNorm.AlwaysTrain, 0, [2, 3, 4]).Weights);
        Population reference = Run(TrajectoryBatchNorm.ReferenceTwoStepThenEval, 0, [2, 3, 4]), always = Run(TrajectoryBatchNorm.AlwaysTrain, 0, [2, 3, 4]);
        Assert.Equal(always.Row(0).ToArray(), reference.Row(0).ToArray());
        Assert.NotEqual(always.Row(1).ToArray(), reference.Row(1).ToArray());

        // Adam's first update moves every value by about the rate (specification 3.2).
        var start = new float[256];
        target.Layout.Pack(start, state);
        Population first = Run(TrajectoryBatchNorm.AlwaysEval, 0, [1]);
        double moved = Math.Sqrt(Enumerable.Range(0, 256).Sum(i => Math.Pow(first.Row(0)[i] - start[i], 2)));
        Assert.InRange(moved, 0.5 * 0.03 * 16, 1.1 * 0.03 * 16);

        Population Run(TrajectoryBatchNorm mode, int run, int[] kept) => Trainer(device, Settings with { BatchNorm = mode }).Run(target, state, run, kept, (_, _) => { }, Token);
    }

    [Fact]
    public void Transforms_repeat_crop_and_mirror()
    {
        ImageSet images = SyntheticImages.Make(6, 28, 28, 3);
        var same = ImageTransform.Of(images, 28, 1, 1, false);
        var inputs = new float[6 * 784];
        same.Judge(images, 0, inputs);
        Assert.Equal(images.Pixels, inputs);

        var mirrors = same with { Flips = true };
        mirrors.Train(images, [0, 1, 2, 3, 4, 5], new RandomStream(1, "images"), inputs);
        int mirrored = Enumerable.Range(0, 6).Count(i => inputs[i * 784] == images.Pixels[i * 784 + 27] && inputs[i * 784] != images.Pixels[i * 784]);
        Assert.InRange(mirrored, 1, 5);

        var colour = new ImageTransform(32, 3, [0.5, 0.5, 0.5], [0.5, 0.25, 0.5], 0.3, true);
        float[] one = new float[2 * colour.Features], two = new float[colour.Features];
        colour.Train(images, [4, 2], new RandomStream(1, "images"), one);
        colour.Train(images, [4], new RandomStream(1, "images"), two);
        Assert.Equal(two, one[..colour.Features]);
        Assert.Equal(2 * one[0], one[1], 1e-5); // the same grey in channels of another deviation
        Assert.Contains("2 channels", Assert.Throws<ArgumentException>(() => new ImageTransform(8, 3, [0, 0, 0], [1, 1, 1], 1, false).Check(
            new ImageSet("two", new float[8], [0], 2, 2, 2, 1))).Message, StringComparison.Ordinal);
    }

    private static TrajectoryTrainer Trainer(CpuDevice device, TrajectorySettings settings) =>
        new(device, Mini, Train, Test, NetworkTargets.Transform(Mini, Train, settings.LeastCropArea, settings.Flips), settings);

    private static NetworkTarget Target(CpuDevice device, out Dictionary<string, float[]> state)
    {
        using var network = new ImageNetwork(Mini, 1, 4, device, new RandomStream(3, "start"));
        state = network.Parameters.State();
        state["stage3.1.bn2.weight"].AsSpan().Fill(0.7f); // timm starts it at zero, where the block does nothing
        return new NetworkTarget(Mini, Train, NetworkTargets.Transform(Mini, Train, 1, false), state);
    }

    private static Population Rows(NetworkTarget target, int count)
    {
        var weights = new float[count * 256];
        var stream = new RandomStream(4, "rows");
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(2 * stream.Double(i) - 0.5);
        return new Population(target.Name, target.Layout, weights);
    }
}
