using System.Diagnostics;
using System.Runtime.InteropServices;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies.Methods;
using WeightMem.Models;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>
/// The whole study of a method: train a zoo, train the generator, sample, build the baselines, measure, report. Each stage leaves its result in the run folder
/// and is skipped when it is there, so a killed study resumes; the bits are those of an unbroken one.
/// </summary>
public sealed class Study : IDisposable
{
    private static readonly Dictionary<string, Func<StudyContext, IStudyMethod>> Methods = new()
    {
        ["gpt"] = context => new GptMethod(context),
        ["hyper-representations"] = context => new HyperRepresentationMethod(context),
        ["hyperdiffusion"] = context => new HyperDiffusionMethod(context),
        ["p-diff"] = context => new PDiffMethod(context),
    };

    private readonly StudyContext _context;
    private readonly IStudyMethod _method;
    private readonly Dictionary<string, double> _seconds = [];

    /// <summary>Loads the data and makes the target; nothing is trained yet.</summary>
    /// <param name="config">What to compute.</param>
    /// <param name="folder">Where to keep it.</param>
    /// <param name="device">Where to compute it.</param>
    /// <param name="dataFolder">Folder of the data's files, or null to look where they usually are.</param>
    /// <param name="commandLine">The command that repeats the run, for the record.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <exception cref="RunFolderException">The configuration is of a method that is not here, or what the folder holds was computed from other data.</exception>
    public Study(StudyConfig config, RunFolder folder, Device device, string? dataFolder, string commandLine, IStudyProgress progress)
    {
        _context = new StudyContext(config, folder, device, dataFolder, commandLine, progress);
        _method = Methods.TryGetValue(config.Method, out Func<StudyContext, IStudyMethod>? make)
            ? make(_context)
            : throw new RunFolderException($"{folder.Root}: there is no method {config.Method}");
        try
        {
            RequireSameInputs();
        }
        catch
        {
            _method.Dispose();
            throw;
        }
    }

    private RunFolder Folder => _context.Folder;

    /// <summary>Runs every stage that is not done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; running again resumes.</exception>
    /// <exception cref="TrainingDivergedException">A training's loss is not finite; what was stored before is kept.</exception>
    public EvaluationDocument Run(CancellationToken cancellation)
    {
        Folder.WriteRecord(Record());
        (Population training, Population heldout) = Timed("zoo", () => _method.Zoo(cancellation));
        Timed("train", () => Train(training, cancellation));
        Timed("sample", () => _method.Sample(training, heldout, cancellation));
        Timed("baselines", () => _method.Baselines(training, cancellation));
        EvaluationDocument document = Timed("evaluate", () => Evaluate(training, heldout));
        Folder.WriteRecord(Record());
        Snapshots.DeletePrevious(Folder.Generator);
        return document;
    }

    /// <summary>Trains the generator alone, on a population that was made elsewhere; the run folder keeps a copy of it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; calling again resumes.</exception>
    public void TrainOn(Population population, CancellationToken cancellation)
    {
        string name = _method.Target.Name;
        if (population.Target != name) throw new ArgumentException($"the population is of {population.Target}, and the run of {name}");
        Folder.WriteRecord(Record());
        if (!_context.Has(Folder.Training)) PopulationFile.Write(Folder.Training, population);
        Timed("train", () => Train(population, cancellation));
        Snapshots.DeletePrevious(Folder.Generator);
    }

