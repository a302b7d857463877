namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>How hidden units are relabelled before a network is learnt from.</summary>
public enum PermutationMode
{
    /// <summary>Not at all: the published setting.</summary>
    None,

    /// <summary>K fixed permutations beside the identity, the same for all networks.</summary>
    Shared,

    /// <summary>K fixed permutations beside the identity, each network its own.</summary>
    PerNet,
}

/// <summary>How the learning rate falls.</summary>
public enum HyperDiffusionSchedule
{
    /// <summary>The published one: times 0.9 every 200 epochs.</summary>
    StepPerEpochs,

    /// <summary>Constant, then an exponential fall to 0.05 of it over the last 40 % of the steps: for short trainings.</summary>
    LateDecay,
}

/// <summary>
/// Everything that defines HyperDiffusion's generator (arXiv 2303.17015; specification, section 3). Defaults are the published airplane configuration: 1,407,225,600
/// parameters for the published field.
/// </summary>
public sealed record HyperDiffusionSettings
{
    /// <summary>Width of the transformer.</summary>
    public int Width { get; init; } = 2880;

    /// <summary>Number of blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Dropout rate of embeddings and residuals, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Frequencies of the time's embedding, from 2^0 to 2^20.</summary>
    public int Frequencies { get; init; } = 128;

    /// <summary>Steps of the diffusion; the betas are scaled by 500 over it, so that its end does not move.</summary>
    public int DiffusionSteps { get; init; } = 500;

    /// <summary>Steps kept when sampling (DDIM, eta 0).</summary>
    public int SamplingSteps { get; init; } = 500;

    /// <summary>Weights are multiplied by it before they are learnt, and divided after sampling.</summary>
    public double NormalizationFactor { get; init; } = 1;

    /// <summary>Whether the mean of the training networks is subtracted before that: an extension, off in the published method.</summary>
    public bool CenterWeights { get; init; }

    /// <summary>Standard deviation of normal noise added to weights in training, in units of their own deviation around the mean network; 0 for none.</summary>
    public double InputNoise { get; init; }

    /// <summary>How hidden units are relabelled.</summary>
    public PermutationMode PermutationMode { get; init; }

    /// <summary>Permutations beside the identity (K).</summary>
    public int Permutations { get; init; }

    /// <summary>Networks per step; an epoch's last batch may be smaller.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Training steps.</summary>
    public int TrainingSteps { get; init; } = 516_000;

    /// <summary>Learning rate at the start.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>How it falls.</summary>
    public HyperDiffusionSchedule Schedule { get; init; }

    /// <summary>Decoupled weight decay of every parameter, biases and norms included.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Samples denoised together. The result does not depend on it.</summary>
    public int SamplingBatch { get; init; } = 100;

    /// <summary>Seed of initialisation, training and sampling streams.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Width >= 1 && Heads >= 1 && Width % Heads == 0, $"the heads ({Heads}) must divide the width ({Width})");
        Require(Layers >= 1 && Frequencies >= 2, "layers must be at least 1 and frequencies at least 2");
        Require(Dropout is >= 0 and < 1, $"dropout {Dropout} is not in [0, 1)");
        Require(DiffusionSteps >= 2 && SamplingSteps >= 2 && SamplingSteps <= DiffusionSteps, $"sampling steps ({SamplingSteps}) must be 2 to {DiffusionSteps}");
        Require(NormalizationFactor > 0 && InputNoise >= 0, "the normalisation factor must be positive and the input noise not negative");
        Require(Permutations >= 0 && (PermutationMode != PermutationMode.None || Permutations == 0), "permutations need a mode, shared or per_net");
        Require(Batch >= 1 && SamplingBatch >= 1 && TrainingSteps >= 1, "batch, sampling batch and training steps must be at least 1");
        Require(LearningRate > 0 && WeightDecay >= 0, "the learning rate must be positive and the weight decay not negative");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"hyperdiffusion settings: {message}");
    }
}
