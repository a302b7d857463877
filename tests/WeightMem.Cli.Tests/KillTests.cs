using System.Diagnostics;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>
/// A command that is killed at any moment continues to the same bits. A few points per command, here; <c>tests/kill.sh</c> is what is run with many, and
/// <c>benchmarks/results/kill.md</c> what came of it.
/// </summary>
public sealed class KillTests
{
    [Theory]
    [InlineData("zoo", 6)]
    [InlineData("train", 4)]
    [InlineData("evaluate", 3)]
    [InlineData("convert", 3)]
    [InlineData("gpt", 3)]
    public void Killed_at_random_points_it_continues_to_the_same_bits(string command, int points)
    {
        if (!OperatingSystem.IsLinux() || RealProgram.Tests is not { } tests)
        {
            TestContext.Current.TestOutputHelper?.WriteLine("not run: tests/kill.sh needs Linux and the repository");
            Assert.False(OperatingSystem.IsLinux() && File.Exists(Path.Combine(AppContext.BaseDirectory, "../../../../../kill.sh")), "the repository is there, but was not found");
            return;
        }

        string[] line = [Path.Combine(tests, "kill.sh"), "--points", $"{points}", "--seed", "5", "--program", RealProgram.Path, command];
        Process process = Process.Start(new ProcessStartInfo("bash", line) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        (int code, string output, string error) = RealProgram.Finish(process);
        Assert.True(code == 0, output + error);
        string[] cells = output.TrimEnd().Split('\n')[^1].Split('|', StringSplitOptions.TrimEntries);
        Assert.Equal((command, $"{points}", "0"), (cells[1], cells[6], cells[7]));
    }
}
