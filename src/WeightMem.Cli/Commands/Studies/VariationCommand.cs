using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands.Studies;

/// <summary><c>study permutations</c> and the like: a series of studies that differ in one thing.</summary>
internal static class VariationCommand
{
    private static readonly string[] Printed = ["min_l2", "min_l2_augmented", "mmd_test", "empty_meshes", "pairwise_cd"];

    public static Command Create(string series, string about)
    {
        var preset = new Option<string>("--preset") { Description = $"Size of each study: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var output = new Option<string?>("--out") { Description = $"Folder of the series; runs/{series}-PRESET if not given" };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command(series, about) { preset, output, folder, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string size = parsed.GetValue(preset)!;
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            IReadOnlyList<Variation> variations = VariationStudy.Of(series, size, parsed.GetValue(seed));
            string root = parsed.GetValue(output) ?? Path.Combine("runs", $"{series}-{size}");
            using Device computer = device.Open(parsed);
            var progress = new ConsoleProgress();
            progress.Note($"computing on {DeviceOptions.Header(computer)}");
            IReadOnlyDictionary<string, EvaluationDocument> documents = VariationStudy.Run(
                series, variations, root, computer, parsed.GetValue(folder), SharedOptions.CommandLine(parsed), progress, cancellation);
            foreach (Variation variation in variations) Print(variation, documents[variation.Name].Populations["generated"]);
            Console.Out.WriteLine(Path.Combine(root, "summary.csv"));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static void Print(Variation variation, IReadOnlyDictionary<string, Estimate> generated)
    {
        IEnumerable<string> parts = Printed.Where(generated.ContainsKey)
            .Select(measure => FormattableString.Invariant($"{measure} {generated[measure].Mean:G4} [{generated[measure].CiLow:G4}, {generated[measure].CiHigh:G4}] n {generated[measure].N}"));
        Console.Out.WriteLine($"{variation.Label}: {string.Join("; ", parts)}");
    }
}
