using WeightMem.Evaluation.Measures;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>A baseline of a study.</summary>
/// <param name="Generator">The baseline.</param>
/// <param name="Source">The networks it is fitted to.</param>
/// <param name="Count">How many networks of it are made.</param>
internal sealed record StudyBaseline(BaselineGenerator Generator, Population Source, int Count);

/// <summary>The baselines of a study on disk.</summary>
internal static class BaselineStage
{
    /// <summary>Makes those that are not there.</summary>
    public static void Run(StudyContext context, IEnumerable<StudyBaseline> baselines, CancellationToken cancellation)
    {
        foreach (StudyBaseline baseline in baselines)
        {
            string path = context.Folder.Baseline(baseline.Generator.Name);
            if (context.Has(path)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            baseline.Generator.Fit(baseline.Source, cancellation);
            PopulationFile.Write(path, baseline.Generator.Sample(baseline.Count, context.Config.Seed, cancellation));
        }
    }

    /// <summary>Reads what <see cref="Run"/> made.</summary>
    public static IEnumerable<NamedPopulation> Read(StudyContext context, IEnumerable<StudyBaseline> baselines) =>
        baselines.Select(b => new NamedPopulation(b.Generator.Name, PopulationFile.Read(context.Folder.Baseline(b.Generator.Name))));
}
