using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Tests.Gpt;

/// <summary>A small target, a population of made-up checkpoints with losses, and settings that train in no time.</summary>
internal static class TinyGpt
{
    public static readonly Mlp Target = new(6, 4, 3);

    public static GptSettings Settings { get; } = new()
    {
        Width = 16,
        Layers = 2,
        Heads = 2,
        Chunk = 7,
        Frequencies = 3,
        MaxFrequencyLog2 = 4,
        SamplingSteps = 5,
        Batch = 6,
        TrainingSteps = 20,
        WarmupSteps = 4,
        EpochItems = 30,
        LearningRate = 3e-3,
        AverageDecay = 0.9,
        RampAverage = true,
        FreshStarts = 0.3,
        SamplingBatch = 4,
        Seed = 7,
    };

    public static ImageSet Images { get; } = MakeImages();

    public static Population Checkpoints(Device device, int runs = 5, int checkpoints = 4)
    {
        int parameters = (int)Target.Layout.Count;
        var weights = new float[runs * checkpoints * parameters];
        var stream = new RandomStream(3, "tiny checkpoints");
        for (int r = 0; r < runs; r++)
        {
            for (int c = 0; c < checkpoints; c++)
            {
                Span<float> row = weights.AsSpan((r * checkpoints + c) * parameters, parameters);
                Target.Initialize(row, stream.Sub("run", r));
                for (int i = 0; i < parameters; i++) row[i] += 0.2f * c * (float)(stream.Sub("drift", r).Double(i) - 0.5);
            }
        }

        var population = new Population(
            Target.Name, Target.Layout, weights, [.. Enumerable.Range(0, runs * checkpoints).Select(i => i / checkpoints)],
            [.. Enumerable.Range(0, runs * checkpoints).Select(i => 10 * (i % checkpoints))]);
        Target.Evaluate(device, population, Images);
        return population;
    }

    private static ImageSet MakeImages()
    {
        var stream = new RandomStream(4, "tiny images");
        var pixels = new float[40 * 6];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (float)(2 * stream.Double(i) - 1);
        return new ImageSet("tiny", pixels, [.. Enumerable.Range(0, 40).Select(i => i % 3)], 1, 2, 3, 3);
    }
}
