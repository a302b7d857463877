using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>
/// The whole study of G.pt: train a zoo, train the generator, sample, build the baselines, measure, report. Each stage leaves its result in the run folder
/// and is skipped when it is there, so a killed study resumes; the bits are those of an unbroken one.
/// </summary>
public sealed class GptStudy
{
    private static readonly TimeSpan LeastBetweenSnapshots = TimeSpan.FromSeconds(15);

    private readonly StudyConfig _config;
    private readonly RunFolder _folder;
    private readonly Device _device;
    private readonly IStudyProgress _progress;
    private readonly string _commandLine;
    private readonly ImageSet _train, _test;
    private readonly ILockstepTarget _target;
    private readonly Dictionary<string, string> _inputs;
    private readonly Dictionary<string, double> _seconds = [];

    /// <summary>Loads the images and makes the target; nothing is trained yet.</summary>
    /// <param name="config">What to compute.</param>
    /// <param name="folder">Where to keep it.</param>
    /// <param name="device">Where to compute it.</param>
    /// <param name="dataFolder">Folder of the image files, or null to look where they usually are.</param>
    /// <param name="commandLine">The command that repeats the run, for the record.</param>
    /// <param name="progress">Told how far it is.</param>
    public GptStudy(StudyConfig config, RunFolder folder, Device device, string? dataFolder, string commandLine, IStudyProgress progress)
    {
        _config = config;
        _folder = folder;
        _device = device;
        _progress = progress;
        _commandLine = commandLine;
        (ImageSet train, ImageSet test) = ImageCatalog.Load(config.Data, dataFolder);
        (_train, _test) = (train.AveragePool(config.Pool), test.AveragePool(config.Pool));
        _inputs = new() { [_train.Name] = Hash(_train), [_test.Name] = Hash(_test) };
        _target = TargetCatalog.Create(config.Target, _train);
    }

    /// <summary>The images that losses are measured on, for conditioning.</summary>
    private ImageSet Conditioning => _config.Zoo.EvaluationImages > 0 ? _test.Take(_config.Zoo.EvaluationImages) : _test;

    /// <summary>Runs every stage that is not done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; running again resumes.</exception>
    /// <exception cref="TrainingDivergedException">A training's loss is not finite; what was stored before is kept.</exception>
    public EvaluationDocument Run(CancellationToken cancellation)
    {
        _folder.WriteRecord(Record());
        (Population training, Population heldout) = Timed("zoo", () => Zoo(cancellation));
        using var generator = new GptGenerator(_device, _target, Conditioning, _config.Gpt);
        Timed("train", () => Train(generator, training, cancellation));
        Timed("sample", () => Sample(generator, training, heldout, cancellation));
        Timed("baselines", () => Baselines(training, generator.Normalizer, cancellation));
        EvaluationDocument document = Timed("evaluate", () => Evaluate(generator, training, heldout));
        _folder.WriteRecord(Record());
        return document;
    }

    /// <summary>Trains the generator alone, on a population that was made elsewhere; the run folder keeps a copy of it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; calling again resumes.</exception>
    public void TrainOn(Population population, CancellationToken cancellation)
    {
        if (population.Target != _target.Name) throw new ArgumentException($"the population is of {population.Target}, and the run of {_target.Name}");
        _folder.WriteRecord(Record());
        if (!File.Exists(_folder.Training)) PopulationFile.Write(_folder.Training, population);
        using var generator = new GptGenerator(_device, _target, Conditioning, _config.Gpt);
        Timed("train", () => Train(generator, population, cancellation));
    }

