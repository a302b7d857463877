using System.CommandLine;
using System.Text.Json.Nodes;

namespace WeightMem.Cli.Commands;

/// <summary><c>doctor</c>: what this program can compute on, which libraries it found, where it looked, and what would make it faster.</summary>
internal static class DoctorCommand
{
    public const string Summary = "Show processor and devices, the CUDA libraries that were found or looked for, caches, disk space, and what would make this machine faster.";

    public static Command Create()
    {
        Option<bool> json = SharedOptions.Json();
        var command = new Command("doctor", Summary) { json };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            DoctorReport report = DoctorReport.Make();
            if (parsed.GetValue(json))
            {
                var facts = new JsonArray([.. report.Facts.Select(f => (JsonNode)new JsonObject { ["name"] = f.Name, ["value"] = f.Value })]);
                var document = new JsonObject { ["facts"] = facts, ["advice"] = new JsonArray([.. report.Advice.Select(a => (JsonNode)a)]) };
                Console.Out.WriteLine(document.ToJsonString(SharedOptions.Indented));
                return ExitCodes.Success;
            }

            foreach ((string name, string value) in report.Facts) Console.Out.WriteLine($"{name}: {value}");
            foreach (string advice in report.Advice) Console.Out.WriteLine($"advice: {advice}");
            return ExitCodes.Success;
        }));
        return command;
    }
}
