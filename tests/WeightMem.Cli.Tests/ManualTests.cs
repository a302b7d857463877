using System.CommandLine;
using System.Reflection;
using WeightMem.Cli.Help;
using Xunit;

namespace WeightMem.Cli.Tests;

public sealed class ManualTests
{
    private static readonly RootCommand s_root = Program.Root(_ => true);

    public static TheoryData<string> Paths() => [.. All(s_root).Select(ManualAction.PathOf)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_command_has_a_page_whose_examples_parse(string path)
    {
        ManualPage page = Manual.Of(path);
        Assert.NotEmpty(page.Examples);
        Assert.Contains(ExitCodes.Success, page.ExitCodes);
        Assert.Equal(page.ExitCodes.Order(), page.ExitCodes);
        foreach (string line in page.Examples.Select(e => e.Name))
        {
            string typed = line.Split(" > ")[0].Split(" >> ")[0];
            Assert.StartsWith(path, typed, StringComparison.Ordinal);
            ParseResult parsed = s_root.Parse(typed);
            Assert.True(parsed.Errors.Count == 0, $"weightmem {line}: {string.Join("; ", parsed.Errors.Select(e => e.Message))}");
            Assert.NotNull(parsed.CommandResult.Command.Action);
        }
    }

    [Fact]
    public void Every_exit_code_has_a_meaning_and_the_programs_page_lists_all()
    {
        int[] codes = [.. typeof(ExitCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (int)f.GetRawConstantValue()!).Order()];
        Assert.Equal(codes, Manual.Of("").ExitCodes);
        Assert.Equal(codes.Length, codes.Select(Manual.Meaning).Distinct().Count());
    }

    [Fact]
    public void Help_has_every_section_and_keeps_to_the_width()
    {
        string text = ManualAction.Text(s_root.Subcommands.Single(c => c.Name == "reproduce"), 80);
        foreach (string part in new[] { "\nUsage\n", "\nArguments\n", "\nOptions\n", "\nExamples\n", "\nExit codes\n", "--preset VALUE", "[small]", "--seed N", "--config FILE", "-h, --help" })
            Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.All(text.Split('\n').Where(l => !l.StartsWith("  weightmem ", StringComparison.Ordinal)), l => Assert.True(l.Length <= 80, l));
    }

    [Theory]
    [InlineData("")]
    [InlineData("zoo train")]
    public void Help_of_the_program_and_of_a_command_is_what_is_printed(string path)
    {
        Command command = path.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate((Command)s_root, (at, name) => at.Subcommands.Single(c => c.Name == name));
        (int code, string output, string error) = CommandLine.Run([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((ExitCodes.Success, ""), (code, error));
        Assert.Contains(command.Description!, output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        foreach (string line in Manual.Of(path).Examples.Select(e => e.Name)) Assert.Contains($"  weightmem {line}\n", output, StringComparison.Ordinal);
        foreach (Option option in command.Options.Where(o => path.Length > 0)) Assert.Contains(option.Name, output, StringComparison.Ordinal);
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}
