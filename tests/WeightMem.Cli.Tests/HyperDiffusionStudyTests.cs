using System.Text.Json.Nodes;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>The smoke study of HyperDiffusion from the command line to the page, and the refusals of the large one.</summary>
public sealed class HyperDiffusionStudyTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cli-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Smoke_makes_airplanes_fields_a_generator_shapes_and_a_report_and_resumes_to_the_same_numbers()
    {
        string study = Path.Combine(_root, "study");
        (int code, string output, string error) = CommandLine.Run("reproduce", "hyperdiffusion", "--preset", "smoke", "--out", study, "--json");
        Assert.True(code == 0, error);
        foreach (string name in new[]
            {
                "shapes/parameters.csv", "shapes/02691156/train_split.lst", "shapes/02691156_2048_pc/test_split.lst", "training.h5", "heldout.h5", "generator.safetensors",
                "generated.h5", "baselines/noise-0.02.h5", "meshes/generated-0007.ply", "figures/shape-neighbours.png", "figures/shape-percentiles.svg",
                "figures/shape-populations.csv", "figures/shape-novelty.png", "report.html",
            })
        {
            var file = new FileInfo(Path.Combine(study, name));
            Assert.True(file.Exists && file.Length > 0, name);
        }

        Assert.Equal(12, Directory.GetFiles(Path.Combine(study, "shapes", "02691156"), "*.obj").Length);
        JsonObject populations = JsonNode.Parse(output)!["populations"]!.AsObject();
        Assert.Equal(["training", "generated", "heldout", "noise-0.02", "noise-0.04", "training-fields"], populations.Select(p => p.Key));
        JsonNode generated = populations["generated"]!;
        Assert.Equal(8, (int)generated["empty_meshes"]!["n"]!);
        Assert.All(new[] { "min_l2", "min_cd_train", "min_cd_test", "mmd_test", "coverage_test", "one_nn_accuracy", "mmd_emd_test", "iou_nearest", "pairwise_cd" }, m => Assert.NotNull(generated[m]));

        // The last stages again, on one thread.
        byte[] sampled = File.ReadAllBytes(Path.Combine(study, "generated.h5"));
        File.Delete(Path.Combine(study, "generated.h5"));
        (code, string again, error) = CommandLine.Run("reproduce", "hyperdiffusion", "--preset", "smoke", "--out", study, "--json", "--threads", "1");
        Assert.True(code == 0, error);
        Assert.Equal(sampled, File.ReadAllBytes(Path.Combine(study, "generated.h5")));
        Assert.Equal(populations.ToJsonString(), JsonNode.Parse(again)!["populations"]!.ToJsonString());

        // Trained on the population alone: the same generator, and networks of it.
        string mine = Path.Combine(_root, "mine"), more = Path.Combine(_root, "more.h5");
        (code, _, error) = CommandLine.Run("train", "hyperdiffusion", "--population", Path.Combine(study, "training.h5"), "--preset", "smoke", "--out", mine);
        Assert.True(code == 0, error);
        Assert.Equal(File.ReadAllBytes(Path.Combine(study, "generator.safetensors")), File.ReadAllBytes(Path.Combine(mine, "generator.safetensors")));
        (code, output, error) = CommandLine.Run("sample", mine, "--count", "3", "--out", more);
        Assert.True(code == 0, error);
        Assert.Contains("more.h5: 3 networks", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Made_airplanes_pass_the_check_and_a_mesh_with_a_hole_is_named()
    {
        string folder = Path.Combine(_root, "planes");
        (int code, string output, string error) = CommandLine.Run("data", "airplanes", "--to", folder, "--training", "2", "--validation", "0", "--test", "1");
        Assert.True(code == 0, error);
        (code, output, error) = CommandLine.Run("data", "check", folder);
        Assert.True(code == 0, error);
        Assert.Contains("3 of 3 shapes", output, StringComparison.Ordinal);
        string mesh = Directory.GetFiles(Path.Combine(folder, "02691156"), "*.obj").Order().First();
        string[] lines = File.ReadAllLines(mesh);
        File.WriteAllLines(mesh, lines[..^1]);
        (code, output, _) = CommandLine.Run("data", "check", folder);
        Assert.Equal(3, code);
        Assert.Contains(Path.GetFileName(mesh), output, StringComparison.Ordinal);
        Assert.Contains("not watertight: 3 of", output, StringComparison.Ordinal);
        Assert.Contains("2 of 3 shapes", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Paper_says_what_it_needs_before_it_starts()
    {
        (int code, _, string error) = CommandLine.Run("reproduce", "hyperdiffusion", "--preset", "paper", "--out", Path.Combine(_root, "paper"));
        Assert.NotEqual(0, code);
        Assert.True(error.Contains("1,407,225,600 parameters", StringComparison.Ordinal) || error.Contains("02691156", StringComparison.Ordinal), error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_root, "paper", "training.h5")));
    }

    [Fact]
    public void Shapes_that_are_not_there_end_in_one_line()
    {
        (int code, _, string error) = CommandLine.Run(
            "reproduce", "hyperdiffusion", "--preset", "smoke", "--data", "shapenet-airplanes", "--data-folder", Path.Combine(_root, "none"), "--out", Path.Combine(_root, "x"));
        Assert.NotEqual(0, code);
        Assert.Contains("train_split.lst", error, StringComparison.Ordinal);
        (code, _, error) = CommandLine.Run("reproduce", "hyperdiffusion", "--preset", "smoke", "--data", "teapots", "--out", Path.Combine(_root, "y"));
        Assert.NotEqual(0, code);
        Assert.Contains("procedural-airplanes", error, StringComparison.Ordinal);
        (code, _, error) = CommandLine.Run("study", "permutation", "--preset", "smoke");
        Assert.NotEqual(0, code);
        Assert.Contains("permutations", error, StringComparison.Ordinal);
    }
}