    /// <summary>Samples with the stored generator, and measures what comes out.</summary>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        if (!File.Exists(Folder.Generator)) throw new RunFolderException($"{Folder.Root} has no trained generator yet: run train or reproduce first");
        return _method.SampleFresh(count, seed, cancellation);
    }

    /// <summary>Samples with the stored generator by a sampler of a name, and measures what comes out.</summary>
    /// <exception cref="ArgumentException">The method has no samplers to choose from, or none of this name.</exception>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    public Population Sample(string sampler, int count, long seed, CancellationToken cancellation)
    {
        if (!File.Exists(Folder.Generator)) throw new RunFolderException($"{Folder.Root} has no trained generator yet: run train or reproduce first");
        return _method is INamedSamplers method
            ? method.Sample(sampler, count, seed, cancellation)
            : throw new ArgumentException($"{_context.Config.Method} has one way of sampling: leave --sampler out");
    }

    /// <summary>Measures what the stored auto-encoder makes of networks that compute the same, and writes numbers and figure into the folder.</summary>
    /// <param name="networks">At most so many training networks are transformed.</param>
    /// <param name="seed">Seed of choices and transformations.</param>
    /// <exception cref="ArgumentException">The method's generator does not encode networks.</exception>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    public SymmetryResult Symmetries(int networks, long seed)
    {
        if (!File.Exists(Folder.Generator)) throw new RunFolderException($"{Folder.Root} has no trained generator yet: run train or reproduce first");
        if (_method is not IReconstructsNetworks method) throw new ArgumentException($"{_context.Config.Method} does not encode and decode networks: a symmetry study is of an auto-encoder");
        SymmetryResult result = method.Symmetries(networks, seed);
        SymmetryStudy.Write(Folder, result);
        return result;
    }

    /// <summary>Measures the populations that the folder holds again and writes the numbers, figures and page anew.</summary>
    /// <exception cref="RunFolderException">The study is not finished.</exception>
    public EvaluationDocument Report()
    {
        foreach (string needed in new[] { Folder.Training, Folder.Heldout, Folder.Generator, Folder.Generated })
        {
            if (!_context.Has(needed)) throw new RunFolderException($"{Folder.Root} is not finished, {Path.GetFileName(needed)} is {(File.Exists(needed) ? "damaged" : "missing")}: run reproduce again first");
        }

        (Population training, Population heldout) = _method.Zoo(CancellationToken.None);
        _method.Train(training, CancellationToken.None);
        return Timed("evaluate", () => Evaluate(training, heldout));
    }

    /// <inheritdoc/>
    public void Dispose() => _method.Dispose();

    /// <summary>A path may lead to other files than before: what was made of those is not gone on with.</summary>
    private void RequireSameInputs()
    {
        if (Folder.ReadRecord() is not { } before || !Folder.HasResults()) return;
        foreach ((string name, string hash) in _method.Inputs)
        {
            if (before.Inputs.TryGetValue(name, out string? then) && then != hash)
                throw new RunFolderException($"{Folder.Root} was computed from other data: {name} had SHA-256 {then}, and has {hash}; give it those, or name another folder with --out");
        }
    }

    private void Train(Population training, CancellationToken cancellation)
    {
        _method.Train(training, cancellation);
        if (_context.Device is not CpuDevice) _context.Progress.Note($"training steps: {_method.TrainingPath}");
    }

    private EvaluationDocument Evaluate(Population training, Population heldout)
    {
        _context.Progress.Stage("evaluate");
        return _method.Evaluate(training, heldout, Provenance(training, heldout));
    }

    private Dictionary<string, string> Provenance(Population training, Population heldout)
    {
        RunRecord record = Record();
        var provenance = new Dictionary<string, string>
        {
            ["version"] = record.Version,
            ["device"] = record.Device,
            ["math"] = record.Math,
            ["determinism"] = record.Determinism,
            ["system"] = record.System,
            ["target"] = $"{_method.Target.Name}, {_method.Target.Layout.Count} parameters",
            ["training runs"] = $"{training.RunCount} ({training.Count} checkpoints)",
            ["held-out runs"] = $"{heldout.RunCount}",
        };
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
            MatrixMath.Tf32 => "float32, matrix products and attention in TF32 where it is there (see paths); distances in float64",
            _ => "float32, matrix products and attention in bfloat16 where it is there (see paths); distances in float64",
        },
        Paths = _context.Device.Paths,
        System = $"{RuntimeInformation.OSDescription}, .NET {Environment.Version}",
        CommandLine = _context.CommandLine,
        Inputs = _method.Inputs,
        Seconds = new Dictionary<string, double>(_seconds),
    };
}
