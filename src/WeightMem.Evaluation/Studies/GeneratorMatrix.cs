using System.Text.Json;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies.Methods;
using WeightMem.Formats;
using WeightMem.Models;
using WeightMem.Models.Data;
using WeightMem.Models.Generators;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Generators.HyperDiffusion;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>What a generator of the matrix is made with.</summary>
/// <param name="Device">Where to compute.</param>
/// <param name="Target">The networks.</param>
/// <param name="Conditioning">Test images that losses were measured on.</param>
/// <param name="Preset">Size: one of <see cref="StudyPresets.Names"/>.</param>
/// <param name="Seed">Seed of the generator.</param>
public sealed record GeneratorRequest(Device Device, ILockstepTarget Target, ImageSet Conditioning, string Preset, long Seed);

/// <summary>What decides a matrix, whatever cells it has.</summary>
internal sealed record MatrixConfig(string Preset, string Data, long Seed)
{
    /// <inheritdoc/>
    public override string ToString() => $"preset {Preset}, data {Data}, seed {Seed}";
}

/// <summary>Any generator on any target (evaluation specification; one zoo per target, one report per cell, one table of verdicts). Cells that are finished are not run again.</summary>
public sealed class GeneratorMatrix
{
    /// <summary>Generators that learn, by name: one line each. True where every checkpoint of the runs is learnt from, not only the last ones.</summary>
    private static readonly Dictionary<string, (Func<GeneratorRequest, IResumableGenerator> Make, bool AllCheckpoints)> Learned = new()
    {
        ["gpt"] = (r => new GptGenerator(r.Device, r.Target, r.Conditioning, Of("gpt", r).Gpt!), true),
        ["hyper-representations"] = (r => new HyperRepresentationGenerator(r.Device, r.Target, Of("hyper-representations", r).HyperRepresentations!), true),
        ["hyperdiffusion"] = (r => new HyperDiffusionGenerator(r.Device, r.Target, Of("hyperdiffusion", r).HyperDiffusion!), false),
        ["p-diff"] = (r => new PDiffGenerator(r.Device, r.Target.Name, r.Target.Layout, Of("p-diff", r).PDiff!), false),
    };

    private readonly Device _device;
    private readonly string _folder, _preset, _data;
    private readonly StudyConfig _sizes;
    private readonly string? _dataFolder;
    private readonly long _seed;
    private readonly IStudyProgress _progress;

    /// <summary>A matrix in a folder.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="folder">Where to keep everything.</param>
    /// <param name="preset">Size of zoos and generators: one of <see cref="StudyPresets.Names"/>.</param>
    /// <param name="data">Image set.</param>
    /// <param name="dataFolder">Folder of its files, or null to look where they usually are.</param>
    /// <param name="seed">Seed of everything.</param>
    /// <param name="progress">Told how far it is.</param>
    public GeneratorMatrix(Device device, string folder, string preset, string data, string? dataFolder, long seed, IStudyProgress progress) =>
        (_device, _folder, _preset, _sizes, _data, _dataFolder, _seed, _progress) =
        (device, folder, preset, StudyPresets.Create("gpt", preset), data, dataFolder, seed, progress);

    /// <summary>The generators there are: those that learn, and the baselines.</summary>
    public static IReadOnlyList<string> Generators => [.. Learned.Keys, .. BaselineCatalog.Kinds.Where(k => k != "noise"), "noise-0.05"];

    /// <summary>Whether a name is a generator's, with its number where it has one.</summary>
    public static bool IsGenerator(string name) => Learned.ContainsKey(name) || BaselineCatalog.Kinds.Any(k => name == k || name.StartsWith(k + "-", StringComparison.Ordinal));

    /// <summary>Runs every cell that is not done and writes <c>index.html</c> and <c>index.csv</c>.</summary>
    /// <param name="targets">Targets, such as <c>mlp</c> and <c>cnn-small</c>.</param>
    /// <param name="generators">Generators, such as <c>gpt</c> and <c>average-16</c>.</param>
    /// <param name="commandLine">The command that repeats it.</param>
    /// <param name="cancellation">Stops between steps; what is done stays.</param>
    /// <exception cref="ArgumentException">A target or generator is unknown.</exception>
    /// <exception cref="RunFolderException">Another process works in the folder, or it holds a matrix of another preset, data or seed.</exception>
    public IReadOnlyList<IndexedStudy> Run(IReadOnlyList<string> targets, IReadOnlyList<string> generators, string commandLine, CancellationToken cancellation)
    {
        if (generators.FirstOrDefault(g => !IsGenerator(g)) is { } unknown) throw new ArgumentException($"there is no generator {unknown}; there are {string.Join(", ", Generators)}");
        using FolderLock hold = FolderLock.Take(_folder);
        RequireSame();
        foreach (string target in targets)
        {
            (ImageSet train, ImageSet test) = ImageCatalog.Load(_data, _dataFolder);
            int pool = target == "mlp" && _preset != "paper" ? 4 : 1; // as in the presets of G.pt
            (train, test) = (train.AveragePool(pool), test.AveragePool(pool));
            var network = TargetCatalog.Create<ILockstepTarget>(target, train);
            string folder = Path.Combine(_folder, target);
            HashSet<string> done = [.. generators.Where(g => StoredResult.ReadEvaluation(Path.Combine(folder, g, "evaluation.json"), _progress.Note) is not null)];
            if (generators.All(done.Contains)) continue;
            ZooSettings settings = _sizes.Zoo with { Seed = _seed, BaseRate = network is ConvNetTarget ? 0.02 : _sizes.Zoo.BaseRate }; // convolutions of tanh diverge at 0.1
            Directory.CreateDirectory(folder);
            (Population training, Population heldout) = LockstepZoo.Run(
                _device, new StoredZoo(folder), network, train, test, settings, _sizes.HeldoutRuns, _progress, cancellation);
            foreach (string generator in generators)
            {
                string cell = Path.Combine(folder, generator);
                if (done.Contains(generator)) continue;
                Cell(cell, generator, network, test, training, heldout, commandLine, cancellation);
            }
        }

        IReadOnlyList<IndexedStudy> studies = StudyIndex.Find(_folder);
        StudyIndex.Write(_folder, $"Generators and targets, preset {_preset}", studies);
        return studies;
    }

