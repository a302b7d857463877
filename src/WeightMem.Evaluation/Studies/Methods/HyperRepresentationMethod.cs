using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>
/// Hyper-Representations: an auto-encoder of small convolutional networks, sampled as its density estimate is meant, as it was published, and around single networks.
/// As in the paper, "training networks" are those that the auto-encoder returns, so that its own error is not taken for novelty; the networks as trained stand beside them.
/// </summary>
internal sealed class HyperRepresentationMethod : IStudyMethod, INamedSamplers, IReconstructsNetworks
{
    private readonly StudyContext _context;
    private readonly StudyConfig _config;
    private readonly RunFolder _folder;
    private readonly IStudyProgress _progress;
    private readonly StudyImages _images;
    private readonly ILockstepTarget _target;
    private readonly HyperRepresentationGenerator _generator;

    public HyperRepresentationMethod(StudyContext context)
    {
        (_context, _config, _folder, _progress) = (context, context.Config, context.Folder, context.Progress);
        AutoEncoderSettings settings = _config.HyperRepresentations
            ?? throw new RunFolderException($"{_folder.Root}: the configuration has no settings of hyper-representations");
        _images = StudyImages.Load(context);
        _target = TargetCatalog.Create<ILockstepTarget>(_config.Target, _images.Train);
        _generator = new HyperRepresentationGenerator(context.Device, _target, settings);
    }

    public ITarget Target => _target;

    public IReadOnlyDictionary<string, string> Inputs => _images.Hashes;

    public string TrainingPath => _generator.TrainingPath;

    /// <summary>The samplers of the report, and the populations that they make.</summary>
    private static IReadOnlyList<(string Sampler, string Population)> Samplers { get; } =
    [
        (LatentSampler.Kde30, "generated"), (LatentSampler.Kde30Reference, "generated-kde30-reference"), (LatentSampler.RowKde, "generated-row-kde"),
    ];

    private string Reconstructed => _folder.File("training-reconstructed.h5");

    private string Published => _folder.File("checkpoint_ae.pt");

    private string PublishedConfiguration => _folder.File("config_ae.json");

    private string HeldoutReconstructed => _folder.File("heldout-reconstructed.h5");

    public (Population Training, Population Heldout) Zoo(CancellationToken cancellation)
    {
        if (!File.Exists(_folder.Generator)) // before hours of a zoo, not after them
        {
            _generator.CheckMemory();
            _generator.Settings.RequireNetworks((_config.Zoo.Runs - _config.HeldoutRuns) * _config.Zoo.SavedPerRun);
        }

        return LockstepZoo.Run(_context, _target, _images, cancellation);
    }

    public void Train(Population training, CancellationToken cancellation)
    {
        bool published = File.Exists(Published) && File.Exists(PublishedConfiguration);
        TrainingStage.Run(_context, _generator, training, cancellation);
        if (!published) WritePublished(); // also where a kill came between
    }

    public void Sample(Population training, Population heldout, CancellationToken cancellation)
    {
        _progress.Stage("sample");
        foreach ((string path, Population networks) in new[] { (Reconstructed, training), (HeldoutReconstructed, heldout) })
        {
            if (!_context.Has(path)) PopulationFile.Write(path, _generator.Reconstruct(networks));
        }

        foreach ((string sampler, string population) in Samplers)
        {
            cancellation.ThrowIfCancellationRequested();
            string path = _folder.File(population + ".h5");
            if (!_context.Has(path)) PopulationFile.Write(path, _generator.Sample(sampler, _config.Generated, _config.Seed));
        }
    }

    public void Baselines(Population training, CancellationToken cancellation) => BaselineStage.Run(_context, AllBaselines(training), cancellation);

