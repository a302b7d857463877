using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>The zoo stage of methods whose networks are trained from scratch, many at once: a shard per group, then training and held-out runs.</summary>
internal static class LockstepZoo
{
    /// <summary>Trains what is missing.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the groups that are done stay.</exception>
    public static (Population Training, Population Heldout) Run(StudyContext context, ILockstepTarget target, StudyImages images, CancellationToken cancellation)
    {
        (RunFolder folder, IStudyProgress progress, ZooSettings settings) = (context.Folder, context.Progress, context.Config.Zoo);
        if (context.Has(folder.Training) && context.Has(folder.Heldout))
        {
            PopulationShards.Discard(folder.ZooShards); // a kill may have come before
            return (PopulationFile.Read(folder.Training), PopulationFile.Read(folder.Heldout));
        }

        progress.Stage($"zoo: {settings.Runs} runs of {target.Name} on {images.Train.Name}");
        using var builder = new ZooBuilder(context.Device, target, images.Train, images.Test, settings);
        var shards = PopulationShards.Open(folder.ZooShards, progress.Note);
        Population zoo = builder.TrainAll(
            shards,
            p => progress.Advance(
                p.RunsDone + (double)p.Step / p.Steps * Math.Min(settings.GroupSize, p.Runs - p.RunsDone), p.Runs,
                FormattableString.Invariant($"{p.ModelsPerSecond:F1} networks/s")),
            cancellation);
        FilteredRuns filtered = RunFilter.Apply(zoo);
        if (filtered.DroppedRuns.Count > 0) progress.Note($"dropped {filtered.DroppedRuns.Count} runs with weights beyond {RunFilter.PublishedLimit}");
        PopulationSplit split = PopulationSplit.ByRun(filtered.Kept, context.Config.HeldoutRuns);
        PopulationFile.Write(folder.Heldout, split.Heldout);
        PopulationFile.Write(folder.Training, split.Training);
        shards.Delete();
        return (split.Training, split.Heldout);
    }
}
