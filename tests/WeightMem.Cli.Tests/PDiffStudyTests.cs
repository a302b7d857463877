using System.Text.Json.Nodes;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>The study of P-diff from the command line to the page, and the ablation on its files.</summary>
public sealed class PDiffStudyTests
{
    [Fact]
    public void Smoke_runs_and_resumes_to_the_same_bits_and_the_ablation_follows()
    {
        string root = Directory.CreateTempSubdirectory("p-diff-test-").FullName;
        try
        {
            string study = Path.Combine(root, "study");
            (int code, string output, string error) = CommandLine.Run("reproduce", "p-diff", "--preset", "smoke", "--out", study, "--json");
            Assert.True(code == 0, error);
            string[] kept = ["pretrained.safetensors", "training.h5", "heldout.h5", "heldout-later.h5", "generator.safetensors", "generated.h5", "generated-per-sample.h5", "baselines/average-16.h5"];
            foreach (string name in kept.Concat(["baselines/noise-0.06.h5", "baselines/gaussian.h5", "baselines/mean.h5", "reconstructed.h5", "figures/t-sne.png", "figures/interpolation.svg", "figures/parameter-density.csv", "report.html"]))
                Assert.True(new FileInfo(Path.Combine(study, name)) is { Exists: true, Length: > 0 }, name);
            JsonNode document = JsonNode.Parse(output)!;
            Assert.Equal(
                ["training", "generated", "generated-per-sample", "heldout", "heldout-later", "reconstructed", "noise-0.06", "noise-0.12", "average-16", "gaussian", "interpolation", "mean"],
                document["populations"]!.AsObject().Select(p => p.Key));
            Assert.NotNull(document["populations"]!["training"]!["accuracy"]!["ci95"]);
            Assert.NotNull(document["tests"]!["contraction"]);

            // As if the run had been killed before the held-out runs, and again in the last stage.
            var before = kept.ToDictionary(name => name, name => File.ReadAllBytes(Path.Combine(study, name)));
            foreach (string name in new[] { "heldout.h5", "generated.h5", "evaluation.json", "report.html" }) File.Delete(Path.Combine(study, name));
            (code, string again, error) = CommandLine.Run("reproduce", "p-diff", "--preset", "smoke", "--out", study, "--json", "--threads", "1");
            Assert.True(code == 0, error);
            Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(study, file.Key))));
            Assert.Equal(document["populations"]!.ToJsonString(), JsonNode.Parse(again)!["populations"]!.ToJsonString());

            // Trained on the population alone: the same generator, and networks of it.
            string mine = Path.Combine(root, "mine");
            (code, _, error) = CommandLine.Run("train", "p-diff", "--population", Path.Combine(study, "training.h5"), "--preset", "smoke", "--out", mine);
            Assert.True(code == 0, error);
            Assert.Equal(before["generator.safetensors"], File.ReadAllBytes(Path.Combine(mine, "generator.safetensors")));
            (code, output, error) = CommandLine.Run("sample", mine, "--count", "3", "--out", Path.Combine(root, "more.h5"));
            Assert.True(code == 0, error);
            Assert.Contains("more.h5: 3 networks, mean accuracy", output, StringComparison.Ordinal);

            (code, output, error) = CommandLine.Run("study", "latent-noise", study, "--noise", "0", "--json");
            Assert.True(code == 0, error);
            Assert.Equal(0, (double)JsonNode.Parse(output)!["levels"]![0]!["latent_noise"]!);
            Assert.True(File.Exists(Path.Combine(study, "latent-noise.json")));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void Bad_input_ends_in_one_line()
    {
        string root = Directory.CreateTempSubdirectory("p-diff-test-").FullName;
        try
        {
            (int code, _, string error) = CommandLine.Run("reproduce", "p-diff", "--preset", "paper", "--out", Path.Combine(root, "paper"), "--data-folder", root);
            Assert.Equal(3, code);
            Assert.Contains("has no train.bin, which cifar100/train needs", error, StringComparison.Ordinal);
            (code, _, error) = CommandLine.Run("study", "latent-noise", Path.Combine(root, "nothing"));
            Assert.NotEqual(0, code);
            Assert.Contains("holds no run", error, StringComparison.Ordinal);
            (code, _, error) = CommandLine.Run("study", "latent-noise", "--noise", "-1");
            Assert.Equal(2, code);
            (code, _, error) = CommandLine.Run("study", "latent-noise", root, "--seed", "3");
            Assert.True(code == 2 && error.Contains("--seed", StringComparison.Ordinal), error);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
