using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Diffusion;

/// <summary>
/// A Gaussian diffusion with a network that predicts x_0 (Ho et al. 2020; G.pt specification section 3): noise levels, the forward
/// process and the coefficients of the ancestral and the DDIM reverse steps, all in double precision.
/// </summary>
public sealed class GaussianDiffusion
{
    private readonly double[] _betas, _alphaBar;

    private GaussianDiffusion(double[] betas, int[] timesteps)
    {
        _betas = betas;
        Timesteps = timesteps;
        _alphaBar = new double[betas.Length];
        double product = 1;
        for (int i = 0; i < betas.Length; i++) _alphaBar[i] = product *= 1 - betas[i];
    }

    /// <summary>Number of steps.</summary>
    public int Steps => _betas.Length;

    /// <summary>The time that the network is told at each step: the step itself, or the original step of a respaced process.</summary>
    public IReadOnlyList<int> Timesteps { get; }

    /// <summary>Noise variance added at each step.</summary>
    public IReadOnlyList<double> Betas => _betas;

    /// <summary>Share of the signal's variance that is left at each step.</summary>
    public IReadOnlyList<double> AlphaBar => _alphaBar;

    /// <summary>Betas rising linearly from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public static GaussianDiffusion Linear(int steps = 1000, double first = 1e-4, double last = 0.02)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        var betas = new double[steps];
        for (int i = 0; i < steps; i++) betas[i] = first + (last - first) * i / (steps - 1);
        return new GaussianDiffusion(betas, [.. Enumerable.Range(0, steps)]);
    }

    /// <summary>
    /// The same process with fewer steps: step i of N is the original step round(i (T - 1) / (N - 1)), half to even, and the network is still told
    /// the original time.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 steps, or more than the original has.</exception>
    public GaussianDiffusion Respace(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, Steps);
        var kept = new int[steps];
        for (int i = 0; i < steps; i++) kept[i] = (int)Math.Round(i * (Steps - 1.0) / (steps - 1), MidpointRounding.ToEven);
        var betas = new double[steps];
        double last = 1;
        for (int i = 0; i < steps; i++)
        {
            betas[i] = 1 - _alphaBar[kept[i]] / last;
            last = _alphaBar[kept[i]];
        }

        return new GaussianDiffusion(betas, [.. kept.Select(k => Timesteps[k])]);
    }

    /// <summary>x_t = signal x_0 + noise epsilon.</summary>
    public (double Signal, double Noise) Forward(int step) => (Math.Sqrt(_alphaBar[step]), Math.Sqrt(1 - _alphaBar[step]));

    /// <summary>Variance of q(x_{t-1} | x_t, x_0).</summary>
    public double PosteriorVariance(int step) => _betas[step] * (1 - Before(step)) / (1 - _alphaBar[step]);

    /// <summary>
    /// The ancestral step x_{t-1} = prediction x_0 + state x_t + deviation z, with the variance "fixed large": beta_t, and at the last step
    /// (t = 0) no noise, so that the result is the prediction itself.
    /// </summary>
    public (double Prediction, double State, double Deviation) Ancestral(int step)
    {
        if (step == 0) return (1, 0, 0); // exactly: 1 - (1 - beta) is not beta in floating point
        double before = Before(step), beta = _betas[step];
        return (
            beta * Math.Sqrt(before) / (1 - _alphaBar[step]),
            (1 - before) * Math.Sqrt(1 - beta) / (1 - _alphaBar[step]),
            Math.Sqrt(beta));
    }

    /// <summary>The DDIM step (Song et al. 2021) with the same three coefficients; <paramref name="eta"/> 0 is deterministic.</summary>
    public (double Prediction, double State, double Deviation) Ddim(int step, double eta)
    {
        if (step == 0) return (1, 0, 0);
        double here = _alphaBar[step], before = Before(step);
        double sigma = eta * Math.Sqrt((1 - before) / (1 - here)) * Math.Sqrt(1 - here / before);
        double noise = Math.Sqrt(Math.Max(0, 1 - before - sigma * sigma)) / Math.Sqrt(1 - here); // epsilon = (x_t - sqrt(here) x_0) / sqrt(1 - here)
        return (Math.Sqrt(before) - noise * Math.Sqrt(here), noise, sigma);
    }

    /// <summary>
    /// The ancestral step for a network that predicts the noise, x_{t-1} = prediction epsilon + state x_t + deviation z, with the posterior's variance; without noise at
    /// the last step (Ho et al. 2020, algorithm 2).
    /// </summary>
    public (double Prediction, double State, double Deviation) AncestralOfNoise(int step)
    {
        double alpha = 1 - _betas[step];
        return (-_betas[step] / (Math.Sqrt(alpha) * Math.Sqrt(1 - _alphaBar[step])), 1 / Math.Sqrt(alpha), step == 0 ? 0 : Math.Sqrt(PosteriorVariance(step)));
    }

    /// <summary>The DDIM step from one level of noise to a lower one for a network that predicts the noise, by the shares of the signal's variance at both.</summary>
    /// <param name="here">Share of the signal's variance now.</param>
    /// <param name="after">The share after the step; 1 for none of the noise left.</param>
    /// <param name="eta">0 is deterministic.</param>
    public static (double Prediction, double State, double Deviation) DdimOfNoise(double here, double after, double eta)
    {
        double sigma = eta * Math.Sqrt((1 - after) / (1 - here) * (1 - here / after));
        return (Math.Sqrt(Math.Max(0, 1 - after - sigma * sigma)) - Math.Sqrt(after * (1 - here) / here), Math.Sqrt(after / here), sigma);
    }

    /// <summary>The coefficients of <see cref="Ancestral"/> for <see cref="IKernels.ReverseStep"/>, <c>[steps, 3]</c>, owned by the device's open scope.</summary>
    public Tensor AncestralTable(Device device) => Table(device, Ancestral);

    /// <summary>The coefficients of <see cref="Ddim"/> for <see cref="IKernels.ReverseStep"/>, <c>[steps, 3]</c>, owned by the device's open scope.</summary>
    public Tensor DdimTable(Device device, double eta) => Table(device, step => Ddim(step, eta));

    private Tensor Table(Device device, Func<int, (double Prediction, double State, double Deviation)> coefficients)
    {
        var table = new double[3 * Steps];
        for (int i = 0; i < Steps; i++) (table[3 * i], table[3 * i + 1], table[3 * i + 2]) = coefficients(i);
        return device.From(table, (Steps, 3));
    }

    private double Before(int step) => step == 0 ? 1 : _alphaBar[step - 1];
}
