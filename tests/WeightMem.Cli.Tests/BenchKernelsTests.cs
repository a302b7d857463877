using System.Text.Json.Nodes;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary><c>bench kernels</c> on the stand-in: tiny sizes, and it says that they are no speeds.</summary>
public sealed class BenchKernelsTests
{
    [Fact]
    public void Every_kernel_is_right_and_timed()
    {
        if (!CudaStandin.IsThere()) return;
        (int code, string output, string error) = CommandLine.Run("bench", "kernels", "--device", "cuda", "--json");
        Assert.True(code == 0, error);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.True(document["standin"]!.GetValue<bool>());
        JsonArray rows = document["rows"]!.AsArray();
        Assert.True(rows.Count > 30);
        Assert.All(rows, row => Assert.True(row!["right"]!.GetValue<bool>() && row["warm"]!["medianSeconds"]!.GetValue<double>() > 0, row.ToJsonString()));
    }

    [Fact]
    public void The_table_says_that_these_are_no_speeds_of_a_gpu()
    {
        if (!CudaStandin.IsThere()) return;
        (int code, string output, _) = CommandLine.Run("bench", "kernels", "--device", "cuda", "--versions", "--filter", "softmax");
        Assert.Equal(0, code);
        Assert.Contains("no speeds of a GPU", output, StringComparison.Ordinal);
        Assert.Equal(4, output.Split('\n').Count(line => line.StartsWith("SoftmaxForward", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ops_are_checked_and_timed_on_the_cpu()
    {
        (int code, string output, string error) = CommandLine.Run("bench", "ops", "--filter", "9 tokens", "--json");
        Assert.True(code == 0, error);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.Equal(2, document["ops"]!.AsArray().Count); // 49 tokens and 9
        Assert.All(document["ops"]!.AsArray(), row => Assert.True(row!["right"]!.GetValue<bool>() && row["time"]!["medianSeconds"]!.GetValue<double>() > 0, row.ToJsonString()));
        JsonNode nine = document["ops"]![1]!;
        Assert.InRange(nine["error"]!.GetValue<double>(), 1e-9, nine["tolerance"]!.GetValue<double>());
        Assert.InRange(nine["roofShare"]!.GetValue<double>(), 1e-4, 10);
        (code, _, error) = CommandLine.Run("bench", "ops", "--filter", "teleportation");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("teleportation", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_is_one_line()
    {
        (int code, _, string error) = CommandLine.Run("bench", "kernels", "--device", "cpu", "--versions");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--device cuda", error, StringComparison.Ordinal);
    }
}