    public EvaluationDocument Evaluate(Population training, Population heldout, IReadOnlyDictionary<string, string> provenance)
    {
        Population reconstructed = PopulationFile.Read(Reconstructed), heldoutReconstructed = PopulationFile.Read(HeldoutReconstructed);
        int last = reconstructed.Step.Max();
        return ImageEvaluation.Run(_context, _target, _images, new Comparison
        {
            Title = "Hyper-Representations",
            Reference = reconstructed,
            References =
            [
                new DistanceReference("min_l2_raw", training),
                new DistanceReference("min_l2_reference", reconstructed.Select([.. Enumerable.Range(0, reconstructed.Count).Where(i => reconstructed.Step[i] == last)])),
            ],
            Populations =
            [
                .. Samplers.Select(s => new NamedPopulation(s.Population, PopulationFile.Read(_folder.File(s.Population + ".h5")))),
                new("heldout", heldoutReconstructed), new("training-raw", training), new("heldout-raw", heldout),
                .. BaselineStage.Read(_context, AllBaselines(training)),
            ],
            Remark = measured => HyperRepresentationReading.Of(measured, _target, _context.Device, _images.Test),
            Provenance = Provenance(provenance, training, heldout, reconstructed, heldoutReconstructed),
            TrainingLoss = [.. _generator.Losses.Select((loss, step) => new LossPoint(step + 1, loss))],
        });
    }

    public Population SampleFresh(int count, long seed, CancellationToken cancellation) => Sample(LatentSampler.Kde30, count, seed, cancellation);

    public Population Sample(string sampler, int count, long seed, CancellationToken cancellation)
    {
        LoadFinished();
        _progress.Stage($"sample: {count} networks by {sampler}");
        Population sampled = _generator.Sample(sampler, count, seed);
        _target.Evaluate(_context.Device, sampled, _images.Test);
        return sampled;
    }

    public SymmetryResult Symmetries(int networks, long seed)
    {
        if (_target is not IRescalableTarget target) throw new ArgumentException($"{_target.Name} has no known symmetries");
        Population training = LoadFinished();
        _progress.Stage("symmetry: transformed copies through the auto-encoder");
        return SymmetryStudy.Measure(_context.Device, target, training, networks, _generator.Reconstruct, _images.Test, seed);
    }

    public void Dispose() => _generator.Dispose();

    private void WritePublished() => AutoEncoderCheckpoint.Write(Published, PublishedConfiguration, _generator.Settings, _target.Layout, _generator.Weights());

    /// <summary>Loads the generator; returns its training networks.</summary>
    private Population LoadFinished()
    {
        Population training = PopulationFile.Read(_folder.Training);
        AutoEncoderSnapshot snapshot = AutoEncoderFile.Read(_folder.Generator, _target.Name);
        if (!_generator.IsFinished(snapshot, training))
            throw new RunFolderException($"{_folder.Root} stopped at step {snapshot.Step}: run the same command again to finish its training");
        _generator.Load(training, snapshot);
        return training;
    }

    private IEnumerable<StudyBaseline> AllBaselines(Population training)
    {
        int[] best = LatentSampler.Best(training.Score);
        Population source = PopulationFile.Read(Reconstructed).Select(best);
        return _config.NoiseAmplitudes.Select(a => new StudyBaseline(new NoiseBaseline(a), source, Math.Min(_config.BaselineNetworks, source.Count)));
    }

    private Dictionary<string, string> Provenance(
        IReadOnlyDictionary<string, string> common, Population training, Population heldout, Population reconstructed, Population heldoutReconstructed)
    {
        AutoEncoderSettings settings = _generator.Settings;
        (double loss, double rSquared) = _generator.ReconstructionError(training, reconstructed);
        (double heldoutLoss, double heldoutRSquared) = _generator.ReconstructionError(heldout, heldoutReconstructed);
        return new(common)
        {
            ["generator"] = FormattableString.Invariant(
                $"auto-encoder, {_generator.ParameterCount:N0} parameters, {settings.Latent} latent values, ")
                + FormattableString.Invariant($"{settings.Epochs} epochs of {training.Count / settings.Batch} steps of {settings.Batch} networks in two views"),
            ["reconstruction error"] = FormattableString.Invariant(
                $"training networks {loss:F4} (R² {rSquared:F3}), held-out networks {heldoutLoss:F4} (R² {heldoutRSquared:F3}), in squared deviations of each layer"),
            ["training networks"] = "as the auto-encoder returns them; all kept epochs, compared with those of other runs",
            ["noise amplitudes"] = string.Join(", ", _config.NoiseAmplitudes.Select(a => FormattableString.Invariant($"{a}")))
                + " in weight units, on the best 30 % of the training networks",
            ["min L2 as published"] = "only to the last kept epoch of each run",
            ["seeds"] = $"study {_config.Seed}, zoo {_config.Zoo.Seed}, generator {settings.Seed}; the published sampler has its own, 42",
        };
    }
}
