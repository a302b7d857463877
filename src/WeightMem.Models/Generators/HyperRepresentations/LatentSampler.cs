using WeightMem.Engine.Random;
using WeightMem.Models.Generators.Baselines;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>Latent vectors drawn.</summary>
/// <param name="Latents"><c>[count, latent]</c></param>
/// <param name="Sources">The training row that each comes from, where it comes from one.</param>
internal sealed record LatentSample(float[] Latents, int[]? Sources);

/// <summary>
/// Draws latent vectors from those of the training networks. The names of the samplers are those of commands and reports; the published name of each is in its summary.
/// </summary>
public static class LatentSampler
{
    /// <summary>S_KDE30 as it is meant: each dimension from its own Gaussian density estimate over the best 30 % of the networks.</summary>
    public const string Kde30 = "kde30";

    /// <summary>S_KDE30 as it was run: every dimension with the same seed, so that each sample is one training network's vector plus a constant.</summary>
    public const string Kde30Reference = "kde30-reference";

    /// <summary>One network of the best 30 % for each sample, with independent noise on each dimension.</summary>
    public const string RowKde = "row-kde";

    /// <summary>S_KDE: as <see cref="Kde30"/> over all networks.</summary>
    public const string Kde = "kde";

    /// <summary>S_U: uniform between -1 and 1.</summary>
    public const string Uniform = "uniform";

    /// <summary>
    /// S_N30 with principal components in place of UMAP: uniform in a cube around the best networks' scores on the first three components, mapped back.
    /// </summary>
    public const string NeighbourPca = "neighbour-pca";

    /// <summary>B_F: the first training networks of the last step as they are; no latent vectors.</summary>
    public const string Direct = "direct";

    /// <summary>Bandwidth of the density estimates.</summary>
    public const double Bandwidth = 0.002;

    /// <summary>Seed of the reference's generator.</summary>
    private const uint ReferenceSeed = 42;

    private const double BestShare = 0.3;

    /// <summary>The samplers there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [Kde30, Kde30Reference, RowKde, Kde, Uniform, NeighbourPca, Direct];

    /// <summary>The rows whose score is at least the 70 % quantile, by linear interpolation, of all rows.</summary>
    /// <exception cref="ArgumentException">The rows have no scores.</exception>
    public static int[] Best(float[]? scores)
    {
        if (scores is null || scores.Length == 0) throw new ArgumentException("choosing the best networks takes their accuracies: evaluate the population first");
        double[] sorted = Array.ConvertAll(scores, s => (double)s);
        Array.Sort(sorted);
        double place = (1 - BestShare) * (sorted.Length - 1);
        int below = (int)place;
        double threshold = sorted[below] + (place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]);
        return [.. Enumerable.Range(0, scores.Length).Where(i => scores[i] >= threshold)];
    }

    /// <summary>Draws.</summary>
    /// <param name="name">One of <see cref="Names"/> but <see cref="Direct"/>.</param>
    /// <param name="latents">Latent vectors of the training networks, <c>[rows, size]</c>.</param>
    /// <param name="size">Size of a vector.</param>
    /// <param name="best">The best rows.</param>
    /// <param name="count">Vectors to draw.</param>
    /// <param name="seed">Seed; the reference's sampler has its own.</param>
    internal static LatentSample Draw(string name, float[] latents, int size, int[] best, int count, long seed)
    {
        int[] all = [.. Enumerable.Range(0, latents.Length / size)];
        var stream = new RandomStream(seed, $"hyper-representations sampling {name}");
        return name switch
        {
            Kde30 => new LatentSample(PerDimension(latents, size, best, count, stream), null),
            Kde => new LatentSample(PerDimension(latents, size, all, count, stream), null),
            Kde30Reference => Reference(latents, size, best, count),
            RowKde => PerRow(latents, size, best, count, stream),
            Uniform => new LatentSample([.. Enumerable.Range(0, count * size).Select(i => (float)(2 * stream.Double(i) - 1))], null),
            NeighbourPca => new LatentSample(PrincipalCube.Draw(latents, size, best, count, stream), null),
            _ => throw new ArgumentException($"there is no sampler '{name}'; there are {string.Join(", ", Names)}"),
        };
    }

    /// <summary>The rows and the constants of the reference's sampler: uniform numbers for all samples, then normal ones.</summary>
    internal static (int[] Rows, double[] Constants) ReferenceDraws(int rows, int count)
    {
        var generator = new MersenneTwister(ReferenceSeed);
        int[] chosen = [.. Enumerable.Range(0, count).Select(_ => (int)(generator.Double() * rows))];
        return (chosen, [.. Enumerable.Range(0, count).Select(_ => generator.Normal())]);
    }

    private static float[] PerDimension(float[] latents, int size, int[] rows, int count, RandomStream stream)
    {
        var drawn = new float[count * size];
        var noise = new double[size];
        for (int s = 0; s < count; s++)
        {
            RandomStream row = stream.Sub("row").At(s);
            BoxMuller.Fill(noise, stream.Sub("noise").At(s));
            for (int d = 0; d < size; d++)
                drawn[s * size + d] = (float)(latents[rows[row.Integer(d, rows.Length)] * size + d] + Bandwidth * noise[d]);
        }

        return drawn;
    }

    private static LatentSample PerRow(float[] latents, int size, int[] rows, int count, RandomStream stream)
    {
        var drawn = new float[count * size];
        var noise = new double[size];
        int[] sources = [.. Enumerable.Range(0, count).Select(s => rows[stream.Sub("row").Integer(s, rows.Length)])];
        for (int s = 0; s < count; s++)
        {
            BoxMuller.Fill(noise, stream.Sub("noise").At(s));
            for (int d = 0; d < size; d++) drawn[s * size + d] = (float)(latents[sources[s] * size + d] + Bandwidth * noise[d]);
        }

        return new LatentSample(drawn, sources);
    }

    private static LatentSample Reference(float[] latents, int size, int[] rows, int count)
    {
        (int[] chosen, double[] constants) = ReferenceDraws(rows.Length, count);
        var drawn = new float[count * size];
        for (int s = 0; s < count; s++)
        {
            for (int d = 0; d < size; d++) drawn[s * size + d] = (float)(latents[rows[chosen[s]] * size + d] + Bandwidth * constants[s]);
        }

        return new LatentSample(drawn, [.. chosen.Select(i => rows[i])]);
    }
}
