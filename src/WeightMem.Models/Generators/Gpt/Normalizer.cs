using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// The published scaling of weights: x_n = c x with c = 0.538 / (standard deviation over the values of 25,000 random checkpoints); no shift
/// (specification 1.4). Noise amplitudes of the paper's baselines are in these units.
/// </summary>
/// <param name="Scale">The factor c from weight units to normalised units.</param>
public readonly record struct Normalizer(double Scale)
{
    /// <summary>Standard deviation of normalised weights.</summary>
    public const double Deviation = 0.538;

    private const int Draws = 25_000;

    /// <summary>Measures a population.</summary>
    /// <exception cref="ArgumentException">All weights are equal.</exception>
    public static Normalizer Fit(Population population, long seed)
    {
        var stream = new RandomStream(seed, "normalizer");
        bool all = population.Count <= Draws;
        int draws = all ? population.Count : Draws;
        double sum = 0, squares = 0, n = (double)draws * population.Parameters;
        for (int d = 0; d < draws; d++)
        {
            foreach (float w in population.Row(all ? d : stream.Integer(d, population.Count)))
            {
                sum += w;
                squares += (double)w * w;
            }
        }

        double variance = (squares - sum * sum / n) / (n - 1);
        if (!(variance > 0)) throw new ArgumentException("the weights of the population do not vary: there is nothing to normalise");
        return new Normalizer(Deviation / Math.Sqrt(variance));
    }

    /// <summary>to = c * from.</summary>
    public void Normalize(ReadOnlySpan<float> from, Span<float> to)
    {
        float scale = (float)Scale;
        for (int i = 0; i < from.Length; i++) to[i] = from[i] * scale;
    }

    /// <summary>to = from / c.</summary>
    public void Denormalize(ReadOnlySpan<float> from, Span<float> to)
    {
        float scale = (float)(1 / Scale);
        for (int i = 0; i < from.Length; i++) to[i] = from[i] * scale;
    }
}
