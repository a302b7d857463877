using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Generators.PDiff;

namespace WeightMem.Evaluation.Studies;

/// <summary>What the paper prints of one variant: quality (accuracy in percent; for shapes the minimum matching distance) and mean distance to the nearest training network.</summary>
/// <param name="Quality">Accuracy, or minimum matching distance.</param>
/// <param name="Distance">Mean min L2.</param>
public readonly record struct PublishedFactor(double Quality, double Distance);

/// <summary>
/// The modelling factors (evaluation specification, 6.1 and 7.1): widths by the square root of 2 with the heads' size kept, depths by a third, input noise of 3 % of the weights'
/// deviation, as proposed there. P-diff is not in the paper's table; it has neither heads nor dropout, so its factors are those it has.
/// </summary>
internal static class ModellingFactors
{
    private const double Noise = 0.03;

    /// <summary>The paper's training networks; null where it has none.</summary>
    public static PublishedFactor? Training(string method) => method switch
    {
        "gpt" => new(94.4, 3.64),
        "hyper-representations" => new(65.2, 50.0),
        "hyperdiffusion" => new(0.026, 109.5),
        _ => null,
    };

    /// <summary>The variants of a study; all learn from the same zoo with the same seed.</summary>
    /// <exception cref="ArgumentException">The configuration has no settings of its method.</exception>
    public static IReadOnlyList<SweepVariant> Of(StudyConfig config) => config switch
    {
        { Method: "gpt", Gpt: { } g } => OfGpt(config, g),
        { Method: "hyper-representations", HyperRepresentations: { } h } => OfHyperRepresentations(config, h),
        { Method: "hyperdiffusion", HyperDiffusion: { } d } => OfHyperDiffusion(config, d),
        { Method: "p-diff", PDiff: { } p } => OfPDiff(config, p),
        _ => throw new ArgumentException($"the configuration has no settings of {config.Method}"),
    };

    private static IReadOnlyList<SweepVariant> OfGpt(StudyConfig config, GptSettings g)
    {
        (int more, int less) = Heads(g.Heads);
        int size = g.Width / g.Heads, third = Third(g.Layers);
        return Table(
            v => config with { Gpt = v },
            [
                (g, new(94.0, 2.25)),
                (g with { TrainingSteps = Part(g.TrainingSteps, 3) }, new(94.0, 2.40)),
                (g with { TrainingSteps = Part(g.TrainingSteps, 2) }, new(94.0, 2.25)),
                (g with { Width = more * size, Heads = more }, new(93.6, 2.12)),
                (g with { Layers = g.Layers + third }, new(93.9, 2.08)),
                (g with { Width = less * size, Heads = less }, new(93.6, 2.51)),
                (g with { Layers = Math.Max(1, g.Layers - third) }, new(86.6, 3.70)),
                (g with { Dropout = 0.1 }, new(93.7, 2.27)),
                (g with { Dropout = 0.2 }, new(92.5, 3.13)),
                (g with { InputNoise = Noise }, new(92.9, 2.37)),
            ]);
    }

    private static IReadOnlyList<SweepVariant> OfHyperRepresentations(StudyConfig config, AutoEncoderSettings h)
    {
        (int more, int less) = Heads(h.Heads);
        int size = h.Width / h.Heads, third = Third(h.Blocks);
        return Table(
            v => config with { HyperRepresentations = v },
            [
                (h, new(57.5, 8.11)),
                (h with { Epochs = Part(h.Epochs, 3) }, new(33.8, 7.86)),
                (h with { Epochs = Part(h.Epochs, 2) }, new(47.1, 7.97)),
                (h with { Width = more * size, Heads = more, Hidden = h.Hidden * more / h.Heads }, new(50.1, 8.06)),
                (h with { Blocks = h.Blocks + third }, new(55.9, 8.09)),
                (h with { Width = less * size, Heads = less, Hidden = h.Hidden * less / h.Heads }, new(44.1, 7.93)),
                (h with { Blocks = Math.Max(1, h.Blocks - third) }, new(42.2, 7.93)),
                (h with { Dropout = 0.1 }, new(53.9, 7.76)),
                (h with { Dropout = 0.2 }, new(44.7, 7.26)),
                (h with { InputNoise = h.InputNoise + Noise }, new(57.8, 8.14)),
            ]);
    }

