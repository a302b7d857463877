using WeightMem.Engine.Devices.Cpu;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.Gpt;

public sealed class PairSamplerTests : IDisposable
{
    private readonly CpuDevice _device = new(1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void The_target_is_later_and_spacings_are_uniform()
    {
        PairSampler pairs = Sampler(TinyGpt.Settings, out Population population, checkpoints: 5);
        var spacings = new int[5];
        const int draws = 8000;
        for (int i = 0; i < draws; i++)
        {
            (int start, int target) = pairs.Pair(i);
            Assert.Equal(population.Run[start], population.Run[target]);
            Assert.True(target > start);
            spacings[target - start]++;
        }

        Assert.Equal(0, spacings[0]);
        for (int s = 1; s < 5; s++) Assert.InRange(spacings[s], draws / 4 - 250, draws / 4 + 250); // 6.5 standard deviations of 39
    }

    [Fact]
    public void Every_run_is_visited_equally_often_in_an_epoch()
    {
        PairSampler pairs = Sampler(TinyGpt.Settings with { EpochItems = 33 }, out Population population);
        Assert.Equal(30, pairs.EpochItems); // 5 runs, 6 times each
        for (int epoch = 0; epoch < 3; epoch++)
        {
            int[] runs = [.. Enumerable.Range(0, 30).Select(i => population.Run[pairs.Pair(30 * epoch + i).Start])];
            Assert.All(runs.GroupBy(r => r), g => Assert.Equal(6, g.Count()));
        }
    }

    [Fact]
    public void Both_rows_of_a_pair_are_permuted_alike()
    {
        GptSettings settings = TinyGpt.Settings with { FreshStarts = 0, PermutationAugmentation = true };
        PairSampler permuted = Sampler(settings, out Population population), plain = Sampler(settings with { PermutationAugmentation = false }, out _);
        PairBatch a = permuted.Draw(2), b = plain.Draw(2);
        Assert.NotEqual(a.Start, b.Start);
        int parameters = population.Parameters, hidden = 4;
        for (int i = 0; i < settings.Batch; i++)
        {
            // fc1.bias tells which unit went where; the values differ, so the permutation can be read off both rows.
            int[] Order(float[] rows, float[] of) => [.. Enumerable.Range(0, hidden).Select(u =>
                Array.IndexOf(of.AsSpan(i * parameters + 24, hidden).ToArray(), rows[i * parameters + 24 + u]))];
            int[] start = Order(a.Start, b.Start);
            Assert.Equal([0, 1, 2, 3], start.Order());
            Assert.Equal(start, Order(a.Target, b.Target));
        }
    }

    [Fact]
    public void Fresh_starts_carry_their_own_measured_loss()
    {
        GptSettings settings = TinyGpt.Settings with { FreshStarts = 1, PermutationAugmentation = false };
        PairSampler pairs = Sampler(settings, out Population population);
        PairBatch batch = pairs.Draw(0);
        double scale = Normalizer.Fit(population, settings.Seed).Scale;
        var starts = new Population(
            population.Target, population.Layout, Array.ConvertAll(batch.Start, w => (float)(w / scale)));
        TinyGpt.Target.Evaluate(_device, starts, TinyGpt.Images);
        for (int i = 0; i < settings.Batch; i++)
        {
            Assert.DoesNotContain(batch.Metric[i], population.Loss!);
            Assert.Equal(starts.Loss![i], batch.Metric[i], 1e-4f);
            Assert.Equal(batch.Prompt[i] - batch.Metric[i], batch.Difference[i], 1e-6f);
        }
    }

    [Fact]
    public void Batches_depend_on_the_step_alone()
    {
        PairSampler first = Sampler(TinyGpt.Settings, out _), second = Sampler(TinyGpt.Settings, out _);
        for (int step = 0; step < 9; step++) first.Draw(step);
        Assert.Equal(first.Draw(4).Target, second.Draw(4).Target);
        Assert.NotEqual(second.Draw(4).Target, second.Draw(5).Target);
    }

    [Fact]
    public void Input_noise_has_its_deviation_and_depends_on_the_step_alone()
    {
        GptSettings noisy = TinyGpt.Settings with { InputNoise = 0.2 };
        PairSampler plain = Sampler(TinyGpt.Settings, out _), first = Sampler(noisy, out _), second = Sampler(noisy, out _);
        PairBatch clean = plain.Draw(3), batch = first.Draw(3);
        double[] added = [.. batch.Target.Zip(clean.Target, (a, b) => (double)a - b), .. batch.Start.Zip(clean.Start, (a, b) => (double)a - b)];
        double ratio = Math.Sqrt(added.Average(a => a * a)) / (0.2 * Normalizer.Deviation), error = 4 / Math.Sqrt(2.0 * added.Length);
        Assert.InRange(ratio, 1 - error, 1 + error); // four standard errors of a deviation from so many draws
        second.Draw(0);
        Assert.Equal(batch.Start, second.Draw(3).Start);
        Assert.NotEqual(batch.Start.Zip(clean.Start, (a, b) => a - b), batch.Target.Zip(clean.Target, (a, b) => a - b));
    }

    [Fact]
    public void Refuses_runs_with_one_checkpoint()
    {
        Population lonely = TinyGpt.Checkpoints(_device).Finals();
        Assert.Contains("only one", Assert.Throws<ArgumentException>(() => new PairSampler(
            lonely, TinyGpt.Target, TinyGpt.Settings, new Normalizer(1), _device, TinyGpt.Images)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_scale_is_the_published_one()
    {
        Population population = TinyGpt.Checkpoints(_device);
        double mean = population.Weights.Average(w => (double)w), n = population.Weights.Length;
        double deviation = Math.Sqrt(population.Weights.Sum(w => (w - mean) * (w - mean)) / (n - 1));
        Assert.Equal(0.538 / deviation, Normalizer.Fit(population, 0).Scale, 1e-6);
        Assert.Throws<ArgumentException>(() => Normalizer.Fit(new Population("t", population.Layout, new float[population.Parameters]), 0));
    }

    private PairSampler Sampler(GptSettings settings, out Population population, int checkpoints = 4)
    {
        population = TinyGpt.Checkpoints(_device, checkpoints: checkpoints);
        return new PairSampler(population, TinyGpt.Target, settings, Normalizer.Fit(population, settings.Seed), _device, TinyGpt.Images);
    }
}
