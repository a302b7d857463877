using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>study factors|data-scaling METHOD</c>: several studies that differ in one setting each, ending in a table.</summary>
internal static class StudyCommand
{
    public static Command Create()
    {
        var sweep = new Argument<string>("SWEEP") { Description = $"What is varied: {string.Join(", ", StudySweep.Names)}" };
        var method = new Argument<string>("METHOD") { Description = $"Method: {string.Join(", ", StudyPresets.Methods)}", DefaultValueFactory = _ => "gpt" };
        var preset = new Option<string>("--preset") { Description = $"Size of the study that is varied: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var output = new Option<string?>("--out") { Description = "Folder; runs/SWEEP-METHOD-PRESET if not given" };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("study", "Vary modelling factors or the number of training runs of a method. Stopped, the same command resumes.") { sweep, method, preset, output, folder, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            (string what, string name, string size) = (parsed.GetValue(sweep)!, parsed.GetValue(method)!, parsed.GetValue(preset)!);
            SharedOptions.RequireName("sweep", what, StudySweep.Names);
            SharedOptions.RequireName("method", name, StudyPresets.Methods);
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            StudyConfig config = StudyPresets.Create(name, size).WithSeed(parsed.GetValue(seed));
            string path = parsed.GetValue(output) ?? Path.Combine("runs", $"{what}-{name}-{size}");
            using Device computer = device.Open(parsed);
            var progress = new ConsoleProgress();
            progress.Note($"computing on {DeviceOptions.Header(computer)}");
            string table = StudySweep.Run(path, StudySweep.Variants(what, config), (varied, run) =>
            {
                progress.Note($"{what}: {run.Root}");
                using var study = new Study(varied, run, computer, parsed.GetValue(folder), SharedOptions.CommandLine(parsed), progress);
                return study.Run(cancellation);
            }, $"{name}: {what}, preset {size}");
            Console.Out.Write(table);
            return ExitCodes.Success;
        }));
        return command;
    }
}
