using System.CommandLine;
using WeightMem.Cli.Commands;
using WeightMem.Cli.Help;
using WeightMem.Models;

namespace WeightMem.Cli;

/// <summary>The command line: parsing and printing only.</summary>
internal static class Program
{
    private static readonly (string Name, string Summary, Func<Command> Create)[] s_commands =
    [
        ("reproduce", ReproduceCommand.Summary, ReproduceCommand.Create),
        ("study", StudyCommand.Summary, StudyCommand.Create),
        ("data", DataCommand.Summary, DataCommand.Create),
        ("zoo", ZooCommand.Summary, ZooCommand.Create),
        ("train", TrainCommand.Summary, TrainCommand.Create),
        ("sample", SampleCommand.Summary, SampleCommand.Create),
        ("baseline", BaselineCommand.Summary, BaselineCommand.Create),
        ("evaluate", EvaluateCommand.Summary, EvaluateCommand.Create),
        ("report", ReportCommand.Summary, ReportCommand.Create),
        ("matrix", MatrixCommand.Summary, MatrixCommand.Create),
        ("inspect", InspectCommand.Summary, InspectCommand.Create),
        ("convert", ConvertCommand.Summary, ConvertCommand.Create),
        ("bench", BenchCommand.Summary, BenchCommand.Create),
        ("doctor", DoctorCommand.Summary, DoctorCommand.Create),
        ("completion", CompletionCommand.Summary, CompletionCommand.Create),
    ];

    public static int Main(string[] args)
    {
        Console.SetOut(new ConsoleWriter(Console.Out, ignoreFailures: false));
        Console.SetError(new ConsoleWriter(Console.Error, ignoreFailures: true));
        GraphicsLibrary.Offer();

        // A command's options name what there is to choose from, which loads catalogues: only the command that is asked for is made whole. A completion carries
        // the line that was typed as one argument, hence "contains".
        RootCommand root = Root(name => args.Any(a => a.Contains(name, StringComparison.Ordinal)));
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

    /// <summary>The tree of commands.</summary>
    /// <param name="isWhole">Whether a command gets its options and subcommands; else it is there by name and summary.</param>
    internal static RootCommand Root(Func<string, bool> isWhole)
    {
        var root = new RootCommand("Weight generators and whether they generalise or memorise (arXiv 2506.07998).");
        foreach ((string name, string summary, Func<Command> create) in s_commands) root.Add(isWhole(name) ? create() : new Command(name, summary));
        foreach (System.CommandLine.Help.HelpOption help in root.Options.OfType<System.CommandLine.Help.HelpOption>())
        {
            help.Description = "Show this help";
            help.Action = new ManualAction();
        }

        return root;
    }
}
