using System.Globalization;
using WeightMem.Formats.Safetensors;
using WeightMem.Models;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets.Networks;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>
/// The zoo stage of P-diff: a pre-trained network, a trajectory of consecutive updates to learn from, its later steps, and further runs from the same weights with other
/// images. The further runs are the held-out networks: they are what fine-tuning gives, and independent of each other; later steps of the one run are neither.
/// </summary>
internal sealed class TrajectoryZoo
{
    /// <summary>Name of the population of later steps.</summary>
    public const string Later = "heldout-later";

    private readonly StudyContext _context;
    private readonly StudyImages _images;
    private readonly TrajectorySettings _settings;
    private readonly NetworkDefinition _definition;
    private NetworkTarget? _target;

    public TrajectoryZoo(StudyContext context, StudyImages images)
    {
        (_context, _images) = (context, images);
        _settings = context.Config.Trajectory ?? throw new RunFolderException($"{context.Folder.Root}: the configuration has no settings of a trajectory");
        _settings.Validate();
        if (context.Config.HeldoutRuns < 1) throw new ArgumentException($"p-diff is judged by held-out runs, at least one, not {context.Config.HeldoutRuns}");
        _definition = NetworkCatalog.Of(context.Config.Target) ?? throw new ArgumentException($"p-diff takes one of {string.Join(", ", NetworkCatalog.All.Select(d => d.Name))}, not {context.Config.Target}");
    }

    /// <summary>Accuracy of the pre-trained network on the images that its best epoch was chosen on, in percent.</summary>
    public double BaseAccuracy { get; private set; }

    /// <summary>The target; pre-trains if that is not done yet.</summary>
    public NetworkTarget Target => _target ?? throw new InvalidOperationException("the network has not been pre-trained");

    /// <summary>File of the pre-trained weights.</summary>
    public string Pretrained => _context.Folder.File("pretrained.safetensors");

    private TrajectoryTrainer Trainer => new(
        _context.Device, _definition, _images.Train, _images.Test,
        NetworkTargets.Transform(_definition, _images.Train, _settings.LeastCropArea, _settings.Flips), _settings);

    /// <summary>Loads or makes the pre-trained network.</summary>
    public void Prepare(CancellationToken cancellation)
    {
        if (_target is not null) return;
        var shown = NetworkTargets.Transform(_definition, _images.Train, 1, false);
        var layout = NetworkTarget.LayoutOf(_definition, shown.Channels, _images.Train.Classes);
        string snapshot = _context.Folder.File("pretraining.safetensors");
        if (!_context.Has(Pretrained))
        {
            RequireMemory();
            _context.Progress.Stage($"pre-train {_definition.Name}: {_settings.PretrainingEpochs} epochs of {_images.Train.Count - _settings.ValidationImages} images");
            (Dictionary<string, float[]> state, double accuracy) = Trainer.Pretrain(
                snapshot, (done, loss) => _context.Progress.Advance(done, _settings.PretrainingEpochs, FormattableString.Invariant($"loss {loss:F3}")), _context.Progress.Note, cancellation);
            NetworkFile.Write(Pretrained, layout, state, new Dictionary<string, string>
            {
                ["network"] = _definition.Name,
                ["accuracy"] = accuracy.ToString("R", CultureInfo.InvariantCulture),
                ["chosen_on"] = _settings.ValidationImages > 0 ? "validation" : "test",
            });
        }

        Snapshots.Delete(snapshot); // also where a kill came before

        using (SafetensorsReader reader = SafetensorsReader.Open(Pretrained))
            BaseAccuracy = double.Parse(reader.Metadata.GetValueOrDefault("accuracy", "NaN"), CultureInfo.InvariantCulture);
        _target = new NetworkTarget(_definition, _images.Train, shown, NetworkFile.Read(Pretrained, layout));
    }

    /// <summary>The training trajectory and the held-out runs; later steps are in their own file.</summary>
    public (Population Training, Population Heldout) Run(CancellationToken cancellation)
    {
        Prepare(cancellation);
        RunFolder folder = _context.Folder;
        string later = folder.File(Later + ".h5");
        Dictionary<string, float[]>? state = null;
        if (!_context.Has(folder.Training) || (_settings.LaterCheckpoints > 0 && !_context.Has(later)))
        {
            int all = _settings.Checkpoints + _settings.LaterCheckpoints;
            _context.Progress.Stage($"trajectory: {all} consecutive updates of {Target.Layout.Count} values");
            Population run = Trainer.Run(
                Target, state ??= State(), 0, [.. Enumerable.Range(2, all)],
                (update, loss) => _context.Progress.Advance(update, all + 1, FormattableString.Invariant($"loss {loss:F3}")), cancellation);
            if (_settings.LaterCheckpoints > 0) PopulationFile.Write(later, run.Select([.. Enumerable.Range(_settings.Checkpoints, _settings.LaterCheckpoints)]));
            PopulationFile.Write(folder.Training, run.Select([.. Enumerable.Range(0, _settings.Checkpoints)]));
        }

        if (!_context.Has(folder.Heldout))
        {
            _context.Progress.Stage($"trajectory: {_context.Config.HeldoutRuns} held-out runs");
            int[] kept = [.. Enumerable.Range(1, _settings.HeldoutCheckpoints).Select(k => 1 + k * _settings.Checkpoints / _settings.HeldoutCheckpoints)];
            var shards = PopulationShards.Open(folder.Zoo.Shards, _context.Progress.Note);
            for (int run = shards.Count + 1; run <= _context.Config.HeldoutRuns; run++)
            {
                int number = run;
                shards.Append(Trainer.Run(
                    Target, state ??= State(), run, kept,
                    (update, loss) => _context.Progress.Advance(number - 1 + update / (double)kept[^1], _context.Config.HeldoutRuns, FormattableString.Invariant($"loss {loss:F3}")), cancellation));
            }

            PopulationFile.Write(folder.Heldout, PopulationFile.Read(folder.Zoo.Shards));
            shards.Delete();
        }

        PopulationShards.Discard(folder.Zoo.Shards); // a kill may have come before
        return (PopulationFile.Read(folder.Training), PopulationFile.Read(folder.Heldout));
    }

    /// <summary>The later steps of the training run, or null when there are none.</summary>
    public Population? ReadLater() => _settings.LaterCheckpoints > 0 ? PopulationFile.Read(_context.Folder.File(Later + ".h5")) : null;

    /// <summary>Says what the run takes before it takes it, and ends where the device has not got that.</summary>
    /// <exception cref="InsufficientMemoryException">The device has less.</exception>
    private void RequireMemory()
    {
        (long parameters, long bytes, long features) = Trainer.Needs();
        string needs = FormattableString.Invariant(
            $"{_definition.Name}: {parameters:N0} parameters; a training step takes about {bytes / 1e9:F1} GB on {_context.Device.Name}, the kept features of {_images.Test.Count} test images {features / 1e9:F1} GB of memory");
        _context.Progress.Note(needs);
        long available = _context.Device.AvailableBytes;
        if (bytes > available) throw new InsufficientMemoryException(FormattableString.Invariant($"{needs}; {available / 1e9:F1} GB are free: a smaller preset fits"));
    }

    private Dictionary<string, float[]> State() => NetworkFile.Read(Pretrained, Target.Whole);
}
