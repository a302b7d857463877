using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands.Studies;

/// <summary><c>study latent-noise [RUN]</c>: P-diff with and without noise on its latents.</summary>
internal static class LatentNoiseCommand
{
    public static Command Create()
    {
        var folder = new Argument<string?>("RUN") { Description = "Run folder of reproduce p-diff, whose checkpoints are used; runs/p-diff-PRESET, made if missing, when not given", Arity = ArgumentArity.ZeroOrOne };
        var preset = new Option<string>("--preset") { Description = $"Size of the study when no run is given: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var levels = new Option<double[]>("--noise") { Description = "Deviations of the noise", DefaultValueFactory = _ => [0, 0.1], AllowMultipleArgumentsPerToken = true };
        Option<string?> dataFolder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("latent-noise", "Train P-diff with and without noise on the latents: what makes its samples contract to the mean of the trajectory.")
            { folder, preset, levels, dataFolder, seed, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            double[] wanted = parsed.GetValue(levels)!;
            if (wanted.Length == 0 || Array.Exists(wanted, w => !(w >= 0)) || wanted.Distinct().Count() < wanted.Length) throw new UsageException("--noise takes different numbers of 0 or more");
            string size = parsed.GetValue(preset)!;
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            if (parsed.GetValue(folder) is not null && parsed.GetResult(seed) is { Implicit: false }) throw new UsageException("--seed is of a run that is made; RUN has its own");
            (RunFolder run, StudyConfig config) = parsed.GetValue(folder) is { } given ? RunFolder.OpenExisting(given) : Fresh(size, parsed.GetValue(seed));
            using (run)
            {
                using Device computer = device.Open(parsed);
                LatentNoiseResult result = LatentNoiseStudy.Run(config, run, computer, parsed.GetValue(dataFolder), wanted, new ConsoleProgress(), cancellation);
                if (parsed.GetValue(json)) Console.Out.Write(LatentNoiseStudy.ToJson(result));
                else Print(result, run.File("latent-noise.json"));
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static (RunFolder Folder, StudyConfig Config) Fresh(string size, long seed)
    {
        StudyConfig config = StudyPresets.Create("p-diff", size).WithSeed(seed);
        return (RunFolder.Open(Path.Combine("runs", $"p-diff-{size}"), config), config);
    }

    private static void Print(LatentNoiseResult result, string file)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (string heading in new[] { "latent noise", "n", "accuracy %", "max similarity", "min L2", "own similarity", "trace ratio", "centroid ratio", "restoring error" })
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (LatentNoiseLevel level in result.Levels)
        {
            table.AddRow(
                level.LatentNoise.ToString(CultureInfo.InvariantCulture), $"{level.Accuracy.N}", Cell(level.Accuracy, "F2"), Cell(level.MaxSimilarity, "F3"), Cell(level.MinL2, "F2"),
                Cell(level.OwnSimilarity, level.OwnSimilarityInterval), Cell(level.TraceRatio, level.TraceRatioInterval), Cell(level.CentroidRatio, level.CentroidRatioInterval),
                level.ReconstructionError.ToString("G3", CultureInfo.InvariantCulture));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 200;
        console.Write(table);
        Console.Out.WriteLine(FormattableString.Invariant(
            $"Training networks: accuracy {result.TrainingAccuracy.Mean:F2} % (n {result.TrainingAccuracy.N}), similarity of two {result.TrainingSimilarity:F3}. Ratios are to the training networks. With 95 % bootstrap intervals. Numbers: {file}"));
    }

    private static string Cell(Estimate e, string format) => e is { CiLow: { } low, CiHigh: { } high } ? Cell(e.Mean, low, high, format) : e.Mean.ToString(format, CultureInfo.InvariantCulture);

    private static string Cell(double value, Interval? interval) => interval is { } i ? Cell(value, i.Lo, i.Hi, "F3") : value.ToString("F3", CultureInfo.InvariantCulture);

    private static string Cell(double value, double low, double high, string format) =>
        $"{value.ToString(format, CultureInfo.InvariantCulture)} [[{low.ToString(format, CultureInfo.InvariantCulture)}, {high.ToString(format, CultureInfo.InvariantCulture)}]]";
}
