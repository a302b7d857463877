using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Tests.PDiff;

/// <summary>A trajectory of 100 values that wanders, and settings that fit it in a moment.</summary>
internal static class TinyPDiff
{
    public static readonly ParameterLayout Layout = new(("bn.weight", 40), ("bn.bias", 60));

    public static PDiffSettings Settings => new()
    {
        AutoencoderChannels = [4, 8, 8],
        Latent = 8,
        Kernel = 5,
        Batch = 12,
        AutoencoderSteps = 30,
        AutoencoderRate = 3e-3,
        DenoiserChannels = [1, 4, 8, 8, 16, 8, 8, 4, 1],
        DenoiserSteps = 40,
        DenoiserRate = 3e-3,
        DiffusionSteps = 12,
        FirstBeta = 0.01,
        LastBeta = 0.7,
        SamplingBatch = 5,
        Seed = 3,
    };

    public static Population Trajectory(int count = 24)
    {
        var stream = new RandomStream(1, "trajectory");
        var weights = new float[count * 100];
        for (int p = 0; p < 100; p++)
        {
            double at = p < 40 ? 1 + 0.3 * stream.Double(p) : stream.Double(p) - 0.5;
            for (int i = 0; i < count; i++)
            {
                at += 0.02 * (stream.Double(1000 + i * 100 + p) - 0.5);
                weights[i * 100 + p] = (float)at;
            }
        }

        return new Population("tiny", Layout, weights, new int[count], [.. Enumerable.Range(2, count)]);
    }
}
