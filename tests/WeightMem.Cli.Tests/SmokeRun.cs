namespace WeightMem.Cli.Tests;

/// <summary>The smoke study, run once from an empty folder; the tests look at what it left.</summary>
public sealed class SmokeRun : IDisposable
{
    public SmokeRun()
    {
        Root = Directory.CreateTempSubdirectory("cli-test-").FullName;
        Study = Path.Combine(Root, "study");
        Result = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--out", Study);
    }

    public string Root { get; }

    public string Study { get; }

    internal (int Code, string Out, string Error) Result { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
