using WeightMem.Engine.Random;
using WeightMem.Models.Diffusion;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.PDiff;
using Xunit;

namespace WeightMem.Models.Tests.PDiff;

/// <summary>The diffusion of P-diff against what is known in closed form.</summary>
public sealed class ReverseProcessTests
{
    private const double Mean = 1.7, Deviation = 0.4;
    private const int Chains = 4000;

    private static readonly GaussianDiffusion Diffusion = GaussianDiffusion.Linear();

    [Fact]
    public void Forward_process_has_the_mean_and_variance_it_says()
    {
        double[] noise = Normals(20_000, 0);
        foreach (int t in new[] { 0, 250, 999 })
        {
            (double signal, double share) = Diffusion.Forward(t);
            double[] x = [.. noise.Select(z => signal * Mean + share * z)];
            double mean = x.Average(), variance = x.Average(v => (v - mean) * (v - mean));
            Assert.Equal(Math.Sqrt(Diffusion.AlphaBar[t]) * Mean, mean, 5 * share / Math.Sqrt(noise.Length) + 1e-12);
            Assert.Equal(1 - Diffusion.AlphaBar[t], variance, 5 * (1 - Diffusion.AlphaBar[t]) * Math.Sqrt(2.0 / noise.Length) + 1e-12);
        }
    }

    [Fact]
    public void Ddpm_with_the_exact_noise_of_a_gaussian_samples_that_gaussian()
    {
        (double mean, double deviation) = Moments(Run(LatentSampler.Ddpm(Diffusion)));
        Assert.Equal(Mean, mean, 5 * Deviation / Math.Sqrt(Chains));
        Assert.Equal(Deviation, deviation, 5 * Deviation / Math.Sqrt(2.0 * Chains));
    }

    [Fact]
    public void Ddim_on_the_right_grid_samples_it_too_and_on_the_published_one_keeps_noise()
    {
        // Few steps of a deterministic process are off by their number, not by chance: two hundredths are allowed.
        (double mean, double deviation) = Moments(Run(LatentSampler.Ddim(Diffusion, 60, 0, false)));
        Assert.Equal(Mean, mean, 0.03);
        Assert.Equal(Deviation, deviation, 0.03);

        ReverseStepOfNoise[] published = LatentSampler.Ddim(Diffusion, 60, 0.05, true);
        Assert.Equal(945, published[^1].Time);
        Assert.Equal(1, published[0].Time);
        ReverseStepOfNoise[] right = LatentSampler.Ddim(Diffusion, 60, 0.05, false);
        Assert.Equal(999, right[^1].Time);
        Assert.Equal(0, right[0].Time);
        Assert.Equal(0, right[0].Deviation);
        Assert.Equal(1 / Math.Sqrt(Diffusion.AlphaBar[0]), right[0].State, 1e-12);
        (double published0, _) = Moments(Run(published));
        Assert.True(Math.Abs(published0 - Mean) > 0.01, $"{published0}");
    }

    [Fact]
    public void Coefficients_of_noise_agree_with_those_of_the_prediction()
    {
        // x_0 = (x - sqrt(1 - alpha_bar) epsilon) / sqrt(alpha_bar) put into the step for a prediction of x_0 gives the step for one of epsilon.
        for (int t = 1; t < 1000; t += 111)
        {
            (double prediction, double state, _) = Diffusion.Ancestral(t);
            (double ofNoise, double ofState, double deviation) = Diffusion.AncestralOfNoise(t);
            double signal = Math.Sqrt(Diffusion.AlphaBar[t]), noise = Math.Sqrt(1 - Diffusion.AlphaBar[t]);
            Assert.Equal(-prediction * noise / signal, ofNoise, 1e-9);
            Assert.Equal(state + prediction / signal, ofState, 1e-9);
            Assert.Equal(Diffusion.PosteriorVariance(t), deviation * deviation, 1e-12);
        }
    }

    private static double[] Run(ReverseStepOfNoise[] steps)
    {
        double[] x = Normals(Chains, 1);
        for (int s = steps.Length - 1; s >= 0; s--)
        {
            double bar = Diffusion.AlphaBar[steps[s].Time];
            double[] fresh = steps[s].Deviation > 0 ? Normals(Chains, 2 + s) : new double[Chains];
            for (int i = 0; i < x.Length; i++)
            {
                double epsilon = (x[i] - Math.Sqrt(bar) * Mean) * Math.Sqrt(1 - bar) / (bar * Deviation * Deviation + 1 - bar);
                x[i] = steps[s].State * x[i] + steps[s].Prediction * epsilon + steps[s].Deviation * fresh[i];
            }
        }

        return x;
    }

    private static double[] Normals(int count, long step)
    {
        var numbers = new double[count];
        BoxMuller.Fill(numbers, new RandomStream(9, "chains").At(step));
        return numbers;
    }

    private static (double Mean, double Deviation) Moments(double[] x)
    {
        double mean = x.Average();
        return (mean, Math.Sqrt(x.Sum(v => (v - mean) * (v - mean)) / (x.Length - 1)));
    }
}
