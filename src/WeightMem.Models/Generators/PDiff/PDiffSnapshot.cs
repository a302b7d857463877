namespace WeightMem.Models.Generators.PDiff;

/// <summary>Everything that a later session needs to go on, or to sample.</summary>
/// <param name="AutoencoderStep">Steps of the autoencoder done.</param>
/// <param name="DenoiserStep">Steps of the denoiser done.</param>
/// <param name="AutoencoderLosses">One loss a step.</param>
/// <param name="DenoiserLosses">One loss a step.</param>
/// <param name="Standardizer">The scaling of weights.</param>
/// <param name="Parts">
/// States by part: <c>vae</c> and <c>diffusion</c> by published names, their moments <c>vae.exp_avg</c>, <c>vae.exp_avg_sq</c>, <c>diffusion.exp_avg</c>,
/// <c>diffusion.exp_avg_sq</c>; and once trained <c>frozen</c>, the autoencoder with the decoder's statistics of the training networks in one batch, and <c>latents</c> with their
/// <c>mean</c> and <c>deviation</c>.
/// </param>
internal sealed record PDiffSnapshot(
    int AutoencoderStep, int DenoiserStep, float[] AutoencoderLosses, float[] DenoiserLosses, WeightStandardizer Standardizer,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, float[]>> Parts)
{
    /// <summary>The part that only a finished training has.</summary>
    public const string FrozenPart = "frozen";

    /// <summary>Whether both trainings are done.</summary>
    public bool IsLast => Parts.ContainsKey(FrozenPart);
}

/// <summary>How far the training of P-diff is.</summary>
/// <param name="Stage"><c>autoencoder</c> or <c>denoiser</c>.</param>
/// <param name="Step">Steps of the stage done.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Loss">Loss of the last step.</param>
public readonly record struct PDiffProgress(string Stage, int Step, int Steps, double Loss);
