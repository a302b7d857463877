using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies.Methods;
using WeightMem.Models;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>
/// The whole study of a method: train a zoo, train the generator, sample, build the baselines, measure, report. Each stage leaves its result in the run folder
/// and is skipped when it is there, so a killed study resumes; the bits are those of an unbroken one.
/// </summary>
public sealed class Study
{
    private static readonly Dictionary<string, Func<StudyContext, IStudyMethod>> Methods = new() { ["gpt"] = context => new GptMethod(context) };

    private readonly StudyContext _context;
    private readonly string _commandLine;
    private readonly Dictionary<string, string> _inputs;
    private readonly Dictionary<string, double> _seconds = [];

    /// <summary>Loads the images and makes the target; nothing is trained yet.</summary>
    /// <param name="config">What to compute.</param>
    /// <param name="folder">Where to keep it.</param>
    /// <param name="device">Where to compute it.</param>
    /// <param name="dataFolder">Folder of the image files, or null to look where they usually are.</param>
    /// <param name="commandLine">The command that repeats the run, for the record.</param>
    /// <param name="progress">Told how far it is.</param>
    public Study(StudyConfig config, RunFolder folder, Device device, string? dataFolder, string commandLine, IStudyProgress progress)
    {
        (ImageSet train, ImageSet test) = ImageCatalog.Load(config.Data, dataFolder);
        if (config.TrainingImages > 0) train = train.Take(config.TrainingImages);
        (train, test) = (train.AveragePool(config.Pool), test.AveragePool(config.Pool));
        _context = new StudyContext(config, folder, device, TargetCatalog.Create(config.Target, train), train, test, progress);
        _commandLine = commandLine;
        _inputs = new() { [train.Name] = Hash(train), [test.Name] = Hash(test) };
    }

    private StudyConfig Config => _context.Config;

    private RunFolder Folder => _context.Folder;

    private IStudyProgress Progress => _context.Progress;

    /// <summary>Runs every stage that is not done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; running again resumes.</exception>
    /// <exception cref="TrainingDivergedException">A training's loss is not finite; what was stored before is kept.</exception>
    public EvaluationDocument Run(CancellationToken cancellation)
    {
        Folder.WriteRecord(Record());
        (Population training, Population heldout) = Timed("zoo", () => Zoo(cancellation));
        using IStudyMethod method = Method();
        Timed("train", () => Train(method, training, cancellation));
        Timed("sample", () => method.Sample(training, heldout, cancellation));
        Timed("baselines", () => Baselines(method, training, cancellation));
        EvaluationDocument document = Timed("evaluate", () => Evaluate(method, training, heldout));
        Folder.WriteRecord(Record());
        return document;
    }

    /// <summary>Trains the generator alone, on a population that was made elsewhere; the run folder keeps a copy of it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; calling again resumes.</exception>
    public void TrainOn(Population population, CancellationToken cancellation)
    {
        string name = _context.Target.Name;
        if (population.Target != name) throw new ArgumentException($"the population is of {population.Target}, and the run of {name}");
        Folder.WriteRecord(Record());
        if (!File.Exists(Folder.Training)) PopulationFile.Write(Folder.Training, population);
        using IStudyMethod method = Method();
        Timed("train", () => Train(method, population, cancellation));
    }

