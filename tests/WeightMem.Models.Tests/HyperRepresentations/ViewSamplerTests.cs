using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

public sealed class ViewSamplerTests
{
    private static readonly ConvNetTarget Cnn = new(1, 28, 28, 10);
    private static readonly AutoEncoderSettings Settings = TinyAutoEncoder.Settings with { Batch = 4, Permutations = 60 };

    [Fact]
    public void Views_compute_what_their_networks_compute()
    {
        Population networks = Networks(8);
        var tokens = new NeuronTokens(Cnn.Layout);
        var views = new ViewSampler(networks, Cnn, tokens, Settings);
        using var device = new CpuDevice(1);
        float[] images = [.. Enumerable.Range(0, 20 * 784).Select(i => (float)new RandomStream(1, "images").Double(i))];
        float[] own = Cnn.Logits(device, networks, images);
        ViewBatch batch = views.Draw(1);
        Assert.Same(batch.Inputs, batch.Targets);
        var rows = new float[batch.Inputs.Length];
        for (int v = 0; v < 8; v++) tokens.Detokenize(rows.AsSpan(v * 2464, 2464), batch.Inputs.AsSpan(v * 2464, 2464));
        float[] found = Cnn.Logits(device, new Population(Cnn.Name, Cnn.Layout, rows), images);
        int moved = 0;
        for (int v = 0; v < 8; v++)
        {
            float[] view = found[(v * 200)..((v + 1) * 200)];
            int network = Enumerable.Range(0, 8).First(i => own[(i * 200)..((i + 1) * 200)].Zip(view, (a, b) => Math.Abs(a - b)).Max() < 1e-5f);
            Assert.Equal(v < 4 ? network : NetworkOf(v - 4), network); // both views of a network stand at the same place
            if (!rows.AsSpan(v * 2464, 2464).SequenceEqual(networks.Row(network))) moved++;
        }

        Assert.True(moved >= 7, "views are not permuted");

        int NetworkOf(int v) => Enumerable.Range(0, 8).First(i => own[(i * 200)..((i + 1) * 200)].Zip(found[(v * 200)..((v + 1) * 200)], (a, b) => Math.Abs(a - b)).Max() < 1e-5f);
    }

    [Fact]
    public void An_epoch_visits_every_network_once_and_orders_differ()
    {
        Population networks = Networks(9);
        var views = new ViewSampler(networks, Cnn, new NeuronTokens(Cnn.Layout), Settings with { Permutations = 0 });
        Assert.Equal(2, views.StepsPerEpoch); // the ninth is dropped
        float[][] first = [.. Enumerable.Range(0, 2).SelectMany(step => Firsts(views.Draw(step)))], second = [.. Enumerable.Range(2, 2).SelectMany(step => Firsts(views.Draw(step)))];
        Assert.Equal(8, first.Select(row => row[0]).Distinct().Count());
        Assert.NotEqual(first.Select(row => row[0]), second.Select(row => row[0]));
        Assert.Equal(views.Draw(1).Inputs, views.Draw(1).Inputs);

        static IEnumerable<float[]> Firsts(ViewBatch batch) => Enumerable.Range(0, 4).Select(v => batch.Inputs[(v * 2464)..((v + 1) * 2464)]);
    }

    [Fact]
    public void Noise_and_holes_are_in_the_inputs_and_in_the_targets_only_as_published()
    {
        Population networks = Networks(4);
        var tokens = new NeuronTokens(Cnn.Layout);
        AutoEncoderSettings noisy = Settings with { InputNoise = 0.1, Denoise = true };
        ViewBatch batch = new ViewSampler(networks, Cnn, tokens, noisy).Draw(0), clean = new ViewSampler(networks, Cnn, tokens, Settings).Draw(0);
        Assert.Equal(clean.Inputs, batch.Targets);
        Assert.Equal(0.1, Math.Sqrt(batch.Inputs.Zip(batch.Targets, (a, b) => Math.Pow(a - b, 2)).Average()), 0.003);
        ViewBatch published = new ViewSampler(networks, Cnn, tokens, noisy with { Denoise = false }).Draw(0);
        Assert.Same(published.Inputs, published.Targets);

        var erasing = new Erasing(1, 0.1, 0.2, Value: 7);
        ViewBatch holes = new ViewSampler(networks, Cnn, tokens, Settings with { Erasing = erasing, Denoise = true }).Draw(0);
        for (int v = 0; v < 8; v++)
        {
            // One block of the row, which the tokens' order tears apart.
            var row = new float[2464];
            tokens.Detokenize(row, holes.Inputs.AsSpan(v * 2464, 2464));
            int[] erased = [.. Enumerable.Range(0, 2464).Where(i => row[i] == 7)];
            Assert.InRange(erased.Length, 246, 493);
            Assert.Equal(erased.Length - 1, erased[^1] - erased[0]);
        }

        ViewBatch scattered = new ViewSampler(networks, Cnn, tokens, Settings with { Erasing = erasing with { Scattered = true, Value = null }, Denoise = true }).Draw(0);
        Assert.InRange(scattered.Inputs.Zip(scattered.Targets).Count(p => p.First != p.Second) / 8.0, 200, 493);
        ViewBatch never = new ViewSampler(networks, Cnn, tokens, Settings with { Erasing = erasing with { Probability = 0 }, Denoise = true }).Draw(0);
        Assert.Equal(never.Targets, never.Inputs);
    }

    [Fact]
    public void Too_few_networks_for_a_batch_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new ViewSampler(Networks(3), Cnn, new NeuronTokens(Cnn.Layout), Settings));
        Assert.Contains("3", error.Message, StringComparison.Ordinal);
    }

    private static Population Networks(int count)
    {
        var weights = new float[count * 2464];
        for (int i = 0; i < count; i++) Cnn.Initialize(weights.AsSpan(i * 2464, 2464), new RandomStream(4, "networks").At(i));
        return new Population(Cnn.Name, Cnn.Layout, weights);
    }
}
