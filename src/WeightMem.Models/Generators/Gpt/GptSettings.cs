namespace WeightMem.Models.Generators.Gpt;

/// <summary>How flat weights are cut into tokens.</summary>
public enum SplitPolicy
{
    /// <summary>Each tensor by itself into pieces of the chunk size and a remainder.</summary>
    ChunkWithinLayer,

    /// <summary>One token per tensor.</summary>
    LayerByLayer,
}

/// <summary>Everything that defines a G.pt: the transformer, the diffusion, the training. Immutable, and written to the run's configuration as it is.</summary>
public sealed record GptSettings
{
    /// <summary>Width of the transformer.</summary>
    public int Width { get; init; } = 1536;

    /// <summary>Number of blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Dropout rate, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>How weights are cut into tokens.</summary>
    public SplitPolicy Split { get; init; } = SplitPolicy.ChunkWithinLayer;

    /// <summary>Values per token at most.</summary>
    public int Chunk { get; init; } = 1000;

    /// <summary>Frequencies of the scalar embedding.</summary>
    public int Frequencies { get; init; } = 128;

    /// <summary>Base-2 logarithm of the highest frequency; the lowest is 1.</summary>
    public double MaxFrequencyLog2 { get; init; } = 14;

    /// <summary>Steps of the diffusion.</summary>
    public int DiffusionSteps { get; init; } = 1000;

    /// <summary>Steps kept when sampling; the diffusion's own number for none dropped.</summary>
    public int SamplingSteps { get; init; } = 1000;

    /// <summary>Pairs per training step.</summary>
    public int Batch { get; init; } = 1024;

    /// <summary>Training steps.</summary>
    public int TrainingSteps { get; init; } = 178_000;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmupSteps { get; init; } = 445;

    /// <summary>Items per epoch that the pair sampler aims at; each run is visited equally often.</summary>
    public int EpochItems { get; init; } = 100_800;

    /// <summary>Peak learning rate of the cosine.</summary>
    public double LearningRate { get; init; } = 4e-4;

    /// <summary>Decoupled weight decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Largest global norm of the gradient.</summary>
    public double Clip { get; init; } = 0.75;

    /// <summary>Decay of the moving average of the parameters.</summary>
    public double AverageDecay { get; init; } = 0.9999;

    /// <summary>Whether the average's decay starts small: min(decay, (1 + s) / (10 + s)). Off in the published method.</summary>
    public bool RampAverage { get; init; }

    /// <summary>Whether each training pair is seen under a fresh random permutation of its hidden units.</summary>
    public bool PermutationAugmentation { get; init; } = true;

    /// <summary>
    /// Probability that a pair starts from a newly drawn initialisation instead of a checkpoint of the run: a declared deviation from the
    /// published method (0), without which a small budget only works from starts it has seen.
    /// </summary>
    public double FreshStarts { get; init; }

    /// <summary>Standard deviation of normal noise on the weights of a training pair, in units of the weights' own deviation; 0 for none, as published. A modelling factor.</summary>
    public double InputNoise { get; init; }

    /// <summary>The metric value asked for when sampling: test loss 0.</summary>
    public double Prompt { get; init; }

    /// <summary>Samples denoised together. The result does not depend on it.</summary>
    public int SamplingBatch { get; init; } = 64;

    /// <summary>Seed of initialisation, training and sampling streams.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Width >= 1 && Heads >= 1 && Width % Heads == 0, $"the heads ({Heads}) must divide the width ({Width})");
        Require(Layers >= 1 && Chunk >= 1 && Frequencies >= 1, "layers, chunk and frequencies must be at least 1");
        Require(Dropout is >= 0 and < 1, $"dropout {Dropout} is not in [0, 1)");
        Require(DiffusionSteps >= 2 && SamplingSteps >= 2 && SamplingSteps <= DiffusionSteps, $"sampling steps ({SamplingSteps}) must be 2 to {DiffusionSteps}");
        Require(Batch >= 1 && SamplingBatch >= 1 && TrainingSteps >= 1 && EpochItems >= 1, "batch, sampling batch, training steps and epoch items must be at least 1");
        Require(WarmupSteps >= 0 && LearningRate > 0 && WeightDecay >= 0 && Clip > 0, "learning rate and clip must be positive, warm-up and decay not negative");
        Require(InputNoise >= 0, "input noise must not be negative");
        Require(AverageDecay is >= 0 and < 1 && FreshStarts is >= 0 and <= 1, "average decay must be in [0, 1), fresh starts in [0, 1]");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"gpt settings: {message}");
    }
}
