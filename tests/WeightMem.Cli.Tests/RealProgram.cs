using System.Diagnostics;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>The program as a process of its own, for what can only be done to one: signals, kills, faults put in front of the system's library.</summary>
internal static class RealProgram
{
    private static readonly Lazy<string?> s_faults = new(BuildFaults);

    /// <summary>The program's file, beside the tests.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "weightmem.exe" : "weightmem");

    /// <summary>The folder of the repository's tests; null where the tests were copied to a machine without it.</summary>
    public static string? Tests { get; } = FindTests();

    /// <summary>Starts it; standard error is read, and standard output too unless it goes to a file.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="environment">Further environment variables.</param>
    /// <param name="args">Its command line.</param>
    public static Process Start(string folder, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo(Path, args) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_TieredPGO"] = "0"; // it starts sooner
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs it to its end.</summary>
    public static (int Code, string Out, string Error) Run(string folder, IReadOnlyDictionary<string, string> environment, params string[] args) => Finish(Start(folder, environment, args));

    /// <summary>Waits for a process that was started.</summary>
    public static (int Code, string Out, string Error) Finish(Process process)
    {
        using (process)
        {
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.Result);
        }
    }

    /// <summary>The environment that puts <c>tests/faults.c</c> in front of the system's library, for the files below a folder; null where it cannot be built.</summary>
    public static Dictionary<string, string>? Faults(string below, params (string Name, long Value)[] settings)
    {
        if (s_faults.Value is not { } library)
        {
            TestContext.Current.TestOutputHelper?.WriteLine("not run: tests/faults.c needs Linux and a C compiler");
            Assert.False(OperatingSystem.IsLinux() && Tests is not null && File.Exists("/usr/bin/cc"), "there is a compiler, but tests/faults.c was not built");
            return null;
        }

        var environment = new Dictionary<string, string> { ["LD_PRELOAD"] = library, ["FAULTS_BELOW"] = below };
        foreach ((string name, long value) in settings) environment[name] = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return environment;
    }

    private static string? BuildFaults()
    {
        if (!OperatingSystem.IsLinux() || Tests is null || !File.Exists("/usr/bin/cc")) return null;
        string library = System.IO.Path.Combine(AppContext.BaseDirectory, "libfaults.so"), source = System.IO.Path.Combine(Tests, "faults.c");
        using var compiler = Process.Start("/usr/bin/cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? library : null;
    }

    private static string? FindTests()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            string tests = System.IO.Path.Combine(folder, "tests");
            if (File.Exists(System.IO.Path.Combine(tests, "faults.c"))) return tests;
        }

        return null;
    }
}
