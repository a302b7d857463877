using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;

namespace WeightMem.Cli.Help;

/// <summary><c>--help</c>: what a command does, how it is called, its arguments and options, examples and exit codes.</summary>
internal sealed class ManualAction : SynchronousCommandLineAction
{
    private const int WidestNames = 30, WidestLine = 110;

    /// <summary>Help is for those who do not know yet what is required.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int width = Console.IsOutputRedirected ? WidestLine : Math.Clamp(Console.WindowWidth - 1, 60, WidestLine);
        Console.Out.Write(Text(parseResult.CommandResult.Command, width));
        return ExitCodes.Success;
    }

    /// <summary>The help of a command in lines of at most so many characters, where words allow.</summary>
    internal static string Text(Command command, int width)
    {
        string path = PathOf(command);
        ManualPage page = Manual.Of(path);
        var text = new StringBuilder();
        Wrap(text, command.Description ?? "", "", width);
        if (page.About.Length > 0)
        {
            text.Append('\n');
            Wrap(text, page.About, "", width);
        }

        text.Append("\nUsage\n");
        Wrap(text, Usage(command, path), "  ", width);
        Section(text, "Commands", [.. command.Subcommands.Where(c => !c.Hidden).Select(c => new ManualRow(c.Name, c.Description ?? ""))], width);
        Section(text, "Arguments", [.. command.Arguments.Where(a => !a.Hidden).Select(a => new ManualRow(a.Name, Described(a.Description, a.HasDefaultValue ? a.GetDefaultValue() : null)))], width);
        Section(text, "Options", [.. Options(command).Select(o => new ManualRow(Name(o), Described(o.Description, o.HasDefaultValue ? o.GetDefaultValue() : null, o.Required)))], width);
        text.Append("\nExamples\n");
        foreach (ManualRow example in page.Examples)
        {
            if (example.About.Length > 0) Wrap(text, example.About, "  # ", width);
            text.Append("  weightmem ").Append(example.Name).Append('\n');
        }

        Section(text, "Exit codes", Array.ConvertAll(page.ExitCodes, c => new ManualRow($"{c}", Manual.Meaning(c))), width);
        if (command is RootCommand) text.Append("\n'weightmem COMMAND --help' says more about a command.\n");
        return text.ToString();
    }

    /// <summary>The names that lead to a command, without the program's: <c>zoo train</c>; nothing for the program itself.</summary>
    internal static string PathOf(Command command)
    {
        var names = new Stack<string>();
        for (Command? at = command; at is not null and not RootCommand; at = at.Parents.OfType<Command>().FirstOrDefault()) names.Push(at.Name);
        return string.Join(' ', names);
    }

    // --help belongs to the program and holds for every command.
    private static IEnumerable<Option> Options(Command command)
    {
        Command root = command;
        while (root.Parents.OfType<Command>().FirstOrDefault() is { } parent) root = parent;
        IEnumerable<Option> own = command.Options.Where(o => !o.Hidden);
        return root == command ? own : own.Concat(root.Options.OfType<System.CommandLine.Help.HelpOption>());
    }

    private static string Usage(Command command, string path)
    {
        var usage = new StringBuilder("weightmem");
        if (path.Length > 0) usage.Append(' ').Append(path);
        if (command.Subcommands.Count > 0) usage.Append(" COMMAND");
        foreach (Argument argument in command.Arguments) usage.Append(argument.Arity.MinimumNumberOfValues == 0 || argument.HasDefaultValue ? $" [{argument.Name}]" : $" {argument.Name}");
        foreach (Option option in command.Options.Where(o => o.Required)) usage.Append(' ').Append(Name(option));
        return usage.Append(" [options]").ToString();
    }

    private static string Name(Option option)
    {
        string names = string.Join(", ", option.Aliases.Where(a => a.StartsWith('-') && a.Length == 2 && a != "-?").Append(option.Name));
        if (option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool)) return names;
        return $"{names} {option.HelpName ?? Placeholder(option.ValueType)}{(option.AllowMultipleArgumentsPerToken ? " ..." : "")}";
    }

    private static string Placeholder(Type type)
    {
        Type value = type.IsArray ? type.GetElementType()! : Nullable.GetUnderlyingType(type) ?? type;
        return value == typeof(int) || value == typeof(long) || value == typeof(double) ? "N" : "VALUE";
    }

    private static string Described(string? description, object? byDefault, bool required = false)
    {
        string? shown = byDefault switch
        {
            null or false or "" or Array { Length: 0 } => null,
            Array values => string.Join(' ', values.Cast<object>()),
            IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            _ => byDefault.ToString(),
        };
        return $"{description}{(required ? " (required)" : shown is null ? "" : $" [{shown}]")}";
    }

    private static void Section(StringBuilder text, string heading, ManualRow[] rows, int width)
    {
        if (rows.Length == 0) return;
        text.Append('\n').Append(heading).Append('\n');
        int names = 2;
        foreach (ManualRow row in rows) names = Math.Max(names, Math.Min(WidestNames, row.Name.Length) + 2);
        foreach (ManualRow row in rows)
        {
            text.Append("  ").Append(row.Name.PadRight(names));
            if (row.Name.Length > names - 2) text.Append('\n').Append(' ', names + 2);
            Wrap(text, row.About, new string(' ', names + 2), width, isBegun: true);
        }
    }

    // Words are never cut; every line but a begun first one starts with the margin.
    private static void Wrap(StringBuilder text, string words, string margin, int width, bool isBegun = false)
    {
        if (!isBegun) text.Append(margin);
        int column = margin.Length;
        foreach (string word in words.Split(' '))
        {
            if (column > margin.Length && column + 1 + word.Length > width)
            {
                text.Append('\n').Append(margin);
                column = margin.Length;
            }
            else if (column > margin.Length)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
