namespace WeightMem.Models.Generators.Gpt;

/// <summary>The published configurations (specification 2.5, 6), by name.</summary>
public static class GptConfigurations
{
    /// <summary>
    /// <c>mnist_loss</c> as published: 378,283,008 parameters for the 784-10-10 network, 2,000 epochs of 89 steps.
    /// </summary>
    public static GptSettings MnistLoss { get; } = new();

    /// <summary>The size variants of the paper's table of modelling factors, by the table's names.</summary>
    public static IReadOnlyDictionary<string, GptSettings> SizeVariants { get; } = new Dictionary<string, GptSettings>
    {
        ["+dim"] = MnistLoss with { Width = 1920, Heads = 20 },
        ["-dim"] = MnistLoss with { Width = 1152, Heads = 12 },
        ["+layer"] = MnistLoss with { Layers = 20 },
        ["-layer"] = MnistLoss with { Layers = 6 },
    };
}
