using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>What a method's evaluation compares.</summary>
internal sealed record Comparison
{
    /// <summary>The method's name as people write it.</summary>
    public required string Title { get; init; }

    /// <summary>The networks that distances and similarities refer to.</summary>
    public required Population Reference { get; init; }

    /// <summary>Networks that distances are measured to beside <see cref="Reference"/>.</summary>
    public IReadOnlyList<DistanceReference> References { get; init; } = [];

    /// <summary>What is judged, in the order of the report.</summary>
    public required IReadOnlyList<NamedPopulation> Populations { get; init; }

    /// <summary>What the method's own populations say, in words for the report; null for nothing.</summary>
    public Func<IReadOnlyList<PopulationMeasures>, string?>? Remark { get; init; }

    /// <summary>A method's own tests, of the measured populations; null for none.</summary>
    public Func<IReadOnlyList<PopulationMeasures>, IReadOnlyDictionary<string, TestResult>>? Tests { get; init; }

    /// <summary>A method's own figures; null for none.</summary>
    public Func<IReadOnlyList<PopulationMeasures>, IReadOnlyList<MethodFigure>>? Figures { get; init; }

    /// <summary>How the numbers were made, by name.</summary>
    public required IReadOnlyDictionary<string, string> Provenance { get; init; }

    /// <summary>Training loss of the generator.</summary>
    public IReadOnlyList<LossPoint> TrainingLoss { get; init; } = [];

    /// <summary>Its test loss.</summary>
    public IReadOnlyList<LossPoint> TestLoss { get; init; } = [];
}

/// <summary>The evaluation stage of methods whose networks classify images.</summary>
internal static class ImageEvaluation
{
    /// <summary>Runs every network on the test images, measures, and writes numbers, figures and page.</summary>
    public static EvaluationDocument Run(StudyContext context, IImageTarget target, StudyImages images, Comparison comparison)
    {
        (StudyConfig config, Population reference) = (context.Config, comparison.Reference);
        foreach (Population population in comparison.Populations.Select(o => o.Population).Append(reference)) target.Evaluate(context.Device, population, images.Test);
        IReadOnlyList<PopulationMeasures> measured =
            Evaluator.Measure(context.Device, reference, comparison.Populations, config.Seed, config.Resamples, comparison.References, target);
        return EvaluationReport.Write(context.Folder.Root, measured, new ReportContext
        {
            Title = $"{comparison.Title} on {images.Test.Name.Split('/')[0]}, preset {config.Preset}",
            Seed = config.Seed,
            Resamples = config.Resamples,
            Provenance = new Dictionary<string, string>(comparison.Provenance) { ["data"] = images.Description },
            Remark = comparison.Remark?.Invoke(measured),
            Deviations = config.Deviations,
            Tests = comparison.Tests?.Invoke(measured) ?? new Dictionary<string, TestResult>(),
            Figures = comparison.Figures?.Invoke(measured) ?? [],
            GridResolution = config.GridResolution,
            CommandLine = context.CommandLine,
            Networks = (context.Device, target, images.Test),
            TrainingLoss = comparison.TrainingLoss,
            TestLoss = comparison.TestLoss,
        });
    }
}
