using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary><c>evaluate</c>: judges weights from any generator, by files.</summary>
internal static class EvaluateCommand
{
    private static readonly string[] FailOn = ["memorised", "replica", "interpolation", "not-novel"];

    public const string Summary = "Judge generated weights against training weights: distances, and with a target and images also accuracy and errors.";

    public static Command Create()
    {
        var training = new Option<string>("--training") { Description = "Training networks: a population, .npy, .npz, .safetensors, .pt, or a folder of checkpoints. Of a file with several checkpoints per run the last ones are used", Required = true };
        var generated = new Option<string>("--generated") { Description = "Generated networks, in a file of any of these kinds", Required = true };
        var heldout = new Option<string?>("--heldout") { Description = "Networks of the same kind that the generator never saw" };
        var baselines = new Option<string[]>("--baseline") { Description = "A baseline as NAME=FILE; can be given several times", DefaultValueFactory = _ => [] };
        var all = new Option<bool>("--all-checkpoints") { Description = "Use every checkpoint of the training and held-out files, not the last of each run" };
        var target = new Option<string?>("--target") { Description = "Target of the networks: its hidden units are put in order; with --data also accuracy, errors and functions" };
        var data = new Option<string?>("--data") { Description = $"Image set to measure on: {string.Join(", ", ImageCatalog.Names)}" };
        var limit = new Option<int>("--limit") { Description = "Networks of a file that are kept in memory at most; 0 for as many as fit. Of more judged networks a random sample is judged; of more training networks the nearest to each judged one are kept, and a random sample (with --heldout)", DefaultValueFactory = _ => 0 };
        var failOn = new Option<string?>("--fail-on") { Description = $"Exit with code {ExitCodes.Verdict} on this verdict: memorised (replica or interpolation), replica, interpolation, or not-novel (anything but novel-and-useful)" };
        var output = new Option<string>("--out") { Description = "Folder for evaluation.json, figures and report.html", Required = true };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<int> pool = SharedOptions.Pool();
        Option<long> seed = SharedOptions.Seed();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("evaluate", Summary)
            { training, generated, heldout, baselines, all, limit, target, data, failOn, output, folder, pool, seed, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(_ =>
        {
            if (parsed.GetValue(target) is null && parsed.GetValue(data) is not null)
                throw new UsageException("--data needs --target: accuracy needs both the networks and the images");
            if (parsed.GetValue(failOn) is { } verdict) SharedOptions.RequireName("verdict", verdict, FailOn);
            (ImageSet Train, ImageSet Test)? images = parsed.GetValue(data) is { } set ? SharedOptions.Images(set, parsed.GetValue(folder), parsed.GetValue(pool)) : null;
            ITarget? network = parsed.GetValue(target) is { } name ? Network(name, images?.Train) : null;
            IImageTarget? judged = images is null ? null : network as IImageTarget ?? throw new UsageException($"networks of {network!.Name} do not classify images");

            using Device computer = device.Open(parsed);
            var inputs = new EvaluationInputs(computer, network, parsed.GetValue(limit), parsed.GetValue(seed));
            bool finals = !parsed.GetValue(all);
            var others = new List<NamedPopulation> { new("generated", inputs.Judged("generated", parsed.GetValue(generated)!, finals: false)) };
            if (parsed.GetValue(heldout) is { } held) others.Add(new("heldout", inputs.Judged("heldout", held, finals)));
            foreach (string baseline in parsed.GetValue(baselines)!)
            {
                int equals = baseline.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1) throw new UsageException($"--baseline {baseline}: expected NAME=FILE");
                string label = baseline[..equals];
                others.Add(new(label, inputs.Judged(label, baseline[(equals + 1)..], finals: false)));
            }

            Population reference = inputs.Training(parsed.GetValue(training)!, finals, others);
            EvaluationInputs.RequireWidth(others, reference.Parameters);
            string path = parsed.GetValue(output)!;
            using FolderLock hold = FolderLock.Take(path);
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
                Provenance = new Dictionary<string, string>(inputs.Provenance)
                {
                    ["device"] = computer.Name,
                    ["target"] = network?.Name ?? "none given: weights only",
                    ["images"] = images?.Test.Name ?? "none given",
                    ["seed"] = $"{parsed.GetValue(seed)}",
                },
                Remark = inputs.Remark,
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
}
