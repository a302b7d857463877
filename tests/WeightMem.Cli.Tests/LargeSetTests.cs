using System.Text.Json.Nodes;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary><c>evaluate</c> on sets that are not kept whole.</summary>
public sealed class LargeSetTests(SmokeRun smoke) : IClassFixture<SmokeRun>
{
    [Fact]
    public void Distances_of_judged_networks_are_those_to_all_training_networks_and_the_page_says_what_was_kept()
    {
        string[] files = ["evaluate", "--training", At("training.h5"), "--generated", At("baselines/noise-0.05.h5"), "--heldout", At("heldout.h5"), "--all-checkpoints", "--json"];
        JsonNode whole = Evaluate([.. files, "--out", Out("whole")]);
        int half = (int)whole["populations"]!["training"]!["min_l2"]!["n"]! / 2;
        JsonNode part = Evaluate([.. files, "--limit", $"{half}", "--out", Out("part")]);
        JsonNode expected = whole["populations"]!["generated"]!["min_l2"]!, found = part["populations"]!["generated"]!["min_l2"]!;
        Assert.Equal((int)expected["n"]!, (int)found["n"]!);
        Assert.Equal((double)expected["mean"]!, (double)found["mean"]!, 1e-9 * (double)expected["mean"]!);
        Assert.True((int)part["populations"]!["heldout"]!["min_l2"]!["n"]! <= half);
        Assert.Contains("drawn at random", (string?)part["provenance"]!["training networks"], StringComparison.Ordinal);
        Assert.Contains("Not all networks fit into memory", File.ReadAllText(Path.Combine(smoke.Root, "part", "report.html")), StringComparison.Ordinal);
        Assert.Null(whole["provenance"]!["training networks"]);
    }

    [Fact]
    public void A_part_of_the_training_networks_takes_heldout_ones()
    {
        (int code, _, string error) = CommandLine.Run("evaluate", "--training", At("training.h5"), "--generated", At("generated.h5"), "--limit", "3", "--out", Out("none"));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--heldout", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(smoke.Root, "none")));
    }

    private string At(string file) => Path.Combine(smoke.Study, file);

    private string Out(string folder) => Path.Combine(smoke.Root, folder);

    private static JsonNode Evaluate(params string[] args)
    {
        (int code, string output, string error) = CommandLine.Run(args);
        Assert.True(code == ExitCodes.Success, error);
        return JsonNode.Parse(output)!;
    }
}
