using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>The studies of G.pt by name.</summary>
internal static class GptPresets
{
    private const string FreshStartsNote =
        "Fresh starts: half of the training pairs start from a newly drawn initialisation instead of a checkpoint of their run. The published method has none; with a "
        + "budget of minutes it works only from starts it has seen (the table shows both kinds of start).";

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
        Method = "gpt",
        Preset = "smoke",
        Data = "fashion-mnist-small",
        Pool = 4,
        Target = "mlp",
        Zoo = new ZooSettings { Runs = 8, Epochs = 1, Checkpoints = 5, GroupSize = 8, EvaluationImages = 500 },
        HeldoutRuns = 4,
        Gpt = new GptSettings
        {
            Width = 32,
            Layers = 2,
            Heads = 2,
            Chunk = 49,
            Frequencies = 8,
            SamplingSteps = 10,
            Batch = 8,
            TrainingSteps = 60,
            WarmupSteps = 5,
            EpochItems = 64,
            LearningRate = 1e-3,
            AverageDecay = 0.995,
            RampAverage = true,
            PermutationAugmentation = false,
            FreshStarts = 0.5,
        },
        Generated = 4,
        GeneratedFromKnownStarts = 4,
        RecursiveRounds = 2,
        BaselineNetworks = 8,
        GridResolution = 100,
        Resamples = 1000,
        Deviations = [FreshStartsNote, "The target sees images of 7x7 averaged pixels.", "Everything is too small to conclude from."],
    };

    /// <summary>A study on two cores in minutes whose generator works from unseen starts.</summary>
    private static StudyConfig Small => new()
    {
        Method = "gpt",
        Preset = "small",
        Data = "fashion-mnist-small",
        Pool = 4,
        Target = "mlp",
        Zoo = new ZooSettings { Runs = 96, Epochs = 5, Checkpoints = 20, GroupSize = 32, EvaluationImages = 2000 },
        HeldoutRuns = 64,
        Gpt = new GptSettings
        {
            Width = 128,
            Layers = 4,
            Heads = 4,
            Chunk = 98, // two hidden units' input weights; not more than the width, or starts could not be dropped
            Frequencies = 32,
            SamplingSteps = 50,
            Batch = 32,
            TrainingSteps = 2500,
            WarmupSteps = 50,
            EpochItems = 1024,
            LearningRate = 1.5e-3,
            WeightDecay = 0,
            AverageDecay = 0.995,
            RampAverage = true,
            PermutationAugmentation = false,
            FreshStarts = 0.5,
        },
        Generated = 64,
        GeneratedFromKnownStarts = 32,
        RecursiveRounds = 2,
        BaselineNetworks = 32,
        Deviations =
        [
            FreshStartsNote,
            "Permutation augmentation is off: a budget of minutes cannot afford it.",
            "The target is a 49-10-10 network on images of 7x7 averaged pixels of Fashion-MNIST; the published one is 784-10-10 on MNIST.",
            "32 training and 64 held-out runs of 5 epochs with 20 checkpoints each; the published set has 10,728 runs of 25 epochs with 200.",
            "Sampling keeps 50 of 1000 diffusion steps.",
        ],
    };

    /// <summary>The published study: needs MNIST, a large GPU and the patience of hours.</summary>
    private static StudyConfig Paper => new()
    {
        Method = "gpt",
        Preset = "paper",
        Data = "mnist",
        Target = "mlp-784-10-10",
        Zoo = new ZooSettings { Runs = 10_728, GroupSize = 64 },
        HeldoutRuns = 500,
        Gpt = GptConfigurations.MnistLoss,
        Generated = 128,
        GeneratedFromKnownStarts = 128,
        RecursiveRounds = 2,
    };
}
