namespace WeightMem.Cli.Tests;

/// <summary>Runs the program in this process and keeps what it prints. Tests that use it run one at a time: the console is shared.</summary>
internal static class CommandLine
{
    private static readonly Lock s_console = new();

    public static (int Code, string Out, string Error) Run(params string[] args)
    {
        lock (s_console)
        {
            TextWriter output = Console.Out, error = Console.Error;
            using var newOutput = new StringWriter();
            using var newError = new StringWriter();
            try
            {
                Console.SetOut(newOutput);
                Console.SetError(newError);
                int code = Program.Main(args);
                return (code, newOutput.ToString(), newError.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }
}
