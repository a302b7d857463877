using System.CommandLine;
using WeightMem.Cli.Commands;
using WeightMem.Models;

namespace WeightMem.Cli;

/// <summary>The command line: parsing and printing only.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        Console.SetOut(new ConsoleWriter(Console.Out, ignoreFailures: false));
        Console.SetError(new ConsoleWriter(Console.Error, ignoreFailures: true));
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
        Command at = root;
        foreach (string arg in args.TakeWhile(a => a is not ['-' or '[', ..]))
        {
            if (at.Subcommands.Count == 0) break;
            if (at.Subcommands.FirstOrDefault(c => c.Name == arg) is not { } next)
            {
                Console.Error.WriteLine($"weightmem: {NearestName.Message(at == root ? "command" : $"{at.Name} command", arg, [.. at.Subcommands.Select(c => c.Name)])}");
                return ExitCodes.Usage;
            }

            at = next;
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct()) Console.Error.WriteLine($"weightmem: {message}");
            return ExitCodes.Usage;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (OutputException e)
        {
            // Help and completions are printed outside of any command.
            Console.Error.WriteLine($"weightmem: {e.Message}");
            return ExitCodes.CannotWrite;
        }
    }
}
