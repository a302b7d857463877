using System.Globalization;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>G.pt: prompted from starts that training never saw, once or again and again, and from starts that it knows.</summary>
internal sealed class GptMethod : IStudyMethod
{
    private readonly StudyContext _context;
    private readonly StudyConfig _config;
    private readonly GptSettings _settings;
    private readonly RunFolder _folder;
    private readonly IStudyProgress _progress;
    private readonly StudyImages _images;
    private readonly ILockstepTarget _target;
    private readonly GptGenerator _generator;

    public GptMethod(StudyContext context)
    {
        (_context, _config, _folder, _progress) = (context, context.Config, context.Folder, context.Progress);
        _settings = _config.Gpt ?? throw new RunFolderException($"{_folder.Root}: the configuration has no settings of gpt");
        _images = StudyImages.Load(context);
        _target = TargetCatalog.Create<ILockstepTarget>(_config.Target, _images.Train);

        // The images that losses are measured on, for conditioning.
        ImageSet conditioning = _config.Zoo.EvaluationImages > 0 ? _images.Test.Take(_config.Zoo.EvaluationImages) : _images.Test;
        _generator = new GptGenerator(context.Device, _target, conditioning, _settings);
    }

    public ITarget Target => _target;

    public IReadOnlyDictionary<string, string> Inputs => _images.Hashes;

    public string TrainingPath => _generator.TrainingPath;

    public (Population Training, Population Heldout) Zoo(CancellationToken cancellation)
    {
        // All of this before hours of a zoo that could not be used.
        RequireStarts(_config.Generated, _config.HeldoutRuns);
        RequireStarts(_config.GeneratedFromKnownStarts, _config.Zoo.Runs - _config.HeldoutRuns);
        if (_config.Zoo.KeptEpochs is { } kept && (kept.Count < 2 || kept[0] != 0))
            throw new ArgumentException($"gpt learns from pairs of checkpoints and is prompted with untrained networks: zoo.kept_epochs are 0 and one more at least, not {string.Join(", ", kept)}");
        return LockstepZoo.Run(_context, _target, _images, cancellation);
    }

    public void Train(Population training, CancellationToken cancellation) => TrainingStage.Run(_context, _generator, training, cancellation);

    public void Sample(Population training, Population heldout, CancellationToken cancellation)
    {
        if (!_context.Has(_folder.Generated))
        {
            _progress.Stage($"sample: {_config.Generated} networks from starts of held-out runs");
            PopulationFile.Write(_folder.Generated, _generator.SampleFrom(
                Starts(heldout, _config.Generated), _config.Seed, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }

        if (_config.RecursiveRounds > 1 && !_context.Has(_folder.GeneratedRecursively))
        {
            _progress.Stage($"sample: round 2 to {_config.RecursiveRounds} of recursive prompting");
            PopulationFile.Write(_folder.GeneratedRecursively, _generator.SampleRecursively(
                PopulationFile.Read(_folder.Generated), _config.RecursiveRounds - 1, _config.Seed + 1, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }

        if (_config.GeneratedFromKnownStarts > 0 && !_context.Has(_folder.GeneratedFromKnownStarts))
        {
            _progress.Stage($"sample: {_config.GeneratedFromKnownStarts} networks from starts of training runs");
            PopulationFile.Write(_folder.GeneratedFromKnownStarts, _generator.SampleFrom(
                Starts(training, _config.GeneratedFromKnownStarts), _config.Seed, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }
    }

    public void Baselines(Population training, CancellationToken cancellation) => BaselineStage.Run(_context, AllBaselines(training), cancellation);

    public EvaluationDocument Evaluate(Population training, Population heldout, IReadOnlyDictionary<string, string> provenance) =>
        ImageEvaluation.Run(_context, _target, _images, new Comparison
        {
            Title = "G.pt",
            Reference = training.Finals(),
            Populations = [.. Populations(heldout), .. BaselineStage.Read(_context, AllBaselines(training))],
            Provenance = Provenance(provenance),
            TrainingLoss = [.. _generator.Losses.Select((loss, step) => new LossPoint(step + 1, loss))],
            TestLoss = [new LossPoint(_generator.Losses.Count, _generator.TestLoss(heldout, Math.Max(1, 256 / _settings.Batch)))],
        });

    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        (GptSnapshot snapshot, Normalizer normalizer) = GptFile.Read(_folder.Generator, _target.Name);
        if (snapshot.Step < _settings.TrainingSteps)
            throw new RunFolderException($"{_folder.Root} stopped at step {snapshot.Step} of {_settings.TrainingSteps}: run the same command again to finish its training");
        _generator.Load(normalizer, snapshot);
        _progress.Stage($"sample: {count} networks from fresh initialisations");
        Population sampled = _generator.Sample(count, seed, cancellation);
        _target.Evaluate(_context.Device, sampled, _images.Test);
        return sampled;
    }

    public void Dispose() => _generator.Dispose();

    private IEnumerable<StudyBaseline> AllBaselines(Population training)
    {
        Population finals = training.Finals();
        return _config.NoiseAmplitudes.Select(amplitude => new StudyBaseline(
            new NoiseBaseline(amplitude, NoiseUnits.Normalised, _generator.Normalizer.Scale), finals, Math.Min(_config.BaselineNetworks, finals.Count)));
    }

    private IEnumerable<NamedPopulation> Populations(Population heldout)
    {
        yield return new("generated", PopulationFile.Read(_folder.Generated));
        if (_config.RecursiveRounds > 1) yield return new("generated-recursive", PopulationFile.Read(_folder.GeneratedRecursively));
        if (_config.GeneratedFromKnownStarts > 0) yield return new("generated-known-starts", PopulationFile.Read(_folder.GeneratedFromKnownStarts));
        yield return new("heldout", heldout.Finals());
    }

    private Dictionary<string, string> Provenance(IReadOnlyDictionary<string, string> common) => new(common)
    {
        ["generator"] = FormattableString.Invariant($"gpt, {_generator.ParameterCount:N0} parameters, {_settings.TrainingSteps} steps of {_settings.Batch} pairs"),
        ["weight scale c"] = _generator.Normalizer.Scale.ToString("G6", CultureInfo.InvariantCulture),
        ["noise amplitudes in weight units"] = string.Join(", ", _config.NoiseAmplitudes.Select(a =>
            FormattableString.Invariant($"noise-{a}: {a / _generator.Normalizer.Scale:G4}"))),
        ["prompt"] = FormattableString.Invariant($"test loss {_settings.Prompt}"),
        ["seeds"] = $"study {_config.Seed}, zoo {_config.Zoo.Seed}, generator {_settings.Seed}",
    };

    /// <summary>The first checkpoints of runs, in the order of the runs.</summary>
    private static Population Starts(Population runs, int count)
    {
        int[] first = [.. Enumerable.Range(0, runs.Count).Where(i => runs.Step[i] == 0).OrderBy(i => runs.Run[i]).Take(count)];
        RequireStarts(count, first.Length);
        return runs.Select(first);
    }

    private static void RequireStarts(int wanted, int runs)
    {
        if (wanted > runs) throw new ArgumentException($"{wanted} networks are asked for, one from the start of each run, and there are {runs} runs: ask for fewer, or train more runs");
    }
}
