using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands.Studies;

/// <summary><c>study factors|data-scaling METHOD</c> and <c>study permutations|random-weights</c>: several studies that differ in one setting each, ending in a table.</summary>
internal static class SweepCommand
{
    public static Command Create(string sweep, string about, string? only = null)
    {
        var method = new Argument<string>("METHOD") { Description = $"Method: {string.Join(", ", StudyPresets.Methods)}", DefaultValueFactory = _ => "gpt" };
        var preset = new Option<string>("--preset") { Description = $"Size of the study that is varied: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var output = new Option<string?>("--out") { Description = $"Folder; runs/{sweep}-{only ?? "METHOD"}-PRESET if not given" };
        Option<string[]> set = SharedOptions.Set();
        Option<string?> folder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command(sweep, about + " Stopped, the same command resumes.") { preset, set, output, folder, seed };
        if (only is null) command.Add(method);
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            (string name, string size) = (only ?? parsed.GetValue(method)!, parsed.GetValue(preset)!);
            SharedOptions.RequireName("method", name, StudyPresets.Methods);
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            StudyConfig config = SharedOptions.Apply(parsed.GetValue(set)!, StudyPresets.Create(name, size).WithSeed(parsed.GetValue(seed)));
            string path = parsed.GetValue(output) ?? Path.Combine("runs", $"{sweep}-{name}-{size}");
            using Device computer = device.Open(parsed);
            var progress = new ConsoleProgress();
            progress.Note($"computing on {DeviceOptions.Header(computer)}");
            string table = StudySweep.Run(path, StudySweep.Variants(sweep, config), (varied, run) =>
            {
                progress.Note($"{sweep}: {run.Root}");
                using var study = new Study(varied, run, computer, parsed.GetValue(folder), SharedOptions.CommandLine(parsed), progress);
                return study.Run(cancellation);
            }, $"{name}: {sweep}, preset {size}", progress.Note);
            Console.Out.Write(table);
            return ExitCodes.Success;
        }));
        return command;
    }
}
