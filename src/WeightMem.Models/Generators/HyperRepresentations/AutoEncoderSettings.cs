namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>What the encoder's tokens become before the bottleneck.</summary>
public enum Compression
{
    /// <summary>A learned token in front of the others: its output.</summary>
    Token,

    /// <summary>The mean over the tokens.</summary>
    Average,

    /// <summary>All tokens side by side.</summary>
    Linear,
}

/// <summary>How a latent vector becomes tokens.</summary>
public enum Decompression
{
    /// <summary>One linear map to all tokens.</summary>
    Linear,

    /// <summary>One linear map to a token that is repeated at every position.</summary>
    Repeat,
}

/// <summary>The map to the latent space.</summary>
public enum Bottleneck
{
    /// <summary>Linear.</summary>
    Linear,

    /// <summary>Linear, then tanh.</summary>
    LinearBounded,

    /// <summary>Linear layers of widths between, leaky ReLU after each but the last, then tanh; the decoder's mirrors it without the tanh.</summary>
    Mlp,
}

/// <summary>Which transformer.</summary>
public enum TransformerKind
{
    /// <summary>Pre-norm blocks whose norm has the unbiased deviation: <c>pol</c>, the default of the reference.</summary>
    PreNorm,

    /// <summary>
    /// PyTorch's post-norm encoder layers as the reference calls them, whose attention runs across the networks of a batch at each position and not over the tokens of a
    /// network: results depend on the batch. Only loaded, never trained.
    /// </summary>
    PostNormAcrossBatch,
}

/// <summary>What happens to the learning rate.</summary>
public enum RateSchedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It is multiplied by a factor when an epoch's mean training loss has not improved for some epochs.</summary>
    Plateau,

    /// <summary>Half a cosine from the base rate to 0, by epoch.</summary>
    Cosine,
}

/// <summary>How weight decay enters.</summary>
public enum DecayKind
{
    /// <summary>Added to the gradient, as Adam does.</summary>
    Coupled,

    /// <summary>Apart from the gradient, as AdamW does.</summary>
    Decoupled,
}

/// <summary>Parts of a view that are overwritten.</summary>
/// <param name="Probability">That it happens to a view.</param>
/// <param name="Least">Smallest share of the row.</param>
/// <param name="Most">Largest share of the row.</param>
/// <param name="Value">What is written; null for standard normal numbers.</param>
/// <param name="Scattered">Single positions drawn with replacement in place of one block.</param>
public sealed record Erasing(double Probability, double Least, double Most, float? Value = 0, bool Scattered = false);

/// <summary>
/// Everything that defines the auto-encoder of Hyper-Representations and its training (arXiv 2209.14733). Immutable, and written to the run's configuration as it is.
/// The defaults are the stand-in for the published sizes, which are not public: 222.8 M parameters on the 2,464 weights of <c>cnn-small</c>.
/// </summary>
public sealed record AutoEncoderSettings
{
    /// <summary>Width of the tokens (D).</summary>
    public int Width { get; init; } = 1728;

    /// <summary>Attention heads; divides the width.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Blocks of the encoder, and of the decoder (N).</summary>
    public int Blocks { get; init; } = 4;

    /// <summary>Width inside the blocks' feed-forward part (F).</summary>
    public int Hidden { get; init; } = 1584;

    /// <summary>Size of the latent vector (L).</summary>
    public int Latent { get; init; } = 968;

    /// <summary>Dropout rate, in [0, 1): attention probabilities, both residual branches, inside the feed-forward part.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Whether the pre-norm blocks have their norms.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>What the encoder's tokens become.</summary>
    public Compression Compression { get; init; } = Compression.Token;

    /// <summary>How a latent vector becomes tokens.</summary>
    public Decompression Decompression { get; init; } = Decompression.Linear;

    /// <summary>The map to the latent space.</summary>
    public Bottleneck Bottleneck { get; init; } = Bottleneck.LinearBounded;

    /// <summary>Hidden layers of the bottleneck <see cref="Bottleneck.Mlp"/>.</summary>
    public int BottleneckLayers { get; init; } = 3;

    /// <summary>Which transformer.</summary>
    public TransformerKind Transformer { get; init; } = TransformerKind.PreNorm;

    /// <summary>Whether a learned vector is added to the latent before decoding.</summary>
    public bool DecoderBias { get; init; }

    /// <summary>Whether inputs are divided by their layer's deviation over the training rows, and outputs multiplied.</summary>
    public bool FeatureNormalization { get; init; }

    /// <summary>Layers of the projection head before its last linear map; 0 for no head.</summary>
    public int HeadLayers { get; init; } = 4;