    /// <summary>Cells of other settings are not taken for these. Targets and generators may be added.</summary>
    private void RequireSame()
    {
        string path = Path.Combine(_folder, "matrix.json");
        var mine = new MatrixConfig(_preset, _data, _seed);
        if (File.Exists(path))
        {
            MatrixConfig found = Read(path);
            if (found != mine) throw new RunFolderException($"{_folder} holds a matrix of {found}, and not of {mine}: name another folder with --out, or remove this one");
        }
        else if (Directory.EnumerateFileSystemEntries(_folder).Any(entry => Path.GetFileName(entry) != FolderLock.FileName))
        {
            throw new RunFolderException($"{_folder} is not empty and holds no matrix: name another folder with --out");
        }
        else
        {
            AtomicFile.WriteText(path, JsonSerializer.Serialize(mine, StudyJson.Default.MatrixConfig) + "\n");
        }

        static MatrixConfig Read(string path)
        {
            try
            {
                return JsonSerializer.Deserialize(File.ReadAllText(path), StudyJson.Default.MatrixConfig) ?? throw new JsonException();
            }
            catch (JsonException)
            {
                throw new FileFormatException(path, "preset, data and seed of a matrix", "something else");
            }
        }
    }

    private void Cell(
        string folder, string generator, ILockstepTarget target, ImageSet test, Population training, Population heldout, string commandLine, CancellationToken cancellation)
    {
        Population finals = training.Finals();
        string file = Path.Combine(folder, "generated.h5"), state = Path.Combine(folder, "generator.safetensors");
        if (!StoredResult.IsWhole(file, _progress.Note))
        {
            Directory.CreateDirectory(folder);
            if (Learned.TryGetValue(generator, out var learned))
            {
                ImageSet conditioning = _sizes.Zoo.EvaluationImages > 0 ? test.Take(_sizes.Zoo.EvaluationImages) : test;
                using IResumableGenerator made = learned.Make(new GeneratorRequest(_device, target, conditioning, _preset, _seed));
                made.Fit(learned.AllCheckpoints ? training : finals, state, new TrainingStage($"{generator} on {target.Name}", _progress), cancellation);
                Sample(made);
            }
            else
            {
                IGenerator made = BaselineCatalog.Create(generator, new BaselineOptions { Target = target });
                made.Fit(finals, cancellation);
                Sample(made);
            }
        }

        Snapshots.Delete(state); // a cell keeps its networks
        _progress.Stage($"evaluate {generator} on {target.Name}");
        Population generated = PopulationFile.Read(file), fresh = heldout.Finals();
        foreach (Population population in new[] { finals, generated, fresh }) target.Evaluate(_device, population, test);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(
            _device, finals, [new("generated", generated), new("heldout", fresh)], _seed, _sizes.Resamples, target: target);
        EvaluationReport.Write(folder, measured, new ReportContext
        {
            Title = $"{generator} on {target.Name}, preset {_preset}",
            Seed = _seed,
            Resamples = _sizes.Resamples,
            GridResolution = _sizes.GridResolution,
            Networks = (_device, target, test),
            CommandLine = commandLine,
            Provenance = new Dictionary<string, string>
            {
                ["generator"] = generator,
                ["target"] = $"{target.Name}, {target.Layout.Count} parameters",
                ["data"] = test.Name,
                ["training runs"] = $"{training.RunCount} ({training.Count} checkpoints)",
                ["held-out runs"] = $"{heldout.RunCount}",
                ["device"] = _device.Name,
                ["seed"] = $"{_seed}",
            },
        });

        void Sample(IGenerator made)
        {
            _progress.Stage($"sample {generator} on {target.Name}");
            PopulationFile.Write(file, made.Sample(_sizes.Generated, _seed, cancellation));
        }
    }

    /// <summary>A method's settings are those of its own study of that size.</summary>
    private static StudyConfig Of(string method, GeneratorRequest request) => StudyPresets.Create(method, request.Preset).WithSeed(request.Seed);
}
