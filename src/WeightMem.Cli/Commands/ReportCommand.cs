using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>report DIR</c>: numbers, figures and page of a finished run, made anew from its populations; of a folder with several runs, the page that puts them side by side.</summary>
internal static class ReportCommand
{
    public const string Summary = "Write the numbers, figures and page of a finished run anew.";

    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Run folder of reproduce, or a folder of such folders" };
        Option<string?> dataFolder = SharedOptions.DataFolder();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("report", Summary) { folder, dataFolder, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(_ =>
        {
            string root = parsed.GetValue(folder)!;
            if (Directory.Exists(root) && !File.Exists(Path.Combine(root, "config.json")) && StudyIndex.Find(root) is { Count: > 0 } studies)
            {
                StudyIndex.Write(root, $"Studies in {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)))}", studies);
                EvaluationPrinter.Print(studies, Path.Combine(root, "index.html"));
                return ExitCodes.Success;
            }

            (RunFolder run, StudyConfig config) = RunFolder.OpenExisting(root);
            using (run)
            {
                using Device computer = device.Open(parsed);
                string made = run.ReadRecord()?.CommandLine ?? SharedOptions.CommandLine(parsed);
                using var study = new Study(config, run, computer, parsed.GetValue(dataFolder), made, new ConsoleProgress());
                EvaluationPrinter.Print(study.Report(), run.Report, parsed.GetValue(json));
            }

            return ExitCodes.Success;
        }));
        return command;
    }
}
