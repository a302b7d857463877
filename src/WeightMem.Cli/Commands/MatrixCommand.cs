using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>matrix</c>: any generator on any target, one table of verdicts.</summary>
internal static class MatrixCommand
{
    public const string Summary = "Run generators on targets and put their verdicts side by side. Stopped, the same command resumes.";

    public static Command Create()
    {
        var targets = new Option<string[]>("--targets") { Description = "Targets, such as mlp and cnn-small", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["mlp", "cnn-small"] };
        var generators = new Option<string[]>("--generators")
        {
            Description = $"Generators: {string.Join(", ", GeneratorMatrix.Generators)}; numbers can be part of a baseline's name",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. GeneratorMatrix.Generators],
        };
        var preset = new Option<string>("--preset") { Description = $"Size of zoos and generators: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var output = new Option<string?>("--out") { Description = "Folder; runs/matrix-PRESET if not given" };
        Option<string> data = SharedOptions.Data();
        Option<string?> folder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("matrix", Summary)
            { targets, generators, preset, output, data, folder, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string size = parsed.GetValue(preset)!;
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            string[] wanted = [.. parsed.GetValue(generators)!.SelectMany(g => g.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            foreach (string name in wanted.Where(g => !GeneratorMatrix.IsGenerator(g))) SharedOptions.RequireName("generator", name, GeneratorMatrix.Generators);
            string path = parsed.GetValue(output) ?? Path.Combine("runs", $"matrix-{size}");
            using Device computer = device.Open(parsed);
            var matrix = new GeneratorMatrix(computer, path, size, parsed.GetValue(data)!, parsed.GetValue(folder), parsed.GetValue(seed), new ConsoleProgress());
            IReadOnlyList<IndexedStudy> studies = matrix.Run(
                [.. parsed.GetValue(targets)!.SelectMany(t => t.Split(',', StringSplitOptions.RemoveEmptyEntries))], wanted, SharedOptions.CommandLine(parsed), cancellation);
            EvaluationPrinter.Print(studies, Path.Combine(path, "index.html"));
            return ExitCodes.Success;
        }));
        return command;
    }
}
