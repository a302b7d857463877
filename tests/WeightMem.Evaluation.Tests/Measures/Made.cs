using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Tests.Measures;

/// <summary>Populations made of random numbers.</summary>
internal static class Made
{
    public static ParameterLayout Mlp(int inputs, int hidden, int outputs) => new(
        ("fc1.weight", (hidden, inputs)), ("fc1.bias", hidden), ("fc2.weight", (outputs, hidden)), ("fc2.bias", outputs));

    public static Population Population(ParameterLayout layout, int count, long seed, double scale = 1, int[]? run = null) =>
        new("made", layout, Normal(new RandomStream(seed, "population"), count * (int)layout.Count, scale), run);

    public static Population Flat(int parameters, int count, long seed, double scale = 1, int[]? run = null) =>
        Population(new ParameterLayout(("w", parameters)), count, seed, scale, run);

    public static float[] Normal(RandomStream stream, int count, double scale = 1)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - stream.Double(2 * i)));
            values[i] = (float)(scale * radius * Math.Cos(2 * Math.PI * stream.Double(2 * i + 1)));
        }

        return values;
    }

    public static ErrorMasks Masks(bool[,] wrong)
    {
        int count = wrong.GetLength(0), images = wrong.GetLength(1), words = ErrorMasks.WordsFor(images);
        var packed = new ulong[count * words];
        for (int i = 0; i < count; i++)
        {
            for (int m = 0; m < images; m++)
            {
                if (wrong[i, m]) packed[i * words + m / 64] |= 1UL << (m % 64);
            }
        }

        return new ErrorMasks(packed, count, images);
    }

    public static bool[,] Errors(int count, int images, long seed, Func<int, double> rate)
    {
        var stream = new RandomStream(seed, "errors");
        var wrong = new bool[count, images];
        for (int i = 0; i < count; i++)
        {
            for (int m = 0; m < images; m++) wrong[i, m] = stream.At(i).Double(m) < rate(i);
        }

        return wrong;
    }

    /// <summary>All orders of 0 to n - 1.</summary>
    public static IEnumerable<int[]> Orders(int n)
    {
        if (n == 0)
        {
            yield return [];
            yield break;
        }

        foreach (int[] shorter in Orders(n - 1))
        {
            for (int at = 0; at < n; at++) yield return [.. shorter[..at], n - 1, .. shorter[at..]];
        }
    }
}
