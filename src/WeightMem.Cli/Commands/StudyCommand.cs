using System.CommandLine;
using Spectre.Console;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>study symmetry RUN</c>: studies of a trained generator beside the report.</summary>
internal static class StudyCommand
{
    public static Command Create() => new("study", "Studies of a trained generator.") { Symmetry() };

    private static Command Symmetry()
    {
        var folder = new Argument<string>("RUN") { Description = "Run folder of train or reproduce hyper-representations" };
        var networks = new Option<int>("--networks") { Description = "At most so many training networks, of the best 30 % of the last step", DefaultValueFactory = _ => 100 };
        Option<string?> dataFolder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("symmetry", "Send permuted and scaled copies of networks, which compute the same, through the auto-encoder and compare what comes back.")
            { folder, networks, dataFolder, seed, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(_ =>
        {
            int most = parsed.GetValue(networks);
            if (most < 2) throw new UsageException($"--networks {most}: at least 2");
            (RunFolder run, StudyConfig config) = RunFolder.OpenExisting(parsed.GetValue(folder)!);
            using (run)
            {
                using Device computer = device.Open(parsed);
                using var study = new Study(config, run, computer, parsed.GetValue(dataFolder), SharedOptions.CommandLine(parsed), new ConsoleProgress());
                SymmetryResult result = study.Symmetries(most, parsed.GetValue(seed));
                if (parsed.GetValue(json)) Console.Out.Write(SymmetryStudy.ToJson(result));
                else Print(result, Path.Combine(run.Figures, "symmetry.png"));
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static void Print(SymmetryResult result, string figure)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("reconstructions of");
        foreach (string heading in new[] { "n", "avg abs acc diff, points", "1 - avg similarity", "largest logit change" })
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach ((string name, SymmetryPairs pairs) in result.Pairs)
        {
            string compared = name == "original" ? "different networks" : $"networks and {name} copies";
            table.AddRow(
                compared, $"{pairs.AccuracyDifference.N}", EvaluationPrinter.Cell(pairs.AccuracyDifference, "F2"), EvaluationPrinter.Cell(pairs.Dissimilarity, "F3"),
                pairs.LargestLogitChange is { } change ? FormattableString.Invariant($"{change:G2}") : "");
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.Write(table);
        string allowed = string.Join(", ", result.Scaling.Select((s, layer) => $"layer {layer + 1}: {s.ToString().ToLowerInvariant()}"));
        Console.Out.WriteLine($"Scalings that leave the function alone: {allowed}. Means with 95 % bootstrap intervals. Figure: {figure}");
    }
}