    private static IReadOnlyList<SweepVariant> OfHyperDiffusion(StudyConfig config, HyperDiffusionSettings d)
    {
        (int more, int less) = Heads(d.Heads);
        int size = d.Width / d.Heads, third = Third(d.Layers);
        return Table(
            v => config with { HyperDiffusion = v },
            [
                (d, new(0.036, 7.03)),
                (d with { TrainingSteps = Part(d.TrainingSteps, 3) }, new(0.035, 7.40)),
                (d with { TrainingSteps = Part(d.TrainingSteps, 2) }, new(0.034, 4.74)),
                (d with { Width = more * size, Heads = more }, new(0.034, 2.69)),
                (d with { Layers = d.Layers + third }, new(0.036, 3.32)),
                (d with { Width = less * size, Heads = less }, new(0.039, 22.47)),
                (d with { Layers = Math.Max(1, d.Layers - third) }, new(0.033, 3.17)),
                (d with { Dropout = 0.1 }, new(0.035, 5.10)),
                (d with { Dropout = 0.2 }, new(0.034, 6.08)),
                (d with { InputNoise = d.InputNoise + Noise }, new(0.033, 3.24)),
            ]);
    }

    private static IReadOnlyList<SweepVariant> OfPDiff(StudyConfig config, PDiffSettings p)
    {
        PDiffSettings Shorter(int parts) => p with { AutoencoderSteps = Part(p.AutoencoderSteps, parts), DenoiserSteps = Part(p.DenoiserSteps, parts) };
        PDiffSettings Wider(double factor) => p with { AutoencoderChannels = [.. p.AutoencoderChannels.Select(c => Scaled(c, factor))], DenoiserChannels = [1, .. p.DenoiserChannels.Skip(1).SkipLast(1).Select(c => Scaled(c, factor)), 1] };
        SweepVariant Variant(string name, string label, PDiffSettings settings) => new(name, label, config with { PDiff = settings });
        return
        [
            Variant("default", "default", p),
            Variant("epochs-33", "33.3 % of the epochs", Shorter(3)),
            Variant("epochs-50", "50 % of the epochs", Shorter(2)),
            Variant("width-more", "+ channels", Wider(Math.Sqrt(2))),
            Variant("width-less", "- channels", Wider(1 / Math.Sqrt(2))),
            Variant("latent-noise-0", "no latent noise", p with { LatentNoise = 0 }),
            Variant("input-noise", "Gaussian noise", p with { InputNoise = p.InputNoise + Noise }),
        ];
    }

    /// <summary>The paper's ten rows, in its order.</summary>
    private static IReadOnlyList<SweepVariant> Table<TSettings>(Func<TSettings, StudyConfig> study, (TSettings Settings, PublishedFactor Published)[] rows)
    {
        (string Name, string Label)[] names =
        [
            ("default", "default"), ("epochs-33", "33.3 % of the epochs"), ("epochs-50", "50 % of the epochs"), ("width-more", "+ dim and heads"), ("layers-more", "+ layers"),
            ("width-less", "- dim and heads"), ("layers-less", "- layers"), ("dropout-10", "dropout 10 %"), ("dropout-20", "dropout 20 %"), ("input-noise", "Gaussian noise"),
        ];

        // A setting that is the default already, such as a published dropout of 10 %, would train the same generator twice; so would a depth that cannot be less.
        return [.. names.Zip(rows).Where((row, i) => i == 0 || !Equals(row.Second.Settings, rows[0].Settings))
            .Select(row => new SweepVariant(row.First.Name, row.First.Label, study(row.Second.Settings), Published: row.Second.Published))];
    }

    private static (int More, int Less) Heads(int heads) =>
        (Math.Max(heads + 1, (int)Math.Round(heads * Math.Sqrt(2))), Math.Max(1, Math.Min(heads - 1, (int)Math.Round(heads / Math.Sqrt(2)))));

    private static int Third(int layers) => Math.Max(1, (int)Math.Round(layers / 3.0));

    private static int Part(int steps, int parts) => Math.Max(1, steps / parts);

    private static int Scaled(int channels, double factor) => Math.Max(1, (int)Math.Round(channels * factor));
}
