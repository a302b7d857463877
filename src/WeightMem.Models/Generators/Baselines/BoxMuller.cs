using WeightMem.Engine.Random;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>
/// Standard normal numbers of a stream on the host, in double precision: words (x0, x1) of a block give numbers 0 and 1, (x2, x3)
/// numbers 2 and 3, as on the devices.
/// </summary>
internal static class BoxMuller
{
    /// <summary>Writes numbers 0 to length - 1 of the stream.</summary>
    public static void Fill(Span<double> numbers, RandomStream stream)
    {
        Span<double> four = stackalloc double[4];
        for (int i = 0; i < numbers.Length; i += 4)
        {
            (uint x0, uint x1, uint x2, uint x3) = stream.Block(i >> 2);
            (four[0], four[1]) = Pair(x0, x1);
            (four[2], four[3]) = Pair(x2, x3);
            four[..Math.Min(4, numbers.Length - i)].CopyTo(numbers[i..]);
        }
    }

    private static (double First, double Second) Pair(uint a, uint b)
    {
        double radius = Math.Sqrt(-2 * Math.Log(((a >> 8) + 1) * (1.0 / 16777216.0)));
        (double sine, double cosine) = Math.SinCos((b >> 8) * (2 * Math.PI / 16777216.0));
        return (radius * cosine, radius * sine);
    }
}
