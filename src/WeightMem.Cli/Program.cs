using System.CommandLine;
using WeightMem.Cli.Commands;
using WeightMem.Models;

namespace WeightMem.Cli;

/// <summary>The command line: parsing and printing only.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        var root = new RootCommand("Weight generators and whether they generalise or memorise (arXiv 2506.07998).")
        {
            ReproduceCommand.Create(),
            StudyCommand.Create(),
            DataCommand.Create(),
            ZooCommand.Create(),
            TrainCommand.Create(),
            SampleCommand.Create(),
            BaselineCommand.Create(),
            EvaluateCommand.Create(),
            ReportCommand.Create(),
            MatrixCommand.Create(),
            InspectCommand.Create(),
            ConvertCommand.Create(),
            BenchCommand.Create(),
            DoctorCommand.Create(),
            CompletionCommand.Create(),
        };
        if (args.Length > 0 && args[0] is not ['-' or '[', ..] && root.Subcommands.All(c => c.Name != args[0]))
        {
            Console.Error.WriteLine($"weightmem: {NearestName.Message("command", args[0], [.. root.Subcommands.Select(c => c.Name)])}");
            return ExitCodes.Usage;
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct()) Console.Error.WriteLine($"weightmem: {message}");
            return ExitCodes.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }
}
