using System.CommandLine;

namespace WeightMem.Cli.Commands;

/// <summary><c>completion SHELL</c>: the script that makes a shell complete this program's command line.</summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["bash"] = """
            # eval "$(weightmem completion bash)"
            _weightmem() {
              local IFS=$'\n'
              COMPREPLY=($(compgen -W "$(weightmem "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _weightmem weightmem
            """,
        ["zsh"] = """
            # eval "$(weightmem completion zsh)"
            _weightmem() {
              compadd -- ${(f)"$(weightmem "[suggest:$#BUFFER]" "$BUFFER" 2>/dev/null)"} || _files
            }
            compdef _weightmem weightmem
            """,
        ["fish"] = """
            # weightmem completion fish | source
            complete -c weightmem -a '(weightmem "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
            """,
        ["pwsh"] = """
            # weightmem completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName weightmem -ScriptBlock {
              param($word, $line, $cursor)
              weightmem "[suggest:$cursor]" "$line" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    public const string Summary = "Print the script that makes a shell complete commands and options.";

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = $"Shell: {string.Join(", ", Scripts.Keys)}" };
        shell.CompletionSources.Add(_ => Scripts.Keys.Select(name => new System.CommandLine.Completions.CompletionItem(name)));
        var command = new Command("completion", Summary) { shell };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            string name = parsed.GetValue(shell)!;
            SharedOptions.RequireName("shell", name, Scripts.Keys);
            Console.Out.WriteLine(Scripts[name]);
            return ExitCodes.Success;
        }));
        return command;
    }
}
