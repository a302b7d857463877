using WeightMem.Models.Generators.HyperRepresentations;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

public sealed class LatentSamplerTests
{
    private const int Size = 16, Rows = 40;

    // Each value tells its row and its dimension; neighbouring rows are far apart beside the bandwidth.
    private static readonly float[] Latents = [.. Enumerable.Range(0, Rows * Size).Select(i => i / Size + i % Size / 100f)];

    private static readonly int[] Best = [.. Enumerable.Range(20, 12)];

    [Fact]
    public void The_generator_is_the_references()
    {
        var generator = new MersenneTwister(42);
        foreach (double expected in new[] { 0.37454012, 0.95071431, 0.73199394, 0.59865848, 0.15601864 }) Assert.Equal(expected, generator.Double(), 5e-9);
        var normals = new MersenneTwister(42);
        Assert.Equal(0.496714, normals.Normal(), 5e-7);
        Assert.Equal(-0.138264, normals.Normal(), 5e-7);

        // The first word for init_genrand(5489) is in the authors' published output.
        Assert.Equal(3499211612u, new MersenneTwister(5489).Word());
    }

    [Fact]
    public void The_references_draws_of_869_rows_are_reproduced()
    {
        (int[] rows, double[] constants) = LatentSampler.ReferenceDraws(869, 200);
        Assert.Equal([325, 826, 636, 520, 135, 135, 50, 752], rows[..8]);
        double[] expected = [-0.680025, 0.232254, 0.293072, -0.714351];
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], constants[i], 5e-7);
        Assert.Equal(181, rows.Distinct().Count());
    }

    [Fact]
    public void The_references_sample_is_one_row_plus_a_constant()
    {
        LatentSample sample = LatentSampler.Draw(LatentSampler.Kde30Reference, Latents, Size, Best, 50, seed: 7);
        LatentSample again = LatentSampler.Draw(LatentSampler.Kde30Reference, Latents, Size, Best, 50, seed: 8);
        Assert.Equal(sample.Latents, again.Latents); // its seed is its own
        (int[] rows, double[] constants) = LatentSampler.ReferenceDraws(Best.Length, 50);
        for (int s = 0; s < 50; s++)
        {
            Assert.Equal(Best[rows[s]], sample.Sources![s]);
            for (int d = 0; d < Size; d++)
                Assert.Equal((float)(Latents[Best[rows[s]] * Size + d] + 0.002 * constants[s]), sample.Latents[s * Size + d]);
        }
    }

    [Fact]
    public void The_right_sample_draws_every_dimension_by_itself()
    {
        LatentSample sample = LatentSampler.Draw(LatentSampler.Kde30, Latents, Size, Best, 400, seed: 7);
        Assert.Null(sample.Sources);
        double noise = 0;
        var counts = new int[Rows];
        for (int s = 0; s < 400; s++)
        {
            int[] rows = [.. Enumerable.Range(0, Size).Select(d => (int)MathF.Round(sample.Latents[s * Size + d] - d / 100f))];
            Assert.All(rows, row => Assert.Contains(row, Best));
            Assert.True(rows.Distinct().Count() > 3, "one row serves nearly all dimensions");
            for (int d = 0; d < Size; d++)
            {
                counts[rows[d]]++;
                noise += Math.Pow(sample.Latents[s * Size + d] - Latents[rows[d] * Size + d], 2);
            }
        }

        Assert.Equal(0.002, Math.Sqrt(noise / (400 * Size)), 1e-4);
        Assert.All(Best, row => Assert.InRange(counts[row], 400, 670)); // 533 expected, six deviations
    }

    [Fact]
    public void Noise_around_a_row_is_independent()
    {
        LatentSample sample = LatentSampler.Draw(LatentSampler.RowKde, Latents, Size, Best, 30, seed: 7);
        for (int s = 0; s < 30; s++)
        {
            double[] off = [.. Enumerable.Range(0, Size).Select(d => (double)sample.Latents[s * Size + d] - Latents[sample.Sources![s] * Size + d])];
            Assert.All(off, o => Assert.InRange(o, -0.012, 0.012));
            Assert.True(off.Distinct().Count() == Size);
        }
    }

    [Fact]
    public void The_other_samplers_stay_where_they_belong()
    {
        Assert.All(LatentSampler.Draw(LatentSampler.Uniform, Latents, Size, Best, 20, 1).Latents, z => Assert.InRange(z, -1, 1));
        int[] used = [.. LatentSampler.Draw(LatentSampler.Kde, Latents, Size, Best, 200, 1).Latents.Where((_, i) => i % Size == 0).Select(z => (int)MathF.Round(z)).Distinct()];
        Assert.Contains(used, row => !Best.Contains(row));

        // The rows lie on a line: the first component is that line, and draws lie near it.
        float[] drawn = LatentSampler.Draw(LatentSampler.NeighbourPca, Latents, Size, Best, 20, 1).Latents;
        Assert.All(drawn, z => Assert.InRange(z, 5, 46)); // a cube as wide as the line is long around its middle, 25.5
        Assert.Throws<ArgumentException>(() => LatentSampler.Draw("umap", Latents, Size, Best, 1, 1));
    }

    [Fact]
    public void The_best_are_those_from_the_interpolated_quantile_up()
    {
        float[] scores = [.. Enumerable.Range(0, 2896).Select(i => (float)(i * 7919 % 2896))];
        int[] best = LatentSampler.Best(scores);
        Assert.Equal(869, best.Length);
        Assert.All(best, i => Assert.True(scores[i] >= 0.7 * 2895));
        Assert.Equal([0, 1, 2, 3], LatentSampler.Best([5, 5, 5, 5])); // ties at the threshold are all in
        Assert.Throws<ArgumentException>(() => LatentSampler.Best(null));
    }
}
