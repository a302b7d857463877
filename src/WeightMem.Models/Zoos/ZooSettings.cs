using System.Globalization;

namespace WeightMem.Models.Zoos;

/// <summary>How a zoo's weights are updated.</summary>
public enum ZooOptimizer
{
    /// <summary>SGD with Nesterov momentum, as for the networks of G.pt.</summary>
    Nesterov,

    /// <summary>Adam with decays 0.9 and 0.999 and epsilon 1e-8, as for those of Hyper-Representations; weight decay is added to the gradient.</summary>
    Adam,
}

/// <summary>
/// How a zoo is trained. The defaults are those of the published MNIST runs (G.pt, arXiv 2209.12892), except for their number.
/// </summary>
public sealed record ZooSettings
{
    /// <summary>Runs: networks trained from different initialisations.</summary>
    public required int Runs { get; init; }

    /// <summary>Passes over the training images; the learning rate is constant within one.</summary>
    public int Epochs { get; init; } = 25;

    /// <summary>Images of a minibatch; the last partial one of an epoch is dropped.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Checkpoints of a run: the initialisation, the last step, and distinct random steps between.</summary>
    public int Checkpoints { get; init; } = 200;

    /// <summary>Epochs whose ends are kept, ascending, 0 for the initialisation; in place of <see cref="Checkpoints"/> random steps.</summary>
    public IReadOnlyList<int>? KeptEpochs { get; init; }

    /// <summary>How weights are updated.</summary>
    public ZooOptimizer Optimizer { get; init; }

    /// <summary>Learning rate of the first epoch; epoch e of E has half of it times 1 + cos(pi e / E), unless it is constant.</summary>
    public double BaseRate { get; init; } = 0.1;

    /// <summary>Whether the learning rate stays what it is in the first epoch.</summary>
    public bool ConstantRate { get; init; }

    /// <summary>Nesterov momentum; Adam has none.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay added to the gradient, of weights and biases alike.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Seed of everything random. Each run has streams of its own.</summary>
    public long Seed { get; init; }

    /// <summary>The checkpoints are judged on so many of the first test images; 0 for all.</summary>
    public int EvaluationImages { get; init; }

    /// <summary>Runs trained in lockstep. Changes the speed and, unless the order is shared, no result.</summary>
    public int GroupSize { get; init; } = 16;

    /// <summary>
    /// Whether the runs of a group see the same minibatches, so that their first layers become one product. Initialisations and
    /// checkpoint steps differ all the same. The group size is then part of what is trained.
    /// </summary>
    public bool SharedOrder { get; init; }

    /// <summary>Learning rate of each run in place of <see cref="BaseRate"/>, <c>[runs]</c>.</summary>
    public IReadOnlyList<double>? Rates { get; init; }

    /// <summary>Weight decay of each run in place of <see cref="WeightDecay"/>, <c>[runs]</c>.</summary>
    public IReadOnlyList<double>? Decays { get; init; }

    /// <summary>Rows that a run leaves in the population.</summary>
    public int SavedPerRun => KeptEpochs?.Count ?? Checkpoints;

    /// <summary>Number of lockstep groups.</summary>
    public int Groups => (Runs + GroupSize - 1) / GroupSize;

    /// <summary>Steps of an epoch over so many images.</summary>
    public int StepsPerEpoch(int images) => images / BatchSize;

    /// <summary>Steps of a run over so many images.</summary>
    public int Steps(int images) => checked(Epochs * StepsPerEpoch(images));

    /// <summary>Refuses settings that make no training.</summary>
    /// <param name="images">Number of training images.</param>
    /// <exception cref="ArgumentException">A setting is out of range; its value and the range are in the message.</exception>
    public void Validate(int images)
    {
        AtLeast(1, Runs, "runs");
        AtLeast(1, Epochs, "epochs");
        AtLeast(1, BatchSize, "images of a minibatch");
        AtLeast(1, GroupSize, "runs of a group");
        AtLeast(0, EvaluationImages, "evaluation images");
        if (images < BatchSize)
            throw new ArgumentException($"a zoo needs at least one minibatch: {images} training images are fewer than {BatchSize}");
        int steps = Steps(images);
        if (KeptEpochs is { } kept)
        {
            if (kept.Count == 0 || kept[0] < 0 || kept[^1] > Epochs || kept.Zip(kept.Skip(1)).Any(pair => pair.First >= pair.Second))
                throw new ArgumentException($"epochs to keep are ascending numbers from 0 to {Epochs}, not {string.Join(", ", kept)}");
        }
        else if (Checkpoints < 2 || Checkpoints > steps + 1)
        {
            throw new ArgumentException($"{Checkpoints} checkpoints of a run of {steps} steps: there can be 2 to {steps + 1}");
        }

        Finite(BaseRate, "base rate");
        Finite(Momentum, "momentum");
        Finite(WeightDecay, "weight decay");
        PerRun(Rates, "learning rate");
        PerRun(Decays, "weight decay");
    }

    /// <summary>The settings as text, for a population's provenance.</summary>
    public Dictionary<string, string> Describe() => new()
    {
        ["zoo.runs"] = Text(Runs),
        ["zoo.epochs"] = Text(Epochs),
        ["zoo.batch_size"] = Text(BatchSize),
        ["zoo.checkpoints"] = KeptEpochs is null ? Text(Checkpoints) : "ends of epochs " + string.Join(' ', KeptEpochs.Select(Text)),
        ["zoo.optimizer"] = Optimizer == ZooOptimizer.Adam ? "adam" : "nesterov",
        ["zoo.base_rate"] = Rates is null ? Text(BaseRate) : string.Join(' ', Rates.Select(Text)),
        ["zoo.schedule"] = ConstantRate ? "constant" : "cosine by epoch",
        ["zoo.momentum"] = Text(Momentum),
        ["zoo.weight_decay"] = Decays is null ? Text(WeightDecay) : string.Join(' ', Decays.Select(Text)),
        ["zoo.seed"] = Text(Seed),
        ["zoo.evaluation_images"] = Text(EvaluationImages),
        ["zoo.group_size"] = Text(GroupSize),
        ["zoo.order"] = SharedOrder ? "shared by a group" : "each run its own",
    };

    private static string Text<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static void AtLeast(int least, int value, string what)
    {
        if (value < least) throw new ArgumentException($"a zoo has at least {least} {what}, not {value}");
    }

    private static void Finite(double value, string what)
    {
        if (!(value >= 0 && value < double.PositiveInfinity))
            throw new ArgumentException($"the {what} of a zoo is a number from 0, not {value}");
    }

    private void PerRun(IReadOnlyList<double>? values, string what)
    {
        if (values is null) return;
        if (values.Count != Runs) throw new ArgumentException($"{Runs} runs need as many values of the {what}, not {values.Count}");
        foreach (double value in values) Finite(value, what);
    }
}
