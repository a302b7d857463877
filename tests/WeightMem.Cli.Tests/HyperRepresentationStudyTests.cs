using System.Text.Json.Nodes;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>The smoke study of Hyper-Representations, run once; the tests look at what it left and use it.</summary>
public sealed class HyperRepresentationSmoke : IDisposable
{
    public HyperRepresentationSmoke()
    {
        Root = Directory.CreateTempSubdirectory("cli-test-").FullName;
        Study = Path.Combine(Root, "study");
        Result = CommandLine.Run("reproduce", "hyper-representations", "--preset", "smoke", "--out", Study, "--json");
    }

    public string Root { get; }

    public string Study { get; }

    internal (int Code, string Out, string Error) Result { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

public sealed class HyperRepresentationStudyTests(HyperRepresentationSmoke smoke) : IClassFixture<HyperRepresentationSmoke>
{
    [Fact]
    public void Smoke_leaves_the_whole_run_folder()
    {
        Assert.True(smoke.Result.Code == 0, smoke.Result.Error);
        foreach (string name in new[]
            {
                "config.json", "training.h5", "heldout.h5", "training-reconstructed.h5", "heldout-reconstructed.h5", "generator.safetensors", "checkpoint_ae.pt", "config_ae.json",
                "generated.h5", "generated-kde30-reference.h5", "generated-row-kde.h5", "baselines/noise-0.02.h5", "baselines/noise-0.04.h5", "evaluation.json", "report.html",
                "figures/min-distance-histogram.png", "figures/performance-novelty.svg", "figures/loss-curve.csv",
            })
        {
            var file = new FileInfo(Path.Combine(smoke.Study, name));
            Assert.True(file.Exists && file.Length > 0, name);
        }

        JsonNode populations = JsonNode.Parse(smoke.Result.Out)!["populations"]!;
        Assert.Equal(
            ["training", "generated", "generated-kde30-reference", "generated-row-kde", "heldout", "training-raw", "heldout-raw", "noise-0.02", "noise-0.04"],
            populations.AsObject().Select(p => p.Key));
        foreach ((_, JsonNode? measures) in populations.AsObject())
            Assert.Equal(["accuracy", "min_l2", "min_l2_raw", "min_l2_reference", "min_l2_aligned", "max_similarity"], measures!.AsObject().Select(m => m.Key));

        // The networks as trained are not compared with themselves.
        Assert.True((double)populations["training-raw"]!["min_l2_raw"]!["mean"]! > 1);
        string page = File.ReadAllText(Path.Combine(smoke.Study, "report.html"));
        Assert.Contains("where one seed serves every latent dimension", page, StringComparison.Ordinal);
        Assert.Contains("as the density estimate is meant", page, StringComparison.Ordinal);
        Assert.Contains("The auto-encoder returns its training networks", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Stages_that_are_missing_are_made_again_to_the_same_bits()
    {
        string copy = Path.Combine(smoke.Root, "resumed");
        foreach (string file in Directory.EnumerateFiles(smoke.Study, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(smoke.Study, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            if (Path.GetFileName(file) is not ("run.lock" or "generated.h5" or "training-reconstructed.h5" or "evaluation.json")) File.Copy(file, to);
        }

        string again = Ok("reproduce", "hyper-representations", "--preset", "smoke", "--out", copy, "--json", "--threads", "1");
        Assert.Equal(JsonNode.Parse(smoke.Result.Out)!["populations"]!.ToJsonString(), JsonNode.Parse(again)!["populations"]!.ToJsonString());
        foreach (string name in new[] { "generated.h5", "training-reconstructed.h5" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(smoke.Study, name)), File.ReadAllBytes(Path.Combine(copy, name)));
    }

    [Fact]
    public void Samples_by_every_sampler_and_refuses_others()
    {
        string output = Path.Combine(smoke.Root, "sampled.h5");
        foreach (string sampler in new[] { "kde30", "kde30-reference", "row-kde", "kde", "uniform", "neighbour-pca", "direct" })
            Assert.Contains("3 networks", Ok("sample", smoke.Study, "--sampler", sampler, "--count", "3", "--out", output), StringComparison.Ordinal);
        Ok("sample", smoke.Study, "--count", "2", "--out", output);
        (int code, _, string error) = CommandLine.Run("sample", smoke.Study, "--sampler", "umap", "--out", output);
        Assert.Equal(3, code);
        Assert.Contains("neighbour-pca", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Symmetry_compares_what_comes_back_of_equal_networks()
    {
        JsonNode result = JsonNode.Parse(Ok("study", "symmetry", smoke.Study, "--networks", "6", "--json"))!;
        Assert.Equal(["original", "permuted", "scaled"], result["pairs"]!.AsObject().Select(p => p.Key));
        Assert.Equal(["None", "None", "Sign", "Sign"], result["scaling"]!.AsArray().Select(s => (string?)s));
        foreach (string pairs in new[] { "permuted", "scaled" }) Assert.InRange((double)result["pairs"]![pairs]!["largest_logit_change"]!, 0, 1e-4);
        Assert.True(new FileInfo(Path.Combine(smoke.Study, "figures", "symmetry.png")).Length > 0);
        Assert.True(File.Exists(Path.Combine(smoke.Study, "symmetry.json")));
    }

    [Fact]
    public void An_auto_encoder_trains_on_a_population_and_a_published_one_is_taken()
    {
        string zoo = Path.Combine(smoke.Study, "training.h5"), mine = Path.Combine(smoke.Root, "mine"), taken = Path.Combine(smoke.Root, "taken");
        Ok("train", "hyper-representations", "--population", zoo, "--preset", "smoke", "--epochs", "2", "--out", mine);
        Ok("train", "hyper-representations", "--population", zoo, "--preset", "smoke", "--checkpoint", Path.Combine(mine, "checkpoint_ae.pt"), "--out", taken);
        foreach (string run in new[] { mine, taken }) Ok("sample", run, "--sampler", "kde30-reference", "--count", "4", "--out", run + ".h5");
        string one = Ok("inspect", mine + ".h5", "--json"), other = Ok("inspect", taken + ".h5", "--json");
        Assert.Equal(JsonNode.Parse(one)!["arrays"]?.ToJsonString(), JsonNode.Parse(other)!["arrays"]?.ToJsonString());
        (int code, _, string error) = CommandLine.Run("train", "gpt", "--population", zoo, "--preset", "smoke", "--checkpoint", "x.pt", "--out", taken + "2");
        Assert.Equal(2, code);
        Assert.Contains("hyper-representations", error, StringComparison.Ordinal);
    }

    private static string Ok(params string[] args)
    {
        (int code, string output, string error) = CommandLine.Run(args);
        Assert.True(code == 0, $"weightmem {string.Join(' ', args)}: {code}, {error}");
        return output;
    }
}
