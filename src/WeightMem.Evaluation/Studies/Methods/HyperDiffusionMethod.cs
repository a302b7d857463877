using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>HyperDiffusion: a field fitted to each shape, a diffusion of the fields' weights, and shapes made of what it samples.</summary>
internal sealed class HyperDiffusionMethod : IStudyMethod
{
    private readonly StudyContext _context;
    private readonly StudyConfig _config;
    private readonly RunFolder _folder;
    private readonly IStudyProgress _progress;
    private readonly HyperDiffusionSettings _settings;
    private readonly FieldSettings _fields;
    private readonly FieldTarget _target;
    private readonly HyperDiffusionGenerator _generator;
    private readonly IShapeSource _shapes;

    public HyperDiffusionMethod(StudyContext context)
    {
        (_context, _config, _folder, _progress) = (context, context.Config, context.Folder, context.Progress);
        _settings = _config.HyperDiffusion ?? throw new RunFolderException($"{_folder.Root}: the configuration has no settings of hyperdiffusion");
        FieldSettings fields = _config.Field ?? throw new RunFolderException($"{_folder.Root}: the configuration does not say how fields are fitted");
        _fields = fields with { Seed = _config.Zoo.Seed, GroupSize = _config.Zoo.GroupSize };
        _target = TargetCatalog.Create<FieldTarget>(_config.Target, null);
        _generator = new HyperDiffusionGenerator(context.Device, _target, _settings);
        _generator.RequireMemory(_config.Zoo.Runs - _config.HeldoutRuns); // before hours go into a zoo that cannot be used
        _shapes = ShapeSources.Open(context);
    }

    public ITarget Target => _target;

    public IReadOnlyDictionary<string, string> Inputs => new Dictionary<string, string> { [_shapes.Name] = _shapes.Hash };

    public string TrainingPath => _generator.TrainingPath;

    public (Population Training, Population Heldout) Zoo(CancellationToken cancellation)
    {
        StoredZoo stored = _folder.Zoo;
        if (stored.Read(_progress.Note) is { } done) return done;
        if (_shapes is ProceduralAirplanes airplanes)
        {
            _progress.Stage($"shapes: {_shapes.Description}");
            ShapeFolder.Write(_folder.File("shapes"), airplanes, (count, of) => _progress.Advance(count, of, "airplanes"), cancellation);
        }

        var zoo = new FieldZoo(_context.Device, _target, _shapes, _fields);
        _progress.Stage($"zoo: {zoo.Ids.Count} fields of {_target.Name}, {_fields.Samples} samples each");
        PopulationShards shards = stored.OpenShards(_progress.Note);
        Population all = zoo.FitAll(
            shards,
            p => _progress.Advance(
                p.RunsDone + (double)p.Step / p.Steps * (p.Group == 0 ? 1 : Math.Min(_fields.GroupSize, p.Runs - p.RunsDone)), p.Runs,
                FormattableString.Invariant($"{p.StepsPerSecond:F1} steps/s, {p.ModelsPerSecond:F2} fields/s")),
            cancellation);
        return stored.Write(Part(0, _shapes.Training.Count), Part(_shapes.Training.Count, all.Count - _shapes.Training.Count), shards);

        Population Part(int first, int count)
        {
            Population part = all.Select([.. Enumerable.Range(first, count)]);
            part.Provenance["shapes"] = string.Join(',', zoo.Ids.Skip(first).Take(count));
            return part;
        }
    }

    public void Train(Population training, CancellationToken cancellation) => TrainingStage.Run(_context, _generator, training, cancellation);

    public void Sample(Population training, Population heldout, CancellationToken cancellation)
    {
        if (_context.Has(_folder.Generated)) return;
        _progress.Stage($"sample: {_config.Generated} networks");
        PopulationFile.Write(_folder.Generated, _generator.Sample(_config.Generated, _config.Seed, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
    }

    public void Baselines(Population training, CancellationToken cancellation) => BaselineStage.Run(_context, AllBaselines(training), cancellation);

    public EvaluationDocument Evaluate(Population training, Population heldout, IReadOnlyDictionary<string, string> provenance)
    {
        var others = new List<NamedPopulation> { new("generated", PopulationFile.Read(_folder.Generated)), new("heldout", heldout) };
        others.AddRange(BaselineStage.Read(_context, AllBaselines(training)));
        // A generator that learnt from relabelled copies may return one of those.
        DistanceReference[] references = _settings.Permutations == 0
            ? [] : [new("min_l2_augmented", HyperDiffusionData.Augmented(training, _target, _settings))];
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(_context.Device, training, others, _config.Seed, _config.Resamples, references, _target);
        ShapeFindings shapes = new ShapeEvaluation(_context, _target, _shapes).Run(measured);
        return EvaluationReport.Write(_folder.Root, shapes.Rated(measured), new ReportContext
        {
            Title = $"HyperDiffusion on {_shapes.Name.Replace('-', ' ')}, preset {_config.Preset}",
            Seed = _config.Seed,
            Resamples = _config.Resamples,
            Device = _context.Device,
            Target = _target,
            Provenance = Provenance(provenance),
            Remark = shapes.Remark,
            Deviations = _config.Deviations,
            CommandLine = _context.CommandLine,
            Estimates = shapes.Summaries,
            Figures = shapes.Figures,
            TrainingLoss = [.. _generator.Losses.Select((loss, step) => new LossPoint(step + 1, loss))],
        });
    }

    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        HyperDiffusionSnapshot snapshot = HyperDiffusionFile.Read(_folder.Generator, _target.Name);
        if (snapshot.Step < _settings.TrainingSteps)
            throw new RunFolderException($"{_folder.Root} stopped at step {snapshot.Step} of {_settings.TrainingSteps}: run the same command again to finish its training");
        _generator.Load(PopulationFile.Read(_folder.Training), snapshot);
        _progress.Stage($"sample: {count} networks");
        return _generator.Sample(count, seed, cancellation);
    }

    public void Dispose() => _generator.Dispose();

    private IEnumerable<StudyBaseline> AllBaselines(Population training) => _config.NoiseAmplitudes.Select(
        amplitude => new StudyBaseline(new NoiseBaseline(amplitude), training, _config.BaselineNetworks));

    private Dictionary<string, string> Provenance(IReadOnlyDictionary<string, string> common) => new(common)
    {
        ["data"] = _shapes.Description,
        ["generator"] = FormattableString.Invariant($"hyperdiffusion, {_generator.ParameterCount:N0} parameters, {_settings.TrainingSteps} steps of {_settings.Batch} networks"),
        ["weight scale"] = FormattableString.Invariant($"times {_settings.NormalizationFactor}{(_settings.CenterWeights ? ", mean network subtracted" : "")}"),
        ["permutations"] = _settings.Permutations == 0 ? "none" : $"{_settings.Permutations} beside the identity, {_settings.PermutationMode}",
        ["noise amplitudes"] = "in weight units",
        ["seeds"] = $"study {_config.Seed}, zoo {_config.Zoo.Seed}, generator {_settings.Seed}",
    };
}
