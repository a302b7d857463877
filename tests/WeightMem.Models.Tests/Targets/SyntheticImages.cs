using WeightMem.Engine.Random;
using WeightMem.Models.Data;

namespace WeightMem.Models.Tests.Targets;

/// <summary>Images that a small network can tell apart: each class has a pattern of its own, with uniform noise on it.</summary>
internal static class SyntheticImages
{
    public static ImageSet Make(int count, int height, int width, int classes, long seed = 1, double noise = 1, string part = "train")
    {
        int features = height * width;
        var patterns = new RandomStream(7, "patterns");
        RandomStream stream = new RandomStream(seed, "images").Sub(part);
        var pixels = new float[count * features];
        var labels = new int[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = stream.Sub("label").Integer(i, classes);
            for (int f = 0; f < features; f++)
            {
                double pattern = 2 * patterns.Double(labels[i] * features + f) - 1;
                pixels[i * features + f] = (float)(pattern + noise * (2 * stream.Double((long)i * features + f) - 1));
            }
        }

        return new ImageSet($"synthetic/{part}", pixels, labels, 1, height, width, classes);
    }
}
