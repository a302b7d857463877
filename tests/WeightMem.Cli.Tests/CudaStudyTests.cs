using System.Text.Json.Nodes;
using WeightMem.Models.Populations;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>The smoke study on the CUDA device. Without a GPU it runs on the CPU stand-in: the same host code and kernels, no speed.</summary>
public sealed class CudaStudyTests(SmokeRun smoke) : IClassFixture<SmokeRun>
{
    [Fact]
    public void A_study_on_cuda_is_the_cpus_within_rounding()
    {
        if (!CudaStandin.IsThere()) return;
        string folder = Path.Combine(smoke.Root, "cuda");
        (int code, _, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--device", "cuda", "--out", folder);
        Assert.True(code == 0, error);

        // A zoo's training repeats the CPU's to a few roundings (measured: 3e-7 of the largest weight). Forty denoising steps over a trained generator amplify them
        // (measured: 5e-6). A kernel that is wrong anywhere shows at 1e-2.
        foreach ((string name, float bound) in new[] { ("training.h5", 1e-5f), ("heldout.h5", 1e-5f), ("generated.h5", 1e-3f), ("generated-known-starts.h5", 1e-3f) })
        {
            Population cpu = PopulationFile.Read(Path.Combine(smoke.Study, name)), cuda = PopulationFile.Read(Path.Combine(folder, name));
            Assert.Equal(cpu.Count, cuda.Count);
            float largest = cpu.Weights.Max(Math.Abs), difference = cpu.Weights.Zip(cuda.Weights).Max(p => Math.Abs(p.First - p.Second));
            Assert.True(difference <= bound * largest, $"{name}: off by {difference} of {largest}");
        }
    }

    [Fact]
    public void Doctor_says_what_was_found_and_where()
    {
        (int code, string output, _) = CommandLine.Run("doctor");
        Assert.Equal(0, code);
        Assert.Contains("cpu (", output, StringComparison.Ordinal);
        Assert.Contains("Driver:", output, StringComparison.Ordinal);
        Assert.Contains("--device auto computes on: cpu", output, StringComparison.Ordinal);
        Assert.Equal(CudaStandin.IsThere(), output.Contains("CPU stand-in (test double, not a GPU)", StringComparison.Ordinal));
        JsonNode document = JsonNode.Parse(CommandLine.Run("doctor", "--json").Out)!;
        string[] names = [.. document["facts"]!.AsArray().Select(f => (string)f!["name"]!)];
        foreach (string name in new[] { "cpu", "memory", "Driver", "kernels", "kernel cache", "images", "disk" }) Assert.Contains(name, names);
        Assert.Equal(output.Split('\n').Count(l => l.StartsWith("advice: ", StringComparison.Ordinal)), document["advice"]!.AsArray().Count);
    }

    [Fact]
    public void A_device_that_is_not_there_is_one_line()
    {
        (int code, _, string error) = CommandLine.Run("zoo", "train", "mlp", "--device", "cuda:99", "--out", Path.Combine(smoke.Root, "none.h5"));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Equal(1, error.Split('\n').Count(l => l.Contains("CUDA", StringComparison.Ordinal)));
    }
}
