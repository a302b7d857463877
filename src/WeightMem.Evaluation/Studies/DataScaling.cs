using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Generators.HyperRepresentations;

namespace WeightMem.Evaluation.Studies;

/// <summary>
/// Data scaling (evaluation specification, 7.3): nested subsets, 1/8, 1/4, 1/2 and all of the training runs, or of the checkpoints where there is one run; the same held-out networks.
/// </summary>
internal static class DataScaling
{
    /// <summary>The variants of a study.</summary>
    /// <param name="config">The study.</param>
    /// <param name="fixedEpochs">Whether all pass over their networks equally often, and so make fewer steps with fewer; else all make as many steps.</param>
    public static IReadOnlyList<SweepVariant> Of(StudyConfig config, bool fixedEpochs)
    {
        (int all, string what) = config.Trajectory is { } trajectory ? (trajectory.Checkpoints, "checkpoints") : (config.Zoo.Runs - config.HeldoutRuns, "runs");
        int[] sizes = [.. new[] { all / 8, all / 4, all / 2 }.Where(n => n >= 2 && (config.HyperRepresentations is not { } h || n * config.Zoo.SavedPerRun >= h.Batch)).Distinct()];
        string how = fixedEpochs ? "as often each" : "in as many steps";
        return
        [
            .. sizes.Select(n => new SweepVariant(
                $"{what}-{n}", $"{n} training {what}",
                WithLength(config, n, all, fixedEpochs) with
                {
                    GeneratedFromKnownStarts = Math.Min(config.GeneratedFromKnownStarts, n),
                    Deviations = [.. config.Deviations, $"Trained on the first {n} of {all} training {what} of one zoo, {how}; the held-out networks are the same for all sizes."],
                },
                n)),
            new SweepVariant($"{what}-{all}", $"{all} training {what}", config, all),
        ];
    }

    /// <summary>Whether the variants of a sweep are these.</summary>
    public static bool IsOf(IReadOnlyList<SweepVariant> variants) => variants.All(v => v.TrainingRuns is not null);

    /// <summary>Z_U, AUC and the rate of duplicates against the size, up to the order of hidden units where the target has one.</summary>
    public static Figure Figure(IReadOnlyList<SweepVariant> variants, IReadOnlyList<IndexedStudy> studies)
    {
        (SweepVariant Variant, EvaluationDocument Document)[] sorted = [.. variants.Zip(studies, (v, s) => (Variant: v, s.Document)).OrderBy(p => p.Variant.TrainingRuns)];
        return ScalingFigure.Draw(
            variants[0].Config.Trajectory is null ? "training runs" : "checkpoints",
            [
                new ScalingPanel("z_u", "Z_U", 0, Points("data_copying", t => (t.Value, t.Interval?.Lo, t.Interval?.Hi))),
                new ScalingPanel("auc", "AUC", 0.5, Points("data_copying", t => (Detail(t, "auc"), Detail(t, "auc_low"), Detail(t, "auc_high")))),
                new ScalingPanel("duplicate_rate", "duplicates", 0.01, Points("duplicates", t => (t.Value, t.Interval?.Lo, t.Interval?.Hi))),
            ]);

        ScalingPoint[] Points(string test, Func<TestResult, (double? Value, double? Low, double? High)> read) => [.. sorted.Select(p =>
        {
            TestResult? result = p.Document.Tests.GetValueOrDefault(test + "_aligned") ?? p.Document.Tests.GetValueOrDefault(test);
            (double? value, double? low, double? high) = result is null ? default : read(result);
            return new ScalingPoint(p.Variant.TrainingRuns!.Value, value ?? double.NaN, low ?? double.NaN, high ?? double.NaN, result?.N ?? 0);
        })];

        double? Detail(TestResult result, string name) => result.Details.GetValueOrDefault(name);
    }

    /// <summary>The training's length: three generators count it in steps, the auto-encoder of Hyper-Representations in epochs.</summary>
    private static StudyConfig WithLength(StudyConfig config, int part, int all, bool fixedEpochs)
    {
        if (config.HyperRepresentations is { } encoder)
            return fixedEpochs ? config : config with { HyperRepresentations = encoder with { Epochs = (int)Math.Round((double)encoder.Epochs * Steps(encoder, all) / Steps(encoder, part)) } };
        return fixedEpochs
            ? config with
            {
                Gpt = config.Gpt is { } gpt ? gpt with { TrainingSteps = Share(gpt.TrainingSteps), WarmupSteps = gpt.WarmupSteps * part / all } : null,
                HyperDiffusion = config.HyperDiffusion is { } diffusion ? diffusion with { TrainingSteps = Share(diffusion.TrainingSteps) } : null,
                PDiff = config.PDiff is { } latent ? latent with { AutoencoderSteps = Share(latent.AutoencoderSteps), DenoiserSteps = Share(latent.DenoiserSteps) } : null,
            }
            : config;

        int Steps(AutoEncoderSettings settings, int runs) => runs * config.Zoo.SavedPerRun / settings.Batch;

        int Share(int steps) => Math.Max(1, (int)((long)steps * part / all));
    }
}
