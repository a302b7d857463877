using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>Studies of HyperDiffusion that differ in what is done to the fields it learns from.</summary>
internal static class FieldVariations
{
    private static readonly int[] AddedPermutations = [1, 3, 7];

    /// <summary>Relabelled hidden units: permutations added that all networks share, or of each network's own (evaluation specification, 7.5).</summary>
    /// <exception cref="ArgumentException">The configuration is of another method.</exception>
    public static IReadOnlyList<SweepVariant> Permutations(StudyConfig config)
    {
        HyperDiffusionSettings settings = config.HyperDiffusion ?? throw Wrong(config);
        return
        [
            new("plain", "no added permutation", config),
            .. from mode in new[] { PermutationMode.Shared, PermutationMode.PerNet }
               from count in AddedPermutations
               let shared = mode == PermutationMode.Shared
               select new SweepVariant(
                   $"{(shared ? "shared" : "per-net")}-{count}", $"+{count}, {(shared ? "shared" : "each its own")}",
                   config with { HyperDiffusion = settings with { PermutationMode = mode, Permutations = count } }),
        ];
    }

    /// <summary>The last layer, and all layers, replaced by random ones (7.2): what has no structure can only be learnt by heart.</summary>
    /// <exception cref="ArgumentException">The configuration is of another method.</exception>
    public static IReadOnlyList<SweepVariant> RandomWeights(StudyConfig config)
    {
        FieldSettings field = config.Field ?? throw Wrong(config);
        int layers = TargetCatalog.Create<FieldTarget>(config.Target, null).Net.Hidden + 1;
        return
        [
            new("plain", "fitted fields", config),
            new("random-1", "last layer random", config with { Field = field with { RandomLayers = 1 } }),
            new($"random-{layers}", "all layers random", config with { Field = field with { RandomLayers = layers } }),
        ];
    }

    private static ArgumentException Wrong(StudyConfig config) => new($"these studies are of hyperdiffusion, not of {config.Method}");
}
