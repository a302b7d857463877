using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary><c>evaluate</c>: judges weights from any generator, by files.</summary>
internal static class EvaluateCommand
{
    private static readonly string[] FailOn = ["memorised", "replica", "interpolation", "not-novel"];

    public static Command Create()
    {
        var training = new Option<string>("--training") { Description = "Training networks: a population, .npy, .npz, .safetensors, .pt, or a folder of checkpoints. Of a file with several checkpoints per run the last ones are used", Required = true };
        var generated = new Option<string>("--generated") { Description = "Generated networks, in a file of any of these kinds", Required = true };
        var heldout = new Option<string?>("--heldout") { Description = "Networks of the same kind that the generator never saw" };
        var baselines = new Option<string[]>("--baseline") { Description = "A baseline as NAME=FILE; can be given several times", DefaultValueFactory = _ => [] };
        var all = new Option<bool>("--all-checkpoints") { Description = "Use every checkpoint of the training and held-out files, not the last of each run" };
        var target = new Option<string?>("--target") { Description = "Target of the networks: its hidden units are put in order; with --data also accuracy, errors and functions" };
        var data = new Option<string?>("--data") { Description = $"Image set to measure on: {string.Join(", ", ImageCatalog.Names)}" };
        var failOn = new Option<string?>("--fail-on") { Description = $"Exit with code {ExitCodes.Verdict} on this verdict: memorised (replica or interpolation), replica, interpolation, or not-novel (anything but novel-and-useful)" };
        var output = new Option<string>("--out") { Description = "Folder for evaluation.json, figures and report.html", Required = true };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<int> pool = SharedOptions.Pool();
        Option<long> seed = SharedOptions.Seed();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("evaluate", "Judge generated weights against training weights: distances, and with a target and images also accuracy and errors.")
            { training, generated, heldout, baselines, all, target, data, failOn, output, folder, pool, seed, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(_ =>
        {
            if (parsed.GetValue(target) is null && parsed.GetValue(data) is not null)
                throw new UsageException("--data needs --target: accuracy needs both the networks and the images");
            if (parsed.GetValue(failOn) is { } verdict) SharedOptions.RequireName("verdict", verdict, FailOn);
            (ImageSet Train, ImageSet Test)? images = parsed.GetValue(data) is { } set ? SharedOptions.Images(set, parsed.GetValue(folder), parsed.GetValue(pool)) : null;
            ITarget? network = parsed.GetValue(target) is { } name ? Network(name, images?.Train) : null;
            IImageTarget? judged = images is null ? null : network as IImageTarget ?? throw new UsageException($"networks of {network!.Name} do not classify images");

            var inputs = new Dictionary<string, string>();
            bool every = parsed.GetValue(all);
            Population reference = Load("training", parsed.GetValue(training)!, network, inputs, finals: !every);
            var others = new List<NamedPopulation> { new("generated", Load("generated", parsed.GetValue(generated)!, network, inputs, finals: false)) };
            if (parsed.GetValue(heldout) is { } held) others.Add(new("heldout", Load("heldout", held, network, inputs, finals: !every)));
            foreach (string baseline in parsed.GetValue(baselines)!)
            {
                int equals = baseline.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1) throw new UsageException($"--baseline {baseline}: expected NAME=FILE");
                string label = baseline[..equals];
                others.Add(new(label, Load(label, baseline[(equals + 1)..], network, inputs, finals: false)));
            }

            foreach (NamedPopulation other in others.Where(o => o.Population.Parameters != reference.Parameters))
                throw new ArgumentException($"{other.Name} has networks of {other.Population.Parameters} parameters, and training of {reference.Parameters}");
            string path = parsed.GetValue(output)!;
            using FolderLock hold = FolderLock.Take(path);
            using Device computer = device.Open(parsed);
            foreach (Population population in others.Select(o => o.Population).Append(reference))
            {
                (population.Score, population.Loss, population.Wrong) = (null, null, null); // whatever a file says was measured elsewhere
                judged?.Evaluate(computer, population, images!.Value.Test);
            }

            IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(computer, reference, others, parsed.GetValue(seed), target: network);
            EvaluationDocument document = EvaluationReport.Write(path, measured, new ReportContext
            {
                Title = $"Evaluation of {Path.GetFileName(parsed.GetValue(generated)!)}",
                Seed = parsed.GetValue(seed),
                Provenance = new Dictionary<string, string>(inputs)
                {
                    ["device"] = computer.Name,
                    ["target"] = network?.Name ?? "none given: weights only",
                    ["images"] = images?.Test.Name ?? "none given",
                    ["seed"] = $"{parsed.GetValue(seed)}",
                },
                CommandLine = SharedOptions.CommandLine(parsed),
                Networks = judged is null ? null : (computer, judged, images!.Value.Test),
                Device = computer,
                Target = network,
            });
            EvaluationPrinter.Print(document, Path.Combine(path, "report.html"), parsed.GetValue(json));
            return Fails(parsed.GetValue(failOn), document.Verdict?.Name) ? ExitCodes.Verdict : ExitCodes.Success;
        }));
        return command;
    }

    private static bool Fails(string? failOn, string? verdict) => failOn switch
    {
        null => false,
        "memorised" => verdict is "replica" or "interpolation",
        "not-novel" => verdict != "novel-and-useful",
        _ => verdict == failOn,
    };

    private static ITarget Network(string name, ImageSet? images)
    {
        try
        {
            return TargetCatalog.Create(name, images);
        }
        catch (ArgumentException e) when (images is null)
        {
            throw new UsageException($"{e.Message}; or name the images with --data");
        }
    }

    private static Population Load(string role, string path, ITarget? target, Dictionary<string, string> inputs, bool finals)
    {
        WeightRows rows = finals && IsPopulation(path) ? Finals(path) : WeightRows.Read(path);
        FiniteRows.Check(path, rows.Values, rows.Parameters);
        Population population = target is null
            ? rows.Population ?? rows.ToPopulation("unknown", new ParameterLayout(("weights", rows.Parameters)))
            : rows.ToPopulation(target.Name, target.Layout);
        inputs[$"sha256 of {role}"] = Hash(rows);
        if (population.Count == 0) throw new FileFormatException(path, "at least one network", "none");
        return finals ? population.Finals() : population;
    }

    private static bool IsPopulation(string path) =>
        PopulationShards.IsShards(path) || PopulationFile.IsPopulation(path);

    /// <summary>Of a set with many checkpoints a run only the last ones are read: a set larger than memory can be judged.</summary>
    private static WeightRows Finals(string path)
    {
        using PopulationReader reader = PopulationReader.Open(path);
        Population finals = reader.ReadFinals();
        return new WeightRows(path, finals.Weights, finals.Count, finals.Parameters, finals);
    }

    /// <summary>The checksum of a file; of a folder, that of the weights read from it.</summary>
    private static string Hash(WeightRows rows)
    {
        if (Directory.Exists(rows.Path))
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (float[] part in rows.Values.Chunk(1 << 20)) hash.AppendData(MemoryMarshal.AsBytes(part.AsSpan()));
            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }

        using FileStream content = File.OpenRead(rows.Path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }
}
