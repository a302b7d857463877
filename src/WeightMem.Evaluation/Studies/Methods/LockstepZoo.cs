using WeightMem.Engine.Devices;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>The zoo stage of networks that are trained from scratch, many at once: a shard per group, then training and held-out runs.</summary>
internal static class LockstepZoo
{
    /// <summary>Trains what is missing of a study's zoo.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the groups that are done stay.</exception>
    public static (Population Training, Population Heldout) Run(StudyContext context, ILockstepTarget target, StudyImages images, CancellationToken cancellation) =>
        Run(
            context.Device, context.Folder.Zoo, target, images.Train, images.Test, context.Config.Zoo, context.Config.HeldoutRuns, context.Progress, cancellation);

    /// <summary>Trains what is missing of a zoo.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the groups that are done stay.</exception>
    public static (Population Training, Population Heldout) Run(
        Device device, StoredZoo stored, ILockstepTarget target, ImageSet train, ImageSet test, ZooSettings settings, int heldoutRuns, IStudyProgress progress,
        CancellationToken cancellation)
    {
        if (stored.Read(progress.Note) is { } done) return done;
        PopulationSplit.Require(settings.Runs, heldoutRuns); // before the training, not after it
        progress.Stage($"zoo: {settings.Runs} runs of {target.Name} on {train.Name}");
        using var builder = new ZooBuilder(device, target, train, test, settings);
        PopulationShards shards = stored.OpenShards(progress.Note);
        Population zoo = builder.TrainAll(
            shards,
            p => progress.Advance(
                p.RunsDone + (double)p.Step / p.Steps * Math.Min(settings.GroupSize, p.Runs - p.RunsDone), p.Runs,
                FormattableString.Invariant($"{p.ModelsPerSecond:F1} networks/s")),
            cancellation);
        FilteredRuns filtered = RunFilter.Apply(zoo);
        if (filtered.DroppedRuns.Count > 0) progress.Note($"dropped {filtered.DroppedRuns.Count} runs with weights beyond {RunFilter.PublishedLimit}");
        PopulationSplit split = PopulationSplit.ByRun(filtered.Kept, heldoutRuns);
        return stored.Write(split.Training, split.Heldout, shards);
    }
}
