using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Cli.Commands;

/// <summary><c>zoo train TARGET</c> and <c>zoo info FILE</c>: make or describe a population.</summary>
internal static class ZooCommand
{
    public const string Summary = "Make or describe a population of trained networks.";

    public static Command Create() => new("zoo", Summary) { Train(), Info() };

    private static Command Train()
    {
        var target = new Argument<string>("TARGET") { Description = $"Target: {string.Join(", ", TargetCatalog.Names)}" };
        var output = new Option<string>("--out") { Description = "Population file (.h5)", Required = true };
        var runs = new Option<int>("--runs") { Description = "Networks trained from different initialisations", DefaultValueFactory = _ => 64 };
        var epochs = new Option<int>("--epochs") { Description = "Passes over the training images", DefaultValueFactory = _ => 5 };
        var checkpoints = new Option<int>("--checkpoints") { Description = "Checkpoints of each run: the start, the end, and random steps between", DefaultValueFactory = _ => 20 };
        var keep = new Option<int[]>("--keep-epochs") { Description = "Epochs whose ends are kept, such as 3,4,5 (0 is the start), in place of --checkpoints", CustomParser = Numbers, Arity = ArgumentArity.ExactlyOne };
        var optimizer = new Option<string?>("--optimizer") { Description = "nesterov or adam; if not given, adam for cnn-small (as published) and nesterov for mlp" };
        var batch = new Option<int?>("--batch") { Description = "Images of a minibatch; if not given, 32 with adam and 128 with nesterov" };
        var rate = new Option<double?>("--rate") { Description = "Learning rate: constant with adam (3e-3 if not given), falling as a cosine with nesterov (0.1)" };
        var group = new Option<int>("--group") { Description = "Runs trained in lockstep", DefaultValueFactory = _ => 32 };
        Option<string> data = SharedOptions.Data();
        Option<string?> folder = SharedOptions.DataFolder();
        Option<int> pool = SharedOptions.Pool();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("train", "Train a population in lockstep. Finished groups are kept beside the output until all are there.")
            { target, output, runs, epochs, checkpoints, keep, optimizer, batch, rate, group, data, folder, pool, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            (ImageSet train, ImageSet test) = SharedOptions.Images(parsed.GetValue(data)!, parsed.GetValue(folder), parsed.GetValue(pool));
            var network = TargetCatalog.Create<ILockstepTarget>(parsed.GetValue(target)!, train);
            string rule = parsed.GetValue(optimizer) ?? (network is ConvNetTarget ? "adam" : "nesterov");
            SharedOptions.RequireName("optimizer", rule, ["nesterov", "adam"]);
            bool adam = rule == "adam";
            int[] kept = parsed.GetValue(keep) ?? [];
            var settings = new ZooSettings
            {
                Runs = parsed.GetValue(runs),
                Epochs = parsed.GetValue(epochs),
                Checkpoints = parsed.GetValue(checkpoints),
                KeptEpochs = kept.Length > 0 ? kept : null,
                Optimizer = adam ? ZooOptimizer.Adam : ZooOptimizer.Nesterov,
                BatchSize = parsed.GetValue(batch) ?? (adam ? 32 : 128),
                BaseRate = parsed.GetValue(rate) ?? (adam ? 3e-3 : 0.1),
                ConstantRate = adam,
                WeightDecay = adam ? 0 : 5e-4,
                GroupSize = parsed.GetValue(group),
                Seed = parsed.GetValue(seed),
            };
            string path = parsed.GetValue(output)!;
            using Device computer = device.Open(parsed);
            var progress = new ConsoleProgress();
            using FolderLock hold = FolderLock.Take(path + ".shards");
            AtomicFile.DeleteAbandonedOf(path);
            progress.Stage($"zoo: {settings.Runs} runs of {network.Name} on {train.Name}, {computer.Name}");
            using var builder = new ZooBuilder(computer, network, train, test, settings);
            var shards = PopulationShards.Open(path + ".shards", progress.Note);
            Population zoo = builder.TrainAll(
                shards,
                p => progress.Advance(
                    p.RunsDone + (double)p.Step / p.Steps * Math.Min(settings.GroupSize, p.Runs - p.RunsDone), p.Runs,
                    FormattableString.Invariant($"{p.ModelsPerSecond:F1} networks/s")),
                cancellation);
            PopulationFile.Write(path, zoo);
            hold.Delete();
            shards.Delete();
            Describe(path, zoo, json: false);
            return ExitCodes.Success;
        }));
        return command;
    }

    private static int[] Numbers(ArgumentResult result)
    {
        string[] parts = result.Tokens.Count == 0 ? [] : result.Tokens[0].Value.Split(',');
        var numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) continue;
            result.AddError($"'{result.Tokens[0].Value}' is no list of epochs; the form is 3,4,5");
            return [];
        }

        return numbers;
    }

    private static Command Info()
    {
        var file = new Argument<string>("FILE") { Description = "Population file (.h5)" };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("info", "Describe a population file.") { file, json };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            string path = parsed.GetValue(file)!;
            Describe(path, PopulationFile.Read(path), parsed.GetValue(json));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static void Describe(string path, Population population, bool json)
    {
        Population finals = population.Finals();
        var facts = new JsonObject
        {
            ["file"] = path,
            ["target"] = population.Target,
            ["networks"] = population.Count,
            ["runs"] = population.RunCount,
            ["parameters"] = population.Parameters,
            ["accuracy_of_finals"] = finals.Score is { } score ? Math.Round(score.Average(), 2) : null,
            ["loss_of_finals"] = finals.Loss is { } loss ? Math.Round(loss.Average(), 4) : null,
        };
        if (json)
        {
            var provenance = new JsonObject();
            foreach ((string key, string value) in population.Provenance) provenance[key] = value;
            facts["provenance"] = provenance;
            Console.Out.WriteLine(facts.ToJsonString(SharedOptions.Indented));
            return;
        }

        foreach ((string key, JsonNode? value) in facts) Console.Out.WriteLine($"{key.Replace('_', ' '),-20} {value?.ToString() ?? "not measured"}");
        foreach ((string key, string value) in population.Provenance) Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{key,-20} {value}"));
    }
}
