using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>report DIR</c>: numbers, figures and page of a finished run, made anew from its populations.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Run folder of reproduce" };
        Option<string?> dataFolder = SharedOptions.DataFolder();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("report", "Write the numbers, figures and page of a finished run anew.") { folder, dataFolder, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(_ =>
        {
            (RunFolder run, StudyConfig config) = RunFolder.OpenExisting(parsed.GetValue(folder)!);
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
