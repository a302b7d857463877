using System.Diagnostics;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Benchmarks;

/// <summary>The time of one step of a pipeline.</summary>
/// <param name="Name">What a step is.</param>
/// <param name="Size">At which size.</param>
/// <param name="MedianSeconds">Median of the runs.</param>
/// <param name="LeastSeconds">The fastest run.</param>
/// <param name="MostSeconds">The slowest run.</param>
/// <param name="Flops">Operations of one step, 0 where they are not counted.</param>
/// <param name="Path">How the device runs the step.</param>
public sealed record PipelineTiming(string Name, string Size, double MedianSeconds, double LeastSeconds, double MostSeconds, double Flops, string Path);

/// <summary>Training and sampling of G.pt as a whole, warm, at the size of a preset, on made-up networks.</summary>
public static class GptPipelineBench
{
    private const int WarmRuns = 6; // recording and its timing take four

    /// <summary>A training step of the settings' batch, and a denoising step of as many networks.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="size">Name of the size, as printed.</param>
    /// <param name="target">The networks.</param>
    /// <param name="settings">The generator.</param>
    /// <param name="runs">Runs of each step after the warm ones.</param>
    /// <exception cref="InsufficientMemoryException">The device has less memory than training needs; nothing has been taken.</exception>
    public static IEnumerable<PipelineTiming> Run(Device device, string size, Mlp target, GptSettings settings, int runs)
    {
        settings = settings with { FreshStarts = 0, PermutationAugmentation = false, TrainingSteps = 1_000_000, SamplingBatch = settings.Batch, Prompt = 0.1 };
        ImageSet images = Images(target);
        using var generator = new GptGenerator(device, target, images, settings);
        generator.Load(new Normalizer(1), null);
        PairBatch batch = Batch(settings.Batch, target.Parameters);
        var times = new double[runs];
        double flops = 0;
        for (int i = -WarmRuns; i < runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            flops = generator.TrainStep(batch, 1e-9).Cost.Flops;
            if (i >= 0) times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        yield return Timing($"training step of {settings.Batch} pairs", size, times, flops, generator.TrainingPath);

        var starts = new Population(target.Name, target.Layout, new float[(long)settings.Batch * target.Parameters]);
        for (int i = 0; i < starts.Count; i++) target.Initialize(starts.Row(i), new RandomStream(3, "pipeline").Sub("start", i));
        var stamps = new List<long>();
        generator.SampleFrom(starts, 1, (_, _) => { device.Synchronize(); stamps.Add(Stopwatch.GetTimestamp()); }, CancellationToken.None);
        double[] steps = [.. stamps.Zip(stamps.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a, b).TotalSeconds).Skip(WarmRuns)];
        yield return Timing($"denoising step of {settings.Batch} networks", size, steps, 0, "");
    }

    private static PipelineTiming Timing(string name, string size, double[] seconds, double flops, string path)
    {
        double[] sorted = [.. seconds.Order()];
        return new PipelineTiming(name, size, sorted[sorted.Length / 2], sorted[0], sorted[^1], flops, path);
    }

    private static PairBatch Batch(int count, int parameters)
    {
        var batch = new PairBatch(count, parameters);
        var stream = new RandomStream(1, "pipeline batch");
        for (int i = 0; i < batch.Start.Length; i++) (batch.Start[i], batch.Target[i]) = ((float)stream.Double(2 * i) - 0.5f, (float)stream.Double(2 * i + 1) - 0.5f);
        for (int i = 0; i < count; i++) (batch.Metric[i], batch.Prompt[i], batch.Difference[i]) = (2.3f, 0.5f, -1.8f);
        return batch;
    }

    private static ImageSet Images(Mlp target)
    {
        int features = target.Widths[0], classes = target.Widths[^1];
        var stream = new RandomStream(2, "pipeline images");
        return new ImageSet("made up", [.. Enumerable.Range(0, 64 * features).Select(i => (float)stream.Double(i))], [.. Enumerable.Range(0, 64).Select(i => i % classes)], 1, 1, features, classes);
    }
}
