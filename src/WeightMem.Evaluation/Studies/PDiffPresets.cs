using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>The studies of P-diff by name (P-diff specification, section 11).</summary>
internal static class PDiffPresets
{
    private const string MiniNote =
        "The target is a ResNet of 16 to 64 channels on 28 x 28 images of Fashion-MNIST, 256 generated values; the published one is ResNet-18 on CIFAR-100, 2,048 values.";

    private const string ConsistentNote =
        "Batch normalisations are in evaluation mode throughout the trajectory, and the decoder uses its running statistics. The published code is in training mode for two "
        + "updates and decodes with each sample's own statistics; populations named per-sample show the latter.";

    /// <summary>A preset by name.</summary>
    public static StudyConfig Create(string name) => name switch
    {
        "smoke" => Smoke,
        "small" => Small,
        _ => Paper,
    };

    /// <summary>Every stage in seconds; says nothing about quality.</summary>
    private static StudyConfig Smoke => Common("smoke") with
    {
        Data = "fashion-mnist-small",
        TrainingImages = 1500,
        TestImages = 300,
        Target = "resnet-mini",
        HeldoutRuns = 2,
        Trajectory = new TrajectorySettings
        {
            PretrainingEpochs = 1,
            PretrainingRate = 2e-3,
            ValidationImages = 200,
            LeastCropArea = 0.6,
            Batch = 32,
            BatchNorm = TrajectoryBatchNorm.AlwaysEval,
            Checkpoints = 40,
            LaterCheckpoints = 6,
            HeldoutCheckpoints = 3,
        },
        PDiff = new PDiffSettings
        {
            AutoencoderChannels = [8, 8, 16, 16, 8],
            Latent = 16,
            AutoencoderSteps = 100,
            AutoencoderRate = 2e-3,
            DenoiserChannels = [1, 8, 16, 16, 32, 16, 16, 8, 1],
            DiffusionSteps = 50,
            FirstBeta = 0.002,
            LastBeta = 0.4,
            DenoiserSteps = 200,
            DenoiserRate = 1e-3,
        },
        Generated = 20,
        BaselineNetworks = 20,
        Resamples = 1000,
        GridResolution = 20,
        Deviations = [MiniNote, ConsistentNote, "Everything is too small to conclude from."],
    };

    /// <summary>The specification's preset for two cores.</summary>
    private static StudyConfig Small => Common("small") with
    {
        Data = "fashion-mnist-small",
        TestImages = 2000,
        Target = "resnet-mini",
        HeldoutRuns = 20,
        Trajectory = new TrajectorySettings
        {
            PretrainingEpochs = 5,
            PretrainingRate = 2e-3,
            ValidationImages = 1000,
            LeastCropArea = 0.6,
            Batch = 64,
            BatchNorm = TrajectoryBatchNorm.AlwaysEval,
            Checkpoints = 150,
            LaterCheckpoints = 60,
            HeldoutCheckpoints = 4,
        },
        PDiff = new PDiffSettings
        {
            AutoencoderChannels = [16, 32, 64, 64, 8],
            Latent = 32,
            AutoencoderSteps = 600,
            AutoencoderRate = 2e-4,
            DenoiserChannels = [1, 16, 32, 64, 128, 64, 32, 16, 1],
            DiffusionSteps = 200,
            FirstBeta = 5e-4,
            LastBeta = 0.1,
            DenoiserSteps = 1500,
            DenoiserRate = 1e-3,
        },
        Generated = 100,
        BaselineNetworks = 100,
        GridResolution = 100,
        Deviations =
        [
            MiniNote,
            ConsistentNote,
            "150 checkpoints, a diffusion of 200 steps whose betas are scaled up accordingly, models of 109,801 and 161,089 parameters, and learning rates of the generator 10 times the published ones.",
            "Pre-training takes crops of at least 60 % of an image and chooses its best epoch on 1,000 training images set aside; the published recipe goes down to 8 % and chooses on the test images.",
        ],
    };

    /// <summary>The published study: CIFAR-100, ResNet-18 at 224 pixels from a file of ImageNet weights, and the patience of a large GPU.</summary>
    private static StudyConfig Paper => Common("paper") with
    {
        Data = "cifar100",
        Target = "resnet18",
        HeldoutRuns = 20,
        Trajectory = new TrajectorySettings { PretrainingEpochs = 60 },
        PDiff = new PDiffSettings { Reference = true, Decoder = DecoderStatistics.PerSample },
        Generated = 200,
        BaselineNetworks = 300,
        Deviations =
        [
            "All numbers are float32; the published scripts use bfloat16 autocast for the trajectory, the generator and the scoring.",
            "Pre-training begins from nothing and takes 60 epochs, unless ImageNet weights are given with --pretrained: then 10 epochs, as published.",
        ],
    };

    private static StudyConfig Common(string preset) => new()
    {
        Method = "p-diff",
        Preset = preset,
        Data = "",
        Target = "",
        Zoo = new ZooSettings { Runs = 1 },
        HeldoutRuns = 0,
        Generated = 0,
        NoiseAmplitudes = [0.06, 0.12],
    };
}
