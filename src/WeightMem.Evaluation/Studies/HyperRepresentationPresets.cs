using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>The studies of Hyper-Representations by name.</summary>
internal static class HyperRepresentationPresets
{
    private static readonly double[] Amplitudes = [0.02, 0.04];

    /// <summary>A preset by name.</summary>
    public static StudyConfig Create(string name) => name switch
    {
        "smoke" => Smoke,
        "small" => Small,
        _ => Paper,
    };

    /// <summary>Every stage in seconds; says nothing about quality.</summary>
    private static StudyConfig Smoke => new()
    {
        Method = "hyper-representations",
        Preset = "smoke",
        Data = "fashion-mnist-small",
        TrainingImages = 1000,
        Target = "cnn-small",
        Zoo = Zoo(16, 2, [1, 2], 3e-3, 32) with { EvaluationImages = 500 },
        HeldoutRuns = 4,
        HyperRepresentations = new AutoEncoderSettings
        {
            Width = 32,
            Heads = 2,
            Blocks = 1,
            Hidden = 64,
            Latent = 16,
            Dropout = 0,
            HeadLayers = 1,
            HeadWidth = 16,
            HeadOutputs = 8,
            Permutations = 50,
            Batch = 8,
            Epochs = 10,
            LearningRate = 1e-3,
        },
        Generated = 8,
        BaselineNetworks = 8,
        NoiseAmplitudes = Amplitudes,
        GridResolution = 100,
        Resamples = 1000,
        Deviations = ["Everything is too small to conclude from."],
    };

    /// <summary>A study on two cores in minutes.</summary>
    private static StudyConfig Small => new()
    {
        Method = "hyper-representations",
        Preset = "small",
        Data = "fashion-mnist-small",
        TrainingImages = 4000,
        Target = "cnn-small",
        Zoo = Zoo(96, 6, [3, 4, 5, 6], 3e-3, 32) with { EvaluationImages = 2000 },
        HeldoutRuns = 29,
        HyperRepresentations = new AutoEncoderSettings
        {
            Width = 128,
            Heads = 4,
            Blocks = 1,
            Hidden = 128,
            Latent = 96,
            Dropout = 0,
            Compression = Compression.Linear,
            Bottleneck = Bottleneck.Linear, // bounded by tanh it saturates within minutes, and nothing more is learned
            FeatureNormalization = true,
            HeadLayers = 2,
            HeadWidth = 64,
            HeadOutputs = 32,
            Contrast = 0.01,
            Permutations = 0,
            InputNoise = 0.02,
            Denoise = true,
            Batch = 16,
            Epochs = 250,
            LearningRate = 1e-3,
            Schedule = RateSchedule.Cosine,
            Clip = 1,
        },
        Generated = 64,
        BaselineNetworks = 80,
        NoiseAmplitudes = Amplitudes,
        Deviations =
        [
            "96 runs of 6 epochs on 4,000 images of Fashion-MNIST; the published zoos have about 1,000 runs of 25 to 50 epochs on SVHN, MNIST, CIFAR-10 and STL-10.",
            "Permutation augmentation is off, which a budget of minutes cannot afford: the two views of a network differ by noise of deviation 0.02, which is not to be reproduced. "
                + "So the auto-encoder learns its training networks and cannot return others, as the held-out networks show.",
            "The latent vector is not bounded, inputs are divided by their layer's deviation, gradients are clipped.",
            "Weights start Kaiming-uniform: the published uniform start in [0, 1) hardly trains in 6 epochs.",
        ],
    };

    /// <summary>The stand-in for the published study: needs MNIST, a large GPU and the patience of hours.</summary>
    private static StudyConfig Paper => new()
    {
        Method = "hyper-representations",
        Preset = "paper",
        Data = "mnist",
        Target = "cnn-small-tanh-uniform",
        Zoo = Zoo(1000, 25, [21, 22, 23, 24, 25], 3e-4, 10) with { GroupSize = 100 },
        HeldoutRuns = 300,
        HyperRepresentations = AutoEncoderConfigurations.Published,
        Generated = 200,
        BaselineNetworks = 1000,
        NoiseAmplitudes = Amplitudes,
        Deviations =
        [
            "The sizes of the published auto-encoder are not public: these give its parameter count and those of its variants.",
            "The zoo is trained on MNIST with the published MNIST settings; the paper judges the one of SVHN.",
        ],
    };

    private static ZooSettings Zoo(int runs, int epochs, int[] kept, double rate, int batch) => new()
    {
        Runs = runs,
        Epochs = epochs,
        KeptEpochs = kept,
        BatchSize = batch,
        Optimizer = ZooOptimizer.Adam,
        BaseRate = rate,
        ConstantRate = true,
        Momentum = 0,
        WeightDecay = 0,
        GroupSize = 16,
    };
}
