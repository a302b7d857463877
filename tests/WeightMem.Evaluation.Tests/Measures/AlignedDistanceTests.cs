using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

public class AlignedDistanceTests
{
    private static double Squared(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return sum;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Equals_the_least_over_all_orders(int hidden)
    {
        ParameterLayout layout = Made.Mlp(6, hidden, 3);
        Population q = Made.Population(layout, 4, 20), r = Made.Population(layout, 5, 21);
        foreach (bool ranked in new[] { false, true })
        {
            AlignedNeighbours found = OnCpu.Aligned(q, r, Exclusion.None, 5, 1, ranked);
            for (int i = 0; i < q.Count; i++)
            {
                for (int rank = 0; rank < 5; rank++)
                {
                    int j = found.Neighbours.Index(i, rank);
                    double least = Made.Orders(hidden).Min(order => Squared(q.Row(i), AlignedDistance.Align(layout, r.Row(j), order)));
                    Assert.Equal(Math.Sqrt(least), found.Neighbours.Distance(i, rank), 1e-10);
                    float[] aligned = AlignedDistance.Align(layout, r.Row(j), found.Permutation(i, rank));
                    Assert.Equal(Math.Sqrt(least), Math.Sqrt(Squared(q.Row(i), aligned)), 1e-10);
                    Assert.True(rank == 0 || found.Neighbours.Distance(i, rank) >= found.Neighbours.Distance(i, rank - 1));
                }
            }
        }
    }

    [Theory]
    [InlineData(60, 90, 1)]
    [InlineData(33, 47, 3)]
    public void Pruned_equals_exhaustive(int queries, int references, int k)
    {
        ParameterLayout layout = Made.Mlp(20, 10, 10);
        Population r = Made.Population(layout, references, 22), q = Made.Population(layout, queries, 23);
        var stream = new RandomStream(24, "near");
        for (int i = 0; i < queries; i += 2)
        {
            // Every other query is a shuffled reference with noise, so that bounds prune some pairs and not others.
            float[] near = AlignedDistance.Align(layout, r.Row(i % references), stream.At(i).Permutation(10));
            float[] noise = Made.Normal(stream.Sub("noise", i), near.Length, 0.3);
            for (int p = 0; p < near.Length; p++) q.Row(i)[p] = near[p] + noise[p];
        }

        AlignedNeighbours all = OnCpu.Aligned(q, r, Exclusion.None, k, 1, ranked: false);
        AlignedNeighbours pruned = OnCpu.Aligned(q, r, Exclusion.None, k, 2, ranked: true);
        Assert.Equal(all.Neighbours.Indices, pruned.Neighbours.Indices);
        Assert.Equal(all.Neighbours.Distances, pruned.Neighbours.Distances);
        Assert.Equal(all.Permutations, pruned.Permutations);
        for (int i = 0; i < queries; i += 2) Assert.Equal(i % references, pruned.Neighbours.Index(i));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_shuffled_copy_is_at_exactly_zero_and_is_put_back(bool ranked)
    {
        ParameterLayout layout = Made.Mlp(30, 10, 4);
        Population r = Made.Population(layout, 15, 25);
        int[] order = new RandomStream(26, "order").Permutation(10);
        var q = new Population("made", layout, AlignedDistance.Align(layout, r.Row(9), order));
        AlignedNeighbours found = OnCpu.Aligned(q, r, Exclusion.None, 1, 1, ranked);
        Assert.Equal(0.0, found.Neighbours.Distance(0));
        Assert.Equal(9, found.Neighbours.Index(0));
        Assert.Equal(order, found.Permutation(0).ToArray());
        Assert.Equal(q.Row(0).ToArray(), AlignedDistance.Align(layout, r.Row(9), found.Permutation(0)));
        Assert.True(OnCpu.Nearest(q, r, Exclusion.None).Distance(0) > 1);
    }

    [Fact]
    public void Equal_units_and_equal_networks_are_ties_that_end_well()
    {
        ParameterLayout layout = Made.Mlp(5, 6, 2);
        var r = new Population("made", layout, new float[3 * (int)layout.Count]);
        Population q = Made.Population(layout, 1, 27);
        foreach (bool ranked in new[] { false, true })
        {
            AlignedNeighbours found = OnCpu.Aligned(q, r, Exclusion.None, 3, 1, ranked);
            Assert.Equal([0, 1, 2], found.Neighbours.Indices);
            Assert.Equal(found.Neighbours.Distance(0, 0), found.Neighbours.Distance(0, 2));
            Assert.Equal([0, 1, 2, 3, 4, 5], found.Permutation(0).ToArray().Order());
        }
    }

    [Fact]
    public void Excludes_by_identity()
    {
        ParameterLayout layout = Made.Mlp(12, 4, 3);
        Population p = Made.Population(layout, 9, 28);
        AlignedDistance.Align(layout, p.Row(2), [3, 1, 0, 2]).CopyTo(p.Row(6));
        foreach (bool ranked in new[] { false, true })
        {
            AlignedNeighbours found = OnCpu.Aligned(p, p, Exclusion.SameRow, 1, 1, ranked);
            Assert.Equal(6, found.Neighbours.Index(2));
            Assert.Equal(0.0, found.Neighbours.Distance(2));
            Assert.All(Enumerable.Range(0, 9), i => Assert.NotEqual(i, found.Neighbours.Index(i)));
        }
    }

    [Fact]
    public void Aligning_returns_a_copy()
    {
        ParameterLayout layout = Made.Mlp(3, 3, 2);
        float[] row = [.. Enumerable.Range(0, (int)layout.Count).Select(i => (float)i)], before = [.. row];
        float[] aligned = AlignedDistance.Align(layout, row, [2, 0, 1]);
        Assert.Equal(before, row);

        // fc1.weight rows 2, 0, 1; fc1.bias 9..11 likewise; fc2.weight columns likewise; fc2.bias unchanged.
        Assert.Equal([6, 7, 8, 0, 1, 2, 3, 4, 5, 11, 9, 10, 14, 12, 13, 17, 15, 16, 18, 19], aligned);
    }

    [Fact]
    public void Other_architectures_are_refused_with_their_layout()
    {
        var linear = new ParameterLayout(("fc.weight", (3, 4)), ("fc.bias", 3));
        var deep = new ParameterLayout(("a.weight", (3, 4)), ("a.bias", 3), ("b.weight", (3, 3)), ("b.bias", 3), ("c.weight", (2, 3)), ("c.bias", 2));
        Assert.True(AlignedDistance.Supports(Made.Mlp(4, 3, 2)));
        foreach (ParameterLayout layout in new[] { linear, deep })
        {
            Assert.False(AlignedDistance.Supports(layout));
            Population p = Made.Population(layout, 2, 29);
            string message = Assert.Throws<ArgumentException>(() => OnCpu.Aligned(p, p, Exclusion.None)).Message;
            Assert.Contains(layout.Entries[0].Name + " [3, 4]", message, StringComparison.Ordinal);
        }

        ParameterLayout mlp = Made.Mlp(4, 3, 2);
        Assert.Throws<ArgumentException>(() => AlignedDistance.Align(mlp, new float[mlp.Count], [0, 1]));
        Assert.Throws<ArgumentException>(() => AlignedDistance.Align(mlp, new float[mlp.Count], [0, 1, 1]));
        Population bad = Made.Population(mlp, 3, 30);
        bad.Row(1)[(int)mlp.Count - 1] = float.PositiveInfinity; // in the output bias, which belongs to no unit
        Assert.Contains("network 1", Assert.Throws<ArgumentException>(() => OnCpu.Aligned(bad, bad, Exclusion.None)).Message, StringComparison.Ordinal);
    }
}
