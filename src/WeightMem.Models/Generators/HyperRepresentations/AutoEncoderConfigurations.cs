namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>The stand-in for the published sizes, whose configuration is not public, and its variants: the parameter counts and their ratios are those of the paper's table.</summary>
public static class AutoEncoderConfigurations
{
    /// <summary>222.8 M parameters on <c>cnn-small</c>.</summary>
    public static AutoEncoderSettings Published { get; } = new();

    /// <summary>The size variants of the paper's table of modelling factors, by the table's names.</summary>
    public static IReadOnlyDictionary<string, AutoEncoderSettings> SizeVariants { get; } = new Dictionary<string, AutoEncoderSettings>
    {
        ["+dim"] = Published with { Width = 2304, Heads = 16, Hidden = 2112 },
        ["-dim"] = Published with { Width = 1152, Heads = 8, Hidden = 1056 },
        ["+layer"] = Published with { Blocks = 8 },
        ["-layer"] = Published with { Blocks = 2 },
    };
}
