using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

public class MinimumDistanceTests
{
    private static double Naive(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return Math.Sqrt(sum);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 7, 15)]
    [InlineData(9, 70, 33)]
    [InlineData(66, 131, 1100)]
    [InlineData(13, 67, 2061)]
    public void Both_paths_equal_the_definition(int queries, int references, int parameters)
    {
        Population q = Made.Flat(parameters, queries, 1), r = Made.Flat(parameters, references, 2);
        Neighbours direct = OnCpu.Nearest(q, r, Exclusion.None, 3, 1, ranked: false);
        Neighbours ranked = OnCpu.Nearest(q, r, Exclusion.None, 3, 2, ranked: true);
        Assert.Equal("direct-fp64", direct.Path);
        Assert.Equal("gram-f32+direct-fp64", ranked.Path);
        Assert.Equal(direct.Indices, ranked.Indices);
        Assert.Equal(direct.Distances, ranked.Distances);
        for (int i = 0; i < queries; i++)
        {
            (double Distance, int Index)[] all = [.. Enumerable.Range(0, references).Select(j => (Naive(q.Row(i), r.Row(j)), j)).Order()];
            for (int k = 0; k < 3; k++)
            {
                Assert.Equal(k < all.Length ? all[k].Index : -1, direct.Index(i, k));
                if (k < all.Length) Assert.Equal(all[k].Distance, direct.Distance(i, k), all[k].Distance * 1e-12);
                else Assert.Equal(double.PositiveInfinity, direct.Distance(i, k));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Self_exclusion_finds_planted_duplicates_at_exactly_zero(bool ranked)
    {
        Population p = Made.Flat(500, 40, 3, scale: 5);
        p.Row(7).CopyTo(p.Row(31));
        Neighbours n = OnCpu.Nearest(p, p, Exclusion.SameRow, 1, 2, ranked);
        Assert.Equal(0.0, n.Distance(7));
        Assert.Equal(31, n.Index(7));
        Assert.Equal(0.0, n.Distance(31));
        Assert.Equal(7, n.Index(31));
        Assert.All(Enumerable.Range(0, 40).Where(i => i is not 7 and not 31), i => Assert.True(n.Distance(i) > 1 && n.Index(i) != i));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_difference_that_single_precision_products_cannot_see_is_exact(bool ranked)
    {
        // Norm 30 and a difference of 1e-4 in one of 7960 parameters: |a|^2 + |b|^2 - 2 a.b is 900 + 900 - 1800 with errors above 1e-5.
        Population r = Made.Flat(7960, 20, 4, scale: 30 / Math.Sqrt(7960));
        Population q = r.Select([11]);
        q.Row(0)[1234] += 1e-4f;
        double expected = Math.Abs((double)q.Row(0)[1234] - r.Row(11)[1234]);
        Neighbours n = OnCpu.Nearest(q, r, Exclusion.None, 1, 1, ranked);
        Assert.Equal(11, n.Index(0));
        Assert.Equal(expected, n.Distance(0), 1e-6 * expected);
        Assert.Equal(1e-4, n.Distance(0), 1e-6);
    }

    [Fact]
    public void Ranking_picks_the_nearest_of_almost_equal_references()
    {
        // All references within 1e-5 of each other: the order is far below the error of the products.
        Population r = Made.Flat(3000, 64, 5);
        for (int j = 1; j < 64; j++)
        {
            r.Row(0).CopyTo(r.Row(j));
            r.Row(j)[j] += 1e-5f * (1 + (j * 37) % 64);
        }

        Population q = Made.Flat(3000, 3, 6);
        Neighbours direct = OnCpu.Nearest(q, r, Exclusion.None, 5, 1, ranked: false);
        Neighbours ranked = OnCpu.Nearest(q, r, Exclusion.None, 5, 1, ranked: true);
        Assert.Equal(direct.Indices, ranked.Indices);
        Assert.Equal(direct.Distances, ranked.Distances);
    }

    [Fact]
    public void Products_too_large_for_single_precision_go_the_direct_way()
    {
        Population p = Made.Flat(50, 6, 7, scale: 1e25);
        Neighbours n = OnCpu.Nearest(p, p, Exclusion.SameRow, 1, 1, ranked: true);
        Assert.Equal(MinimumDistance.DirectPath, n.Path);
        Assert.All(n.Nearest(), d => Assert.True(double.IsFinite(d) && d > 1e24));
    }

    [Fact]
    public void Tiny_weights_whose_products_vanish_keep_their_neighbours()
    {
        Population p = Made.Flat(40, 30, 8, scale: 1e-24);
        p.Row(3).CopyTo(p.Row(20));
        Neighbours ranked = OnCpu.Nearest(p, p, Exclusion.SameRow, 2, 1, ranked: true);
        Neighbours direct = OnCpu.Nearest(p, p, Exclusion.SameRow, 2, 1, ranked: false);
        Assert.Equal(direct.Indices, ranked.Indices);
        Assert.Equal(0.0, ranked.Distance(3));
    }

    [Fact]
    public void Excluding_the_run_skips_its_other_steps()
    {
        Population p = Made.Flat(30, 12, 9, run: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        p.Row(0).CopyTo(p.Row(1));
        Neighbours row = OnCpu.Nearest(p, p, Exclusion.SameRow), run = OnCpu.Nearest(p, p, Exclusion.SameRun);
        Assert.Equal(0.0, row.Distance(0));
        Assert.All(Enumerable.Range(0, 12), i => Assert.NotEqual(p.Run[i], p.Run[run.Index(i)]));
    }

    [Fact]
    public void A_subset_is_excluded_by_the_rows_it_came_from()
    {
        Population r = Made.Flat(30, 10, 10);
        int[] rows = [8, 2, 5];
        Population q = r.Select(rows);
        Neighbours all = OnCpu.Nearest(q, r, Exclusion.None), others = OnCpu.Nearest(q, r, Exclusion.Rows(rows));
        Assert.Equal(rows, all.Indices);
        Assert.All(all.Nearest(), d => Assert.Equal(0.0, d));
        Assert.All(Enumerable.Range(0, 3), i => Assert.True(others.Index(i) != rows[i] && others.Distance(i) > 0));
        Assert.Equal(0.0, OnCpu.Nearest(q, r, Exclusion.Rows([-1, 2, 5])).Distance(0));
    }

    [Fact]
    public void One_network_has_no_neighbour_but_itself()
    {
        Population p = Made.Flat(5, 1, 11);
        Neighbours n = OnCpu.Nearest(p, p, Exclusion.SameRow);
        Assert.Equal(-1, n.Index(0));
        Assert.Equal(double.PositiveInfinity, n.Distance(0));
    }

    [Fact]
    public void The_result_does_not_depend_on_threads()
    {
        Population q = Made.Flat(700, 90, 12), r = Made.Flat(700, 130, 13);
        Neighbours one = OnCpu.Nearest(q, r, Exclusion.None, 3, 1, ranked: true);
        Neighbours many = OnCpu.Nearest(q, r, Exclusion.None, 3, 5, ranked: true);
        Assert.Equal(one.Indices, many.Indices);
        Assert.Equal(one.Distances, many.Distances);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Population p = Made.Flat(20, 4, 14), narrow = Made.Flat(19, 4, 15);
        Assert.Contains("20 parameters", Assert.Throws<ArgumentException>(() => OnCpu.Nearest(p, narrow, Exclusion.None)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => OnCpu.Nearest(p, p.Select([0, 1]), Exclusion.SameRow));
        Assert.Throws<ArgumentException>(() => OnCpu.Nearest(p, p, Exclusion.Rows([0])));
        Assert.Throws<ArgumentException>(() => OnCpu.Nearest(p, p, Exclusion.Rows([0, 1, 2, 4])));
        Assert.Throws<ArgumentOutOfRangeException>(() => OnCpu.Nearest(p, p, Exclusion.None, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OnCpu.Nearest(p, p, Exclusion.None, 17));
        p.Row(2)[5] = float.NaN;
        Assert.Contains("network 2", Assert.Throws<ArgumentException>(() => OnCpu.Nearest(p, p, Exclusion.None)).Message, StringComparison.Ordinal);
    }
}