    /// <summary>Whether those layers have batch normalisation; the head's output always has.</summary>
    public bool HeadBatchNorm { get; init; } = true;

    /// <summary>Their width.</summary>
    public int HeadWidth { get; init; } = 400;

    /// <summary>Outputs of the head.</summary>
    public int HeadOutputs { get; init; } = 50;

    /// <summary>Share of the contrastive loss (gamma), 0 to 1; the rest is reconstruction.</summary>
    public double Contrast { get; init; } = 0.05;

    /// <summary>Temperature of the contrastive loss (tau).</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Whether the reconstruction loss of each layer is in units of the layer's deviation over the training rows.</summary>
    public bool NormalizeLoss { get; init; } = true;

    /// <summary>Whether each layer counts alike, in place of each weight.</summary>
    public bool LayerMean { get; init; }

    /// <summary>Weight of each layer in the reconstruction loss; empty for 1.</summary>
    public IReadOnlyList<double> LayerWeights { get; init; } = [];

    /// <summary>Largest squared error of a weight that counts, in the loss's units; null for no limit.</summary>
    public double? ErrorThreshold { get; init; }

    /// <summary>Permutations in the fixed pool of views; the last layer is never permuted. 0 leaves every network in its own order.</summary>
    public int Permutations { get; init; } = 10_000;

    /// <summary>Standard deviation of noise on each view.</summary>
    public double InputNoise { get; init; }

    /// <summary>Parts of a view that are overwritten; null for none.</summary>
    public Erasing? Erasing { get; init; }

    /// <summary>Whether the target is the view before noise and erasing. Off in the reference, which learns to reproduce both.</summary>
    public bool Denoise { get; init; }

    /// <summary>Networks per training step; each gives two views.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Passes over the training rows.</summary>
    public int Epochs { get; init; } = 1000;

    /// <summary>Learning rate at the start.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>What happens to it.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Plateau;

    /// <summary>Factor of the plateau schedule.</summary>
    public double PlateauFactor { get; init; } = 0.3;

    /// <summary>Epochs without improvement that the plateau schedule waits.</summary>
    public int PlateauPatience { get; init; } = 10;

    /// <summary>Relative improvement that counts as one.</summary>
    public double PlateauThreshold { get; init; } = 1e-4;

    /// <summary>Weight decay, on all parameters.</summary>
    public double WeightDecay { get; init; } = 1e-9;

    /// <summary>How weight decay enters.</summary>
    public DecayKind Decay { get; init; } = DecayKind.Coupled;

    /// <summary>Largest global norm of the gradient; null for no clipping.</summary>
    public double? Clip { get; init; }

    /// <summary>Rows encoded or decoded together. Results do not depend on it, but for <see cref="TransformerKind.PostNormAcrossBatch"/>.</summary>
    public int InferenceBatch { get; init; } = 256;

    /// <summary>Seed of initialisation, training and sampling streams.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Width >= 2 && Heads >= 1 && Width % Heads == 0, $"the heads ({Heads}) must divide the width ({Width}, at least 2)");
        Require(Blocks >= 1 && Hidden >= 1 && Latent >= 1 && BottleneckLayers >= 0, "blocks, hidden width and latent size must be at least 1");
        Require(Dropout is >= 0 and < 1, $"dropout {Dropout} is not in [0, 1)");
        Require(HeadLayers >= 0 && HeadWidth >= 1 && HeadOutputs >= 1, "the head's sizes must be positive");
        Require(Contrast is >= 0 and <= 1, $"the contrastive share {Contrast} is not in [0, 1]");
        Require(Temperature > 0 && ErrorThreshold is null or > 0, "temperature and error threshold must be positive");
        Require(Permutations >= 0 && Batch >= 2 && Epochs >= 1 && InferenceBatch >= 1, "epochs and batches must be at least 1, training batches 2, permutations not negative");
        Require(InputNoise >= 0 && Erasing is null or { Probability: >= 0 and <= 1, Least: >= 0, Most: <= 1 }, "noise must not be negative, erasing between 0 and 1");
        Require(Erasing is null || Erasing.Least <= Erasing.Most, "erasing from a smaller to a larger share");
        Require(LearningRate > 0 && WeightDecay >= 0 && Clip is null or > 0, "learning rate and clip must be positive, weight decay not negative");
        Require(PlateauFactor is > 0 and < 1 && PlateauPatience >= 0 && PlateauThreshold >= 0, "the plateau factor must be in (0, 1), its patience not negative");
    }

    /// <summary>Refuses fewer training networks than fill a batch.</summary>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public void RequireNetworks(int networks) =>
        Require(networks >= Batch, $"a batch of {Batch} networks needs as many training networks; there are {networks}");

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"auto-encoder settings: {message}");
    }
}