    /// <summary>Samples with the stored generator, and measures what comes out.</summary>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        if (!File.Exists(Folder.Generator)) throw new RunFolderException($"{Folder.Root} has no trained generator yet: run train or reproduce first");
        using IStudyMethod method = Method();
        Population sampled = method.SampleFresh(count, seed, cancellation);
        _context.Target.Evaluate(_context.Device, sampled, _context.Test);
        return sampled;
    }

    /// <summary>Measures the populations that the folder holds again and writes the numbers, figures and page anew.</summary>
    /// <exception cref="RunFolderException">The study is not finished.</exception>
    public EvaluationDocument Report()
    {
        foreach (string needed in new[] { Folder.Training, Folder.Heldout, Folder.Generator, Folder.Generated })
        {
            if (!File.Exists(needed)) throw new RunFolderException($"{Folder.Root} is not finished, {Path.GetFileName(needed)} is missing: run reproduce again first");
        }

        using IStudyMethod method = Method();
        Population training = PopulationFile.Read(Folder.Training);
        method.Train(training, CancellationToken.None);
        return Timed("evaluate", () => Evaluate(method, training, PopulationFile.Read(Folder.Heldout)));
    }

    private IStudyMethod Method() => Methods.TryGetValue(Config.Method, out Func<StudyContext, IStudyMethod>? make)
        ? make(_context)
        : throw new RunFolderException($"{Folder.Root}: there is no method {Config.Method}");

    private (Population Training, Population Heldout) Zoo(CancellationToken cancellation)
    {
        if (File.Exists(Folder.Training) && File.Exists(Folder.Heldout))
            return (PopulationFile.Read(Folder.Training), PopulationFile.Read(Folder.Heldout));
        Progress.Stage($"zoo: {Config.Zoo.Runs} runs of {_context.Target.Name} on {_context.Train.Name}");
        using var builder = new ZooBuilder(_context.Device, _context.Target, _context.Train, _context.Test, Config.Zoo);
        var shards = PopulationShards.Open(Folder.ZooShards);
        Population zoo = builder.TrainAll(
            shards,
            p => Progress.Advance(
                p.RunsDone + (double)p.Step / p.Steps * Math.Min(Config.Zoo.GroupSize, p.Runs - p.RunsDone), p.Runs,
                FormattableString.Invariant($"{p.ModelsPerSecond:F1} networks/s")),
            cancellation);
        FilteredRuns filtered = RunFilter.Apply(zoo);
        if (filtered.DroppedRuns.Count > 0) Progress.Note($"dropped {filtered.DroppedRuns.Count} runs with weights beyond {RunFilter.PublishedLimit}");
        PopulationSplit split = PopulationSplit.ByRun(filtered.Kept, Config.HeldoutRuns);
        PopulationFile.Write(Folder.Heldout, split.Heldout);
        PopulationFile.Write(Folder.Training, split.Training);
        shards.Delete();
        return (split.Training, split.Heldout);
    }

    private void Train(IStudyMethod method, Population training, CancellationToken cancellation)
    {
        method.Train(training, cancellation);
        if (_context.Device is not CpuDevice) Progress.Note($"training steps: {method.TrainingPath}");
    }

    private void Baselines(IStudyMethod method, Population training, CancellationToken cancellation)
    {
        foreach ((BaselineGenerator baseline, Population source, int count) in method.Baselines(training))
        {
            string path = Folder.Baseline(baseline.Name);
            if (File.Exists(path)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            baseline.Fit(source, cancellation);
            PopulationFile.Write(path, baseline.Sample(count, Config.Seed, cancellation));
        }
    }

    private EvaluationDocument Evaluate(IStudyMethod method, Population training, Population heldout)
    {
        Progress.Stage("evaluate");
        (Device device, ILockstepTarget target, ImageSet test) = (_context.Device, _context.Target, _context.Test);
        Population reference = method.Reference(training);
        var others = new List<NamedPopulation>(method.Populations(training, heldout));
        foreach ((BaselineGenerator baseline, _, _) in method.Baselines(training)) others.Add(new(baseline.Name, PopulationFile.Read(Folder.Baseline(baseline.Name))));
        foreach (Population population in others.Select(o => o.Population).Append(reference)) target.Evaluate(device, population, test);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(device, reference, others, Config.Seed, Config.Resamples, method.References(training));
        (IReadOnlyList<LossPoint> trainingLoss, IReadOnlyList<LossPoint> testLoss) = method.Losses(heldout);
        return EvaluationReport.Write(Folder.Root, measured, new ReportContext
        {
            Title = $"{method.Title} on {test.Name.Split('/')[0]}, preset {Config.Preset}",
            Seed = Config.Seed,
            Provenance = Provenance(method, training, heldout),
            Remark = method.Remark(measured),
            Deviations = Config.Deviations,
            CommandLine = _commandLine,
            Networks = (device, target, test),
            TrainingLoss = trainingLoss,
            TestLoss = testLoss,
        });
    }

    private Dictionary<string, string> Provenance(IStudyMethod method, Population training, Population heldout)
    {
        RunRecord record = Record();
        var provenance = new Dictionary<string, string>
        {
            ["version"] = record.Version,
            ["device"] = record.Device,
            ["math"] = record.Math,
            ["determinism"] = record.Determinism,
            ["system"] = record.System,
            ["data"] = $"{_context.Train.Name}: {_context.Train.Count} training images; {_context.Test.Name}: {_context.Test.Count} test images",
            ["target"] = $"{_context.Target.Name}, {_context.Target.Layout.Count} parameters",
            ["training runs"] = $"{training.RunCount} ({training.Count} checkpoints)",
            ["held-out runs"] = $"{heldout.RunCount}",
        };
        foreach ((string name, string value) in method.Provenance()) provenance[name] = value;
        foreach ((string name, string hash) in record.Inputs) provenance["sha256 of " + name] = hash;
        return provenance;
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
        Folder.Append(stage, FormattableString.Invariant($"done after {watch.Elapsed.TotalSeconds:F1} s"));
        return result;
    }

    private RunRecord Record() => new()
    {
        Version = typeof(Study).Assembly.GetName().Version?.ToString(3) ?? "0",
        Device = _context.Device.Name,
        Math = _context.Device.Math switch
        {
            MatrixMath.F32 => "float32; distances in float64",
            MatrixMath.Tf32 => "float32, matrix products in TF32; distances in float64",
            _ => "float32, matrix products in bfloat16; distances in float64",
        },
        Paths = _context.Device.Paths,
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
