namespace WeightMem.Models.Generators.PDiff;

/// <summary>The mode of batch normalisations while checkpoints are saved (specification 3.3).</summary>
public enum TrajectoryBatchNorm
{
    /// <summary>As the published script: two updates in training mode, all later ones in evaluation mode, because a test pass never switched back.</summary>
    ReferenceTwoStepThenEval,

    /// <summary>Evaluation mode throughout: what is trained is what is judged.</summary>
    AlwaysEval,

    /// <summary>Training mode throughout.</summary>
    AlwaysTrain,
}

/// <summary>How the checkpoints that P-diff learns from are made: pre-training, then a saved trajectory of updates of the generated layers (specification 2 and 3).</summary>
public sealed record TrajectorySettings
{
    /// <summary>Epochs of pre-training; 0 when the weights come from <see cref="Pretrained"/>.</summary>
    public int PretrainingEpochs { get; init; } = 10;

    /// <summary>Images of a pre-training step.</summary>
    public int PretrainingBatch { get; init; } = 128;

    /// <summary>Peak learning rate of pre-training; a cosine by epochs to 0.</summary>
    public double PretrainingRate { get; init; } = 5e-4;

    /// <summary>Decoupled weight decay of all parameters, in both stages.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>
    /// The last so many training images are set aside, and the best epoch is chosen on them. 0 chooses on the test images, as published.
    /// </summary>
    public int ValidationImages { get; init; }

    /// <summary>A file of weights to begin with, such as timm's; a head of other classes is drawn anew. Null to begin from nothing.</summary>
    public string? Pretrained { get; init; }

    /// <summary>Smallest share of an image that a random crop takes.</summary>
    public double LeastCropArea { get; init; } = 0.08;

    /// <summary>Whether half of the training images are mirrored.</summary>
    public bool Flips { get; init; } = true;

    /// <summary>Images of an update of the trajectory.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Learning rate of the trajectory, constant.</summary>
    public double Rate { get; init; } = 0.03;

    /// <summary>Mode of batch normalisations in the trajectory.</summary>
    public TrajectoryBatchNorm BatchNorm { get; init; } = TrajectoryBatchNorm.ReferenceTwoStepThenEval;

    /// <summary>Consecutive updates whose weights are saved, the first update not among them.</summary>
    public int Checkpoints { get; init; } = 300;

    /// <summary>Further updates of the same run after those, held out as the population of later steps.</summary>
    public int LaterCheckpoints { get; init; } = 90;

    /// <summary>Checkpoints kept of each held-out run, evenly spaced over the trajectory, its end among them.</summary>
    public int HeldoutCheckpoints { get; init; } = 4;

    /// <summary>Seed of initialisation, order and augmentation.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(PretrainingEpochs >= 0 && PretrainingBatch >= 1 && Batch >= 1, "epochs must not be negative, batches at least 1");
        Require(PretrainingRate > 0 && Rate > 0 && WeightDecay >= 0, "learning rates must be positive, weight decay not negative");
        Require(ValidationImages >= 0 && LeastCropArea is > 0 and <= 1, "validation images must not be negative, the least crop area in (0, 1]");
        Require(Checkpoints >= 2 && LaterCheckpoints >= 0, "there must be 2 checkpoints at least");
        Require(HeldoutCheckpoints >= 1 && HeldoutCheckpoints <= Checkpoints, $"a held-out run keeps 1 to {Checkpoints} checkpoints, not {HeldoutCheckpoints}");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"trajectory settings: {message}");
    }
}
