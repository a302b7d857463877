using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Tests.Measures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Statistics;

public class MannWhitneyTests
{
    [Fact]
    public void Equals_the_exhaustive_count_with_and_without_ties()
    {
        for (int trial = 0; trial < 50; trial++)
        {
            RandomStream stream = new RandomStream(80, "u").At(trial);
            double[] q = [.. Enumerable.Range(0, 5).Select(i => trial % 2 == 0 ? stream.Double(i) : stream.Integer(i, 3))];
            double[] p = [.. Enumerable.Range(0, 5).Select(i => trial % 2 == 0 ? stream.Double(9 + i) : stream.Integer(9 + i, 3))];
            double u = q.Sum(a => p.Sum(b => a > b ? 1 : a == b ? 0.5 : 0));
            MannWhitney test = MannWhitney.Compare(q, p)!;
            Assert.Equal(u, test.U);
            Assert.Equal((u - 12.5) / Math.Sqrt(25 * 11 / 12.0), test.Z, 1e-12);
            Assert.Equal(u / 25, test.Auc, 1e-15);
        }
    }

    [Fact]
    public void The_floor_is_what_complete_separation_gives()
    {
        double[] near = [.. Enumerable.Range(0, 666).Select(i => i * 1e-4)], far = [.. Enumerable.Range(0, 606).Select(i => 1.0 + i)];
        MannWhitney test = MannWhitney.Compare(near, far)!;
        Assert.Equal(-30.84, test.Floor, 0.005);
        Assert.Equal(test.Floor, test.Z, 1e-9);
        Assert.Equal(0, test.Auc);
        Assert.Equal(-test.Floor, MannWhitney.Compare(far, near)!.Z, 1e-9);
        Assert.Equal((666, 606), (test.Generated, test.HeldOut));
        Assert.True(test.PValue is > 0 and < 1e-200);
    }

    [Fact]
    public void All_ties_say_nothing()
    {
        MannWhitney test = MannWhitney.Compare([1, 1, 1], [1, 1])!;
        Assert.Equal((3.0, 0.0, 0.5, 1.0), (test.U, test.Z, test.Auc, test.PValue));
        Assert.Null(MannWhitney.Compare([], [1]));
        Assert.Throws<ArgumentException>(() => MannWhitney.Compare([1, double.NaN], [1]));
    }

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1, 0.8413447460685429)]
    [InlineData(-1.959963984540054, 0.025)]
    [InlineData(2.999, 0.9986456634662729)]
    [InlineData(3.001, 0.998654527174915)]
    [InlineData(-6, 9.865876450376981e-10)]
    [InlineData(-20, 2.7536241186062337e-89)]
    public void The_normal_distribution_has_its_known_values(double x, double p)
    {
        Assert.Equal(p, NormalDistribution.Cdf(x), 1e-9 * Math.Min(p, 1));
        Assert.Equal(1 - p, NormalDistribution.Cdf(-x), 1e-9);
        if (x < 0) Assert.Equal(x, NormalDistribution.Quantile(p), 1e-8);
        Assert.Equal(x, NormalDistribution.Quantile(NormalDistribution.Cdf(x)), 1e-9);
    }

    [Fact]
    public void The_two_ways_to_the_normal_tail_meet()
    {
        Assert.Equal(NormalDistribution.Cdf(-3 + 1e-12), NormalDistribution.Cdf(-3 - 1e-12), 1e-13);
        Assert.Equal(double.NegativeInfinity, NormalDistribution.Quantile(0));
        Assert.Equal(double.PositiveInfinity, NormalDistribution.Quantile(1));
        Assert.Equal(0, NormalDistribution.Quantile(0.5));
    }

    [Fact]
    public void Quantiles_interpolate_between_order_statistics()
    {
        double[] values = [4, 1, 3, 2];
        Assert.Equal(2.5, Quantiles.Median(values));
        Assert.Equal(1, Quantiles.Of(values, 0));
        Assert.Equal(4, Quantiles.Of(values, 1));
        Assert.Equal(1.3, Quantiles.Of(values, 0.1), 1e-12);
        Assert.Equal([4, 1, 3, 2], values);
        Assert.True(double.IsNaN(Quantiles.Median([])));
        Assert.Equal(1, Quantiles.Median([1, double.PositiveInfinity, 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantiles.Of(values, 1.01));
    }

    [Fact]
    public void Fresh_draws_are_neither_copies_nor_too_far()
    {
        float[] q = Made.Normal(new RandomStream(81, "q"), 300), p = Made.Normal(new RandomStream(82, "p"), 300);
        MannWhitney test = MannWhitney.Compare([.. q.Select(x => (double)x)], [.. p.Select(x => (double)x)])!;
        Assert.InRange(test.Z, -3, 3);
        Assert.Equal(2 * (1 - NormalDistribution.Cdf(Math.Abs(test.Z))), test.PValue, 1e-12);
    }
}
