using WeightMem.Models.Generators.Gpt;

namespace WeightMem.Evaluation.Studies;

/// <summary>The modelling factors of G.pt (evaluation specification, 6.1 and 7.1): widths by the square root of 2 with the heads' size kept, depths by a third, as proposed there.</summary>
internal static class GptFactors
{
    /// <summary>The paper's training networks: accuracy and mean distance to the nearest other one.</summary>
    public static (double Accuracy, double Distance) PublishedTraining => (94.4, 3.64);

    /// <summary>The variants of a study; all are trained on the same zoo from the same seed.</summary>
    public static IReadOnlyList<SweepVariant> Of(StudyConfig config)
    {
        GptSettings g = config.Gpt ?? throw new ArgumentException("the configuration has no settings of gpt");
        int size = g.Width / g.Heads, third = Math.Max(1, (int)Math.Round(g.Layers / 3.0));
        int wide = Math.Max(g.Heads + 1, (int)Math.Round(g.Heads * Math.Sqrt(2))), narrow = Math.Max(1, Math.Min(g.Heads - 1, (int)Math.Round(g.Heads / Math.Sqrt(2))));
        SweepVariant Variant(string name, string label, GptSettings settings, double accuracy, double distance) =>
            new(name, label, config with { Gpt = settings }, Published: (accuracy, distance));
        return
        [
            Variant("default", "default", g, 94.0, 2.25),
            Variant("epochs-33", "33.3 % of the epochs", g with { TrainingSteps = Math.Max(1, g.TrainingSteps / 3) }, 94.0, 2.40),
            Variant("epochs-50", "50 % of the epochs", g with { TrainingSteps = Math.Max(1, g.TrainingSteps / 2) }, 94.0, 2.25),
            Variant("width-more", "+ dim and heads", g with { Width = wide * size, Heads = wide }, 93.6, 2.12),
            Variant("layers-more", "+ layers", g with { Layers = g.Layers + third }, 93.9, 2.08),
            Variant("width-less", "- dim and heads", g with { Width = Math.Max(size, narrow * size), Heads = narrow }, 93.6, 2.51),
            Variant("layers-less", "- layers", g with { Layers = Math.Max(1, g.Layers - third) }, 86.6, 3.70),
            Variant("dropout-10", "dropout 10 %", g with { Dropout = 0.1 }, 93.7, 2.27),
            Variant("dropout-20", "dropout 20 %", g with { Dropout = 0.2 }, 92.5, 3.13),
        ];
    }
}
