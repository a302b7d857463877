using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Tests.Measures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Statistics;

public sealed class SmallTests
{
    [Fact]
    public void Binomial_tails_are_sums_of_terms()
    {
        Assert.Equal((10 + 5 + 1) / 32.0, Binomial.UpperTail(3, 5, 0.5), 1e-12);
        Assert.Equal(1, Binomial.UpperTail(0, 5, 0.2));
        Assert.Equal(0, Binomial.UpperTail(1, 5, 0));
        Assert.Equal(1 - Math.Pow(0.99, 200), Binomial.UpperTail(1, 200, 0.01), 1e-12);
    }

    [Fact]
    public void Clopper_and_Pearson_bound_their_tails()
    {
        (double low, double high) = Binomial.ClopperPearson(7, 20)!.Value;
        Assert.Equal(0.025, Binomial.UpperTail(7, 20, low), 1e-9);
        Assert.Equal(0.025, 1 - Binomial.UpperTail(8, 20, high), 1e-9);
        Assert.Equal((0, 1 - Math.Pow(0.025, 1 / 20.0)), (Binomial.ClopperPearson(0, 20)!.Value.Low, Binomial.ClopperPearson(0, 20)!.Value.High), new Close());
        Assert.Null(Binomial.ClopperPearson(0, 0));
    }

    [Fact]
    public void Fisher_counts_tables()
    {
        // 3 of 3 against 0 of 3: one of the 20 ways to place three successes.
        Assert.Equal(1 / 20.0, Binomial.FisherGreater(3, 3, 0, 3), 1e-12);
        Assert.Equal(1, Binomial.FisherGreater(0, 3, 2, 3), 1e-12);
        Assert.Equal((9 + 1) / 20.0, Binomial.FisherGreater(2, 3, 1, 3), 1e-12);
    }

    [Fact]
    public void Holm_steps_down()
    {
        double[] adjusted = Holm.Adjust([0.04, 0.01, double.NaN, 0.03]);
        Assert.Equal([0.06, 0.03, double.NaN, 0.06], adjusted.Select(p => Math.Round(p, 12)));
    }

    [Fact]
    public void Kolmogorov_and_Smirnov_see_a_shift()
    {
        double[] a = [.. Enumerable.Range(0, 200).Select(i => i / 200.0)], b = [.. a.Select(x => x + 0.25)];
        KolmogorovSmirnov test = KolmogorovSmirnov.Compare(a, b)!;
        Assert.Equal(0.25, test.Distance, 0.006);
        Assert.True(test.PValue < 1e-4);
        Assert.Equal((0, 1), (KolmogorovSmirnov.Compare(a, a)!.Distance, KolmogorovSmirnov.Compare(a, a)!.PValue));
        Assert.Null(KolmogorovSmirnov.Compare(a, []));
    }

    [Fact]
    public void Ranks_share_ties()
    {
        Assert.Equal(1, RankCorrelation.Of([1, 2, 3, 10], [2, 4, 8, 9]), 1e-12);
        Assert.Equal(-1, RankCorrelation.Of([1, 2, 3], [3, 2, 1]), 1e-12);
        Assert.True(double.IsNaN(RankCorrelation.Of([1, 1, 1], [3, 2, 1])));
        Assert.Equal([2.5, 1, 2.5, 4], RankCorrelation.Ranks([5, 1, 5, 9]));
    }

    [Fact]
    public void A_monotone_curve_pools_violators()
    {
        MonotoneCurve curve = MonotoneCurve.Fit([3, 1, 2, 4], [70, 90, 60, 50]);
        Assert.Equal([90, 65, 65, 50], curve.Points.Select(p => p.Y));
        Assert.Equal(77.5, curve.At(1.5), 1e-12);
        Assert.Equal((90, 50), (curve.At(0), curve.At(9)));
    }

    [Fact]
    public void Blocks_of_a_trajectory_are_as_long_as_its_memory()
    {
        float[] noise = Made.Normal(new RandomStream(400, "walk"), 400);
        var series = new double[400];
        for (int i = 1; i < 400; i++) series[i] = 0.9 * series[i - 1] + noise[i];
        Assert.InRange(Trajectory.CorrelationLength(series), 8, 60);
        Assert.InRange(Trajectory.CorrelationLength(Array.ConvertAll(noise, v => (double)v)), 1, 4);
        Estimate blocks = Trajectory.Mean(series, new RandomStream(401, "b"), 2000), naive = Bootstrap.Mean(series, new RandomStream(401, "n"), 2000);
        Assert.True(blocks.CiHigh - blocks.CiLow > 2 * (naive.CiHigh - naive.CiLow));
    }

    [Fact]
    public void The_interval_of_two_samples_covers()
    {
        // AUC of two equal samples is 1/2: 300 simulations, so the share has a standard error of 1.3 points.
        int covered = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            float[] a = Made.Normal(new RandomStream(402, "a").At(trial), 30), b = Made.Normal(new RandomStream(402, "b").At(trial), 40);
            (double low, double high) = Bootstrap.Interval(30, 40, (x, y) =>
            {
                double above = 0;
                foreach (int i in x)
                {
                    foreach (int j in y) above += a[i] > b[j] ? 1 : 0;
                }

                return above / (x.Length * y.Length);
            }, new RandomStream(403, "auc").Sub("trial", trial), 200)!.Value;
            if (low <= 0.5 && 0.5 <= high) covered++;
        }

        Assert.InRange(covered, 276, 297);
    }

    [Fact]
    public void Cka_is_one_for_rotated_features_and_small_for_others()
    {
        float[] x = Made.Normal(new RandomStream(404, "x"), 200 * 3), other = Made.Normal(new RandomStream(404, "y"), 200 * 4), rotated = new float[x.Length];
        for (int i = 0; i < 200; i++) (rotated[3 * i], rotated[3 * i + 1], rotated[3 * i + 2]) = (2 * x[3 * i + 2], -2 * x[3 * i], 2 * x[3 * i + 1]);
        Assert.Equal(1, LinearCka.Of(x, rotated, 200), 1e-6);
        Assert.True(LinearCka.Of(x, other, 200) < 0.1);

        // More features than images: the plain estimate of unrelated features would be near 1.
        float[] wide = Made.Normal(new RandomStream(405, "x"), 20 * 300), wider = Made.Normal(new RandomStream(405, "y"), 20 * 300);
        Assert.InRange(LinearCka.Of(wide, wider, 20), -0.3, 0.3);
        Assert.Equal(1, LinearCka.Of(wide, wide, 20), 1e-9);
    }

    private sealed class Close : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) < 1e-9 && Math.Abs(x.Item2 - y.Item2) < 1e-9;

        public int GetHashCode((double, double) obj) => 0;
    }
}
