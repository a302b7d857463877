namespace WeightMem.Models.Generators.Baselines;

/// <summary>Units of a noise amplitude.</summary>
public enum NoiseUnits
{
    /// <summary>Of the weights themselves.</summary>
    Raw,

    /// <summary>
    /// Of normalised weights c * w, as the public evaluation of G.pt adds its noise: amplitude a is a / c in the units of the weights.
    /// </summary>
    Normalised,
}
