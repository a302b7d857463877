using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Zoos;

/// <summary>
/// Trains populations: many runs of one target with SGD, a group of them in lockstep, with checkpoints that are judged on test images.
/// </summary>
/// <remarks>
/// A group depends on the settings and its number alone. <see cref="TrainAll"/> stores each one when it is trained and skips the stored
/// ones when it is called again: killed at any moment, it resumes to the bits of an unbroken run.
/// The training images stay on the device while the builder lives.
/// </remarks>
public sealed class ZooBuilder : IDisposable
{
    private const string DeviceKey = "zoo.device";

    private readonly Device _device;
    private readonly ILockstepTarget _target;
    private readonly ImageSet _train;
    private readonly ImageSet _test;
    private readonly ZooSettings _settings;
    private readonly Tensor _images;

    /// <summary>Checks that everything fits, and puts the training images on the device.</summary>
    /// <param name="device">Where to train.</param>
    /// <param name="target">What to train.</param>
    /// <param name="train">Images to train on.</param>
    /// <param name="test">Images to judge the checkpoints on.</param>
    /// <param name="settings">How to train.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the images do not fit the target.</exception>
    public ZooBuilder(Device device, ILockstepTarget target, ImageSet train, ImageSet test, ZooSettings settings)
    {
        target.CheckImages(train);
        target.CheckImages(test);
        settings.Validate(train.Count);
        _device = device;
        _target = target;
        _train = train;
        _test = settings.EvaluationImages > 0 ? test.Take(settings.EvaluationImages) : test;
        _settings = settings;
        _images = device.Persistent((train.Count, train.Features), device.FloatType);
        device.WriteFloats(_images, train.Pixels);
    }

    /// <summary>Number of groups; the last may be smaller than the others.</summary>
    public int Groups => _settings.Groups;

    /// <summary>Trains all runs.</summary>
    /// <param name="device">Where to train.</param>
    /// <param name="target">What to train.</param>
    /// <param name="train">Images to train on.</param>
    /// <param name="test">Images to judge the checkpoints on.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="progress">Called every few dozen steps and after each group, on the calling thread.</param>
    /// <param name="cancellation">Stops between steps; nothing is returned then.</param>
    /// <returns>Runs times checkpoints rows, as <see cref="TrainGroup"/> gives them.</returns>
    /// <exception cref="ArgumentException">A setting is out of range, or the images do not fit the target.</exception>
    /// <exception cref="TrainingDivergedException">A run's loss or weights are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Population Train(
        Device device, ILockstepTarget target, ImageSet train, ImageSet test, ZooSettings settings, Action<ZooProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using var builder = new ZooBuilder(device, target, train, test, settings);
        var groups = new List<Population>();
        for (int group = 0; group < builder.Groups; group++) groups.Add(builder.TrainGroup(group, progress, cancellation));
        return Population.Join(groups);
    }

    /// <summary>Trains the groups that are not stored yet, stores each one as a shard, and reads all of them as one population.</summary>
    /// <param name="shards">The groups stored before, and where the others go.</param>
    /// <param name="progress">Called every few dozen steps and after each group, on the calling thread.</param>
    /// <param name="cancellation">Stops between steps; the groups that are done stay stored.</param>
    /// <returns>Rows as <see cref="TrainGroup"/> gives them, group by group. The shards are still there.</returns>
    /// <exception cref="ArgumentException">The shards are left from another training: the message names what differs.</exception>
    /// <exception cref="WeightMem.Formats.FileWriteException">A shard cannot be written.</exception>
    /// <exception cref="TrainingDivergedException">A run's loss or weights are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Population TrainAll(PopulationShards shards, Action<ZooProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (shards.Count > 0)
        {
            string? other = shards.Target != _target.Name ? "target" : Provenance().Where(p =>
                p.Key != DeviceKey && shards.Provenance.GetValueOrDefault(p.Key) != p.Value).Select(p => p.Key).FirstOrDefault();
            if (other is not null || shards.Count > Groups)
            {
                throw new ArgumentException(
                    $"{shards.Folder} is left from another training ({other ?? "zoo.runs"} differs): remove it, or choose another place");
            }
        }

        while (shards.Count < Groups) shards.Append(TrainGroup(shards.Count, progress, cancellation));
        return PopulationFile.Read(shards.Folder);
    }

    /// <summary>Trains and judges the runs of one group.</summary>
    /// <param name="group">Which, from 0 to <see cref="Groups"/> - 1, in any order.</param>
    /// <param name="progress">Called every few dozen steps and at the end, on the calling thread.</param>
    /// <param name="cancellation">Stops between steps; nothing is returned then.</param>
    /// <returns>
    /// Rows by run, then by step. Loss and Score are those on the test images; the metrics <c>train_loss</c> (nats) and
    /// <c>train_error</c> (percent) are those of the step's minibatch before its update, and for step 0 those of the first minibatch.
    /// Error masks are not kept.
    /// </returns>
    /// <exception cref="TrainingDivergedException">A run's loss or weights are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Population TrainGroup(int group, Action<ZooProgress>? progress = null, CancellationToken cancellation = default)
    {
        if ((uint)group >= (uint)Groups) throw new ArgumentOutOfRangeException(nameof(group), $"group {group} of {Groups}");
        Population population;
        using (_device.Scope())
        {
            var training = new LockstepGroup(_device, _target, _images, _train.Labels, _train.Classes, _settings, group);
            population = training.Run(progress, cancellation);
        }

        // Judged here and not step by step: all checkpoints of the group are one pass over the test images.
        _target.Evaluate(_device, population, _test);
        population.Wrong = null;
        for (int i = 0; i < population.Count; i++)
        {
            if (float.IsFinite(population.Loss![i])) continue;
            (int run, int step) = (population.Run[i], population.Step[i]);
            throw new TrainingDivergedException(_target.Name, run, step, LockstepGroup.RateAt(_settings, _train.Count, run, step));
        }

        foreach ((string key, string value) in Provenance()) population.Provenance[key] = value;
        return population;
    }

    /// <summary>Releases the training images.</summary>
    public void Dispose() => _images.Dispose();

    private Dictionary<string, string> Provenance() => new(_settings.Describe())
    {
        ["zoo.train_images"] = _train.Name,
        ["zoo.test_images"] = _test.Name,
        [DeviceKey] = _device.Name,
    };
}
