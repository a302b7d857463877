using System.CommandLine;
using WeightMem.Cli.Commands;

namespace WeightMem.Cli;

/// <summary>The command line: parsing and printing only.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        var root = new RootCommand("Weight generators and whether they generalise or memorise (arXiv 2506.07998).")
        {
            ReproduceCommand.Create(),
            DataCommand.Create(),
            ZooCommand.Create(),
            TrainCommand.Create(),
            SampleCommand.Create(),
            BaselineCommand.Create(),
            EvaluateCommand.Create(),
            ReportCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct()) Console.Error.WriteLine($"weightmem: {message}");
            return ExitCodes.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }
}
