namespace WeightMem.Models.Generators.PDiff;

/// <summary>Whose statistics the decoder's batch normalisations use when sampling (specification 7).</summary>
public enum DecoderStatistics
{
    /// <summary>Each sample's own, as published: the autoencoder was left in training mode and decoded one sample at a time.</summary>
    PerSample,

    /// <summary>The running ones of training.</summary>
    Running,

    /// <summary>Those of the training networks' latents decoded as one batch.</summary>
    FrozenDatasetBatch,
}

/// <summary>The reverse process.</summary>
public enum PDiffSampler
{
    /// <summary>Every step, with the posterior's variance.</summary>
    Ddpm,

    /// <summary>Some steps, nearly without noise.</summary>
    Ddim,
}

/// <summary>Settings of P-diff's generator; the defaults are the published ones of its primary setting (specification 4 to 7).</summary>
public sealed record PDiffSettings
{
    /// <summary>How weights are standardised.</summary>
    public WeightScaling Scaling { get; init; } = WeightScaling.PerTensor;

    /// <summary>Channels of the autoencoder's levels; each halves the length.</summary>
    public IReadOnlyList<int> AutoencoderChannels { get; init; } = [64, 128, 256, 256, 32];

    /// <summary>Channels between the denoiser's convolutions, the first and the last 1; so many that it has 3 skips.</summary>
    public IReadOnlyList<int> DenoiserChannels { get; init; } = [1, 64, 128, 256, 512, 256, 128, 64, 1];

    /// <summary>Values of a latent.</summary>
    public int Latent { get; init; } = 128;

    /// <summary>Width of all kernels, odd.</summary>
    public int Kernel { get; init; } = 7;

    /// <summary>Networks of a step of either training, drawn with replacement.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>Steps of the autoencoder.</summary>
    public int AutoencoderSteps { get; init; } = 500;

    /// <summary>Its learning rate at the start; a cosine to 0.</summary>
    public double AutoencoderRate { get; init; } = 2e-5;

    /// <summary>Deviation of the noise on the autoencoder's inputs, in standardised units. The noisy input is what it must restore.</summary>
    public double InputNoise { get; init; } = 0.001;

    /// <summary>Deviation of the noise on latents in the autoencoder's training, in place of a predicted one. It decides whether samples contract to the mean.</summary>
    public double LatentNoise { get; init; } = 0.1;

    /// <summary>Steps of the diffusion process.</summary>
    public int DiffusionSteps { get; init; } = 1000;

    /// <summary>First beta of the linear schedule.</summary>
    public double FirstBeta { get; init; } = 1e-4;

    /// <summary>Last beta.</summary>
    public double LastBeta { get; init; } = 0.02;

    /// <summary>Steps of the denoiser.</summary>
    public int DenoiserSteps { get; init; } = 1000;

    /// <summary>Its learning rate at the start; a cosine to 0.</summary>
    public double DenoiserRate { get; init; } = 1e-4;

    /// <summary>Whether latents are standardised, each dimension by its mean and deviation over the training networks, before the diffusion sees them. Not so as published.</summary>
    public bool StandardizeLatents { get; init; }

    /// <summary>The reverse process.</summary>
    public PDiffSampler Sampler { get; init; } = PDiffSampler.Ddpm;

    /// <summary>Steps of DDIM.</summary>
    public int DdimSteps { get; init; } = 60;

    /// <summary>Share of DDPM's noise in DDIM.</summary>
    public double DdimEta { get; init; } = 0.05;

    /// <summary>Whose statistics decode.</summary>
    public DecoderStatistics Decoder { get; init; } = DecoderStatistics.Running;

    /// <summary>
    /// The published code's behaviour where it differs: latents are encoded with the statistics of the batch, both trainings end with an additional step of rate 0, and DDIM starts
    /// below the last step and ends at the first level's noise (specification 10, B6, B8, B10).
    /// </summary>
    public bool Reference { get; init; }

    /// <summary>Samples that are denoised together. The result does not depend on it.</summary>
    public int SamplingBatch { get; init; } = 200;

    /// <summary>Seed of initialisation, training and sampling streams.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(AutoencoderChannels.Count is >= 1 and <= 6 && AutoencoderChannels.All(c => c >= 1), "the autoencoder has 1 to 6 levels of 1 channel or more");
        Require(
            DenoiserChannels.Count == 9 && DenoiserChannels[0] == 1 && DenoiserChannels[8] == 1 && DenoiserChannels.All(c => c >= 1)
            && DenoiserChannels[3] == DenoiserChannels[5] && DenoiserChannels[2] == DenoiserChannels[6] && DenoiserChannels[1] == DenoiserChannels[7],
            "the denoiser has 9 channel numbers, the same from both ends but in the middle, and begins with 1");
        Require(Latent >= 1 && Kernel >= 1 && Kernel % 2 == 1, "the latent must be at least 1, the kernel odd");
        Require(Batch >= 2 && SamplingBatch >= 1 && AutoencoderSteps >= 1 && DenoiserSteps >= 1, "a batch must be 2 or more, steps at least 1");
        Require(AutoencoderRate > 0 && DenoiserRate > 0 && InputNoise >= 0 && LatentNoise >= 0, "learning rates must be positive, noises not negative");
        Require(DiffusionSteps >= 2 && FirstBeta > 0 && FirstBeta <= LastBeta && LastBeta < 1, "there are 2 diffusion steps or more, and 0 < first beta <= last beta < 1");
        Require((Sampler != PDiffSampler.Ddim || (DdimSteps >= 2 && DdimSteps <= DiffusionSteps)) && DdimEta is >= 0 and <= 1, $"DDIM takes 2 to {DiffusionSteps} steps, and an eta in [0, 1]");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"p-diff settings: {message}");
    }
}