    /// <summary>Samples from fresh initialisations with the stored generator, and measures what comes out.</summary>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        if (!File.Exists(_folder.Generator)) throw new RunFolderException($"{_folder.Root} has no trained generator yet: run train or reproduce first");
        (GptSnapshot snapshot, Normalizer normalizer) = GptFile.Read(_folder.Generator, _target.Name);
        if (snapshot.Step < _config.Gpt.TrainingSteps)
            throw new RunFolderException($"{_folder.Root} stopped at step {snapshot.Step} of {_config.Gpt.TrainingSteps}: run the same command again to finish its training");
        using var generator = new GptGenerator(_device, _target, Conditioning, _config.Gpt);
        generator.Load(normalizer, snapshot);
        _progress.Stage($"sample: {count} networks from fresh initialisations");
        Population sampled = generator.Sample(count, seed, cancellation);
        _target.Evaluate(_device, sampled, _test);
        return sampled;
    }

    /// <summary>Measures the populations that the folder holds again and writes the numbers, figures and page anew.</summary>
    /// <exception cref="RunFolderException">The study is not finished.</exception>
    public EvaluationDocument Report()
    {
        foreach (string needed in new[] { _folder.Training, _folder.Heldout, _folder.Generator, _folder.Generated })
        {
            if (!File.Exists(needed)) throw new RunFolderException($"{_folder.Root} is not finished, {Path.GetFileName(needed)} is missing: run reproduce again first");
        }

        using var generator = new GptGenerator(_device, _target, Conditioning, _config.Gpt);
        (GptSnapshot snapshot, Normalizer normalizer) = GptFile.Read(_folder.Generator, _target.Name);
        generator.Load(normalizer, snapshot);
        return Timed("evaluate", () => Evaluate(generator, PopulationFile.Read(_folder.Training), PopulationFile.Read(_folder.Heldout)));
    }

    private (Population Training, Population Heldout) Zoo(CancellationToken cancellation)
    {
        if (File.Exists(_folder.Training) && File.Exists(_folder.Heldout))
            return (PopulationFile.Read(_folder.Training), PopulationFile.Read(_folder.Heldout));
        _progress.Stage($"zoo: {_config.Zoo.Runs} runs of {_target.Name} on {_train.Name}");
        using var builder = new ZooBuilder(_device, _target, _train, _test, _config.Zoo);
        var shards = PopulationShards.Open(_folder.ZooShards);
        Population zoo = builder.TrainAll(
            shards,
            p => _progress.Advance(
                p.RunsDone + (double)p.Step / p.Steps * Math.Min(_config.Zoo.GroupSize, p.Runs - p.RunsDone), p.Runs,
                FormattableString.Invariant($"{p.ModelsPerSecond:F1} networks/s")),
            cancellation);
        FilteredRuns filtered = RunFilter.Apply(zoo);
        if (filtered.DroppedRuns.Count > 0) _progress.Note($"dropped {filtered.DroppedRuns.Count} runs with weights beyond {RunFilter.PublishedLimit}");
        PopulationSplit split = PopulationSplit.ByRun(filtered.Kept, _config.HeldoutRuns);
        PopulationFile.Write(_folder.Heldout, split.Heldout);
        PopulationFile.Write(_folder.Training, split.Training);
        shards.Delete();
        return (split.Training, split.Heldout);
    }

    private void Train(GptGenerator generator, Population training, CancellationToken cancellation)
    {
        GptSnapshot? stored = null;
        if (File.Exists(_folder.Generator))
        {
            (stored, Normalizer normalizer) = GptFile.Read(_folder.Generator, _target.Name);
            if (stored.Step >= _config.Gpt.TrainingSteps)
            {
                generator.Load(normalizer, stored);
                return;
            }
        }

        _progress.Stage(FormattableString.Invariant($"train gpt: {generator.ParameterCount:N0} parameters, {_config.Gpt.TrainingSteps} steps of {_config.Gpt.Batch} pairs"));
        if (stored is not null) _progress.Note($"resumed at step {stored.Step}");
        var sinceSnapshot = Stopwatch.StartNew();
        TimeSpan interval = LeastBetweenSnapshots;
        generator.TrainingProgress = p =>
        {
            _progress.Advance(p.Step, p.Steps, FormattableString.Invariant($"loss {p.Loss:F4}, {p.PairsPerSecond:F0} pairs/s, {p.GigaflopsPerSecond:F0} GFLOP/s"));
        };
        generator.Checkpoint = trainer =>
        {
            bool last = trainer.Step >= _config.Gpt.TrainingSteps || cancellation.IsCancellationRequested;
            if (!last && sinceSnapshot.Elapsed < interval) return;
            var watch = Stopwatch.StartNew();
            GptFile.Write(_folder.Generator, trainer.Snapshot(), generator.Layout, generator.Normalizer, _target.Name);
            interval = TimeSpan.FromTicks(Math.Max(LeastBetweenSnapshots.Ticks, 20 * watch.Elapsed.Ticks)); // at most 5 % of the time goes into snapshots
            sinceSnapshot.Restart();
        };
        generator.Fit(training, stored, cancellation);
        if (_device is not CpuDevice) _progress.Note($"training steps: {generator.TrainingPath}");
    }

    private void Sample(GptGenerator generator, Population training, Population heldout, CancellationToken cancellation)
    {
        if (!File.Exists(_folder.Generated))
        {
            _progress.Stage($"sample: {_config.Generated} networks from starts of held-out runs");
            PopulationFile.Write(_folder.Generated, generator.SampleFrom(
                Starts(heldout, _config.Generated), _config.Seed, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }

        if (_config.RecursiveRounds > 1 && !File.Exists(_folder.GeneratedRecursively))
        {
            _progress.Stage($"sample: round 2 to {_config.RecursiveRounds} of recursive prompting");
            PopulationFile.Write(_folder.GeneratedRecursively, generator.SampleRecursively(
                PopulationFile.Read(_folder.Generated), _config.RecursiveRounds - 1, _config.Seed + 1, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }

        if (_config.GeneratedFromKnownStarts > 0 && !File.Exists(_folder.GeneratedFromKnownStarts))
        {
            _progress.Stage($"sample: {_config.GeneratedFromKnownStarts} networks from starts of training runs");
            PopulationFile.Write(_folder.GeneratedFromKnownStarts, generator.SampleFrom(
                Starts(training, _config.GeneratedFromKnownStarts), _config.Seed, (done, all) => _progress.Advance(done, all, "denoising"), cancellation));
        }
    }

    private void Baselines(Population training, Normalizer normalizer, CancellationToken cancellation)
    {
        Population finals = training.Finals();
        foreach (double amplitude in _config.NoiseAmplitudes)
        {
            var noise = new NoiseBaseline(amplitude, NoiseUnits.Normalised, normalizer.Scale);
            string path = _folder.Baseline(noise.Name);
            if (File.Exists(path)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            noise.Fit(finals, cancellation);
            PopulationFile.Write(path, noise.Sample(Math.Min(_config.BaselineNetworks, finals.Count), _config.Seed, cancellation));
        }
    }

    private EvaluationDocument Evaluate(GptGenerator generator, Population training, Population heldout)
    {
        _progress.Stage("evaluate");
        Population reference = training.Finals();
        var others = new List<NamedPopulation> { new("generated", PopulationFile.Read(_folder.Generated)) };
        if (_config.RecursiveRounds > 1) others.Add(new("generated-recursive", PopulationFile.Read(_folder.GeneratedRecursively)));
        if (_config.GeneratedFromKnownStarts > 0) others.Add(new("generated-known-starts", PopulationFile.Read(_folder.GeneratedFromKnownStarts)));
        others.Add(new("heldout", heldout.Finals()));
        foreach (double amplitude in _config.NoiseAmplitudes)
        {
            string name = new NoiseBaseline(amplitude, NoiseUnits.Normalised, generator.Normalizer.Scale).Name;
            others.Add(new(name, PopulationFile.Read(_folder.Baseline(name))));
        }

        foreach (Population population in others.Select(o => o.Population).Append(reference)) _target.Evaluate(_device, population, _test);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(_device, reference, others, _config.Seed, _config.Resamples);
        return EvaluationReport.Write(_folder.Root, measured, new ReportContext
        {
            Title = $"G.pt on {_test.Name.Split('/')[0]}, preset {_config.Preset}",
            Seed = _config.Seed,
            Provenance = Provenance(generator, training, heldout),
            Deviations = _config.Deviations,
            CommandLine = _commandLine,
            Networks = (_device, _target, _test),
            TrainingLoss = [.. generator.Losses.Select((loss, step) => new LossPoint(step + 1, loss))],
            TestLoss = [new LossPoint(generator.Losses.Count, generator.TestLoss(heldout, Math.Max(1, 256 / _config.Gpt.Batch)))],
        });
    }

    private Dictionary<string, string> Provenance(GptGenerator generator, Population training, Population heldout)
    {
        RunRecord record = Record();
        var provenance = new Dictionary<string, string>
        {
            ["version"] = record.Version,
            ["device"] = record.Device,
            ["math"] = record.Math,
            ["determinism"] = record.Determinism,
            ["system"] = record.System,
            ["data"] = $"{_train.Name}: {_train.Count} training images; {_test.Name}: {_test.Count} test images",
            ["target"] = $"{_target.Name}, {_target.Layout.Count} parameters",
            ["training runs"] = $"{training.RunCount} ({training.Count} checkpoints)",
            ["held-out runs"] = $"{heldout.RunCount}",
            ["generator"] = FormattableString.Invariant($"gpt, {generator.ParameterCount:N0} parameters, {_config.Gpt.TrainingSteps} steps of {_config.Gpt.Batch} pairs"),
            ["weight scale c"] = generator.Normalizer.Scale.ToString("G6", CultureInfo.InvariantCulture),
            ["noise amplitudes in weight units"] = string.Join(", ", _config.NoiseAmplitudes.Select(a =>
                FormattableString.Invariant($"noise-{a}: {a / generator.Normalizer.Scale:G4}"))),
            ["prompt"] = FormattableString.Invariant($"test loss {_config.Gpt.Prompt}"),
            ["seeds"] = $"study {_config.Seed}, zoo {_config.Zoo.Seed}, generator {_config.Gpt.Seed}",
        };
        foreach ((string name, string hash) in record.Inputs) provenance["sha256 of " + name] = hash;
        return provenance;
    }

    /// <summary>The first checkpoints of runs, in the order of the runs.</summary>
    private static Population Starts(Population runs, int count)
    {
        int[] first = [.. Enumerable.Range(0, runs.Count).Where(i => runs.Step[i] == 0).OrderBy(i => runs.Run[i]).Take(count)];
        if (first.Length < count)
        {
            throw new ArgumentException(
                $"{count} networks are asked for, one from the start of each run, and there are {first.Length} runs: ask for fewer, or train more runs");
        }

        return runs.Select(first);
    }

    private void Timed(string stage, Action work) => Timed(stage, () =>
    {
        work();
        return true;
    });

    private T Timed<T>(string stage, Func<T> work)
    {
        var watch = Stopwatch.StartNew();
        T result = work();
        _seconds[stage] = Math.Round(watch.Elapsed.TotalSeconds, 1);
        _folder.Append(stage, FormattableString.Invariant($"done after {watch.Elapsed.TotalSeconds:F1} s"));
        return result;
    }

    private RunRecord Record() => new()
    {
        Version = typeof(GptStudy).Assembly.GetName().Version?.ToString(3) ?? "0",
        Device = _device.Name,
        Math = _device.Math switch
        {
            MatrixMath.F32 => "float32; distances in float64",
            MatrixMath.Tf32 => "float32, matrix products in TF32; distances in float64",
            _ => "float32, matrix products in bfloat16; distances in float64",
        },
        Paths = _device.Paths,
        System = $"{RuntimeInformation.OSDescription}, .NET {Environment.Version}",
        CommandLine = _commandLine,
        Inputs = _inputs,
        Seconds = new Dictionary<string, double>(_seconds),
    };

    private static string Hash(ImageSet images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<float>(images.Pixels));
        hash.AppendData(MemoryMarshal.AsBytes<int>(images.Labels));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
