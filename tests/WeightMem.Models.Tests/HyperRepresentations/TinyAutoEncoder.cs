using WeightMem.Engine.Random;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Tests.HyperRepresentations;

/// <summary>An auto-encoder small enough for finite differences, and networks for it: a perceptron of 6 inputs, 3 and 2 hidden units and 2 classes.</summary>
internal static class TinyAutoEncoder
{
    public static Mlp Target { get; } = new(6, 3, 2, 2);

    public static AutoEncoderSettings Settings { get; } = new()
    {
        Width = 6,
        Heads = 2,
        Blocks = 2,
        Hidden = 5,
        Latent = 4,
        Dropout = 0,
        HeadLayers = 1,
        HeadWidth = 5,
        HeadOutputs = 3,
        Contrast = 0.3,
        Permutations = 8,
        Batch = 4,
        Epochs = 6,
        LearningRate = 3e-3,
        PlateauPatience = 1,
        InferenceBatch = 3,
        Seed = 5,
    };

    /// <summary>Freshly initialised networks with made-up accuracies, two steps a run.</summary>
    public static Population Networks(int count)
    {
        var weights = new float[count * Target.Parameters];
        for (int i = 0; i < count; i++) Target.Initialize(weights.AsSpan(i * Target.Parameters, Target.Parameters), new RandomStream(3, "tiny").At(i));
        return new Population(Target.Name, Target.Layout, weights, [.. Enumerable.Range(0, count).Select(i => i / 2)], [.. Enumerable.Range(0, count).Select(i => i % 2)])
        {
            Score = [.. Enumerable.Range(0, count).Select(i => 50f + i)],
        };
    }
}
