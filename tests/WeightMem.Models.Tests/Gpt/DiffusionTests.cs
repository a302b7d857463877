using WeightMem.Models.Diffusion;
using Xunit;

namespace WeightMem.Models.Tests.Gpt;

public sealed class DiffusionTests
{
    private static readonly GaussianDiffusion Full = GaussianDiffusion.Linear();

    [Fact]
    public void Noise_levels_meet_the_published_anchors()
    {
        Assert.Equal(0.9999, Full.AlphaBar[0], 12);
        Assert.Equal(0.0785872, Full.AlphaBar[499], 7);
        Assert.Equal(4.03583e-5, Full.AlphaBar[999], 10);
        Assert.Equal(5.45319e-5, Full.PosteriorVariance(1), 10);
    }

    [Theory]
    [InlineData(1, 0.545292, 0.454708, 1e-6)]
    [InlineData(500, 0.00305806, 0.994104, 1e-6)]
    [InlineData(999, 1.28351e-4, 0.989949, 1e-6)]
    public void Ancestral_coefficients_meet_the_published_anchors(int step, double prediction, double state, double tolerance)
    {
        (double p, double s, double deviation) = Full.Ancestral(step);
        Assert.Equal(prediction, p, tolerance);
        Assert.Equal(state, s, tolerance);
        Assert.Equal(Math.Sqrt(Full.Betas[step]), deviation);
    }

    [Fact]
    public void The_last_step_returns_the_prediction()
    {
        Assert.Equal((1.0, 0.0, 0.0), Full.Ancestral(0));
        Assert.Equal((1.0, 0.0, 0.0), Full.Ddim(0, 1));
    }

    [Fact]
    public void Keeping_all_steps_changes_nothing()
    {
        GaussianDiffusion same = Full.Respace(1000);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(Full.Betas[i], same.Betas[i], 1e-12);
            Assert.Equal(i, same.Timesteps[i]);
        }
    }

    [Fact]
    public void Kept_steps_have_the_noise_levels_of_the_original()
    {
        GaussianDiffusion kept = Full.Respace(50);
        Assert.Equal(0, kept.Timesteps[0]);
        Assert.Equal(999, kept.Timesteps[^1]);
        for (int i = 0; i < 50; i++) Assert.Equal(Full.AlphaBar[kept.Timesteps[i]], kept.AlphaBar[i], 1e-12);
    }

    [Fact]
    public void Ddim_with_the_true_prediction_stays_on_the_path()
    {
        // x_t = s x_0 + n e for one e at all t: the deterministic step must carry it from t to t - 1.
        const double x0 = 0.7, e = -1.3;
        for (int t = 999; t > 0; t -= 37)
        {
            (double signal, double noise) = Full.Forward(t);
            (double prediction, double state, double deviation) = Full.Ddim(t, 0);
            (double before, double noiseBefore) = Full.Forward(t - 1);
            Assert.Equal(0, deviation);
            Assert.Equal(before * x0 + noiseBefore * e, prediction * x0 + state * (signal * x0 + noise * e), 1e-12);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1001)]
    public void Refuses_impossible_numbers_of_steps(int steps) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Full.Respace(steps));
}
