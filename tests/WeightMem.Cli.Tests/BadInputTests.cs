using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>What users get wrong ends in one clear line and its exit code, and leaves nothing behind.</summary>
public sealed class BadInputTests(SmokeRun smoke) : IClassFixture<SmokeRun>
{
    [Theory]
    [InlineData("gpt", "reproduce", "gtp")]
    [InlineData("small", "reproduce", "gpt", "--preset", "smal")]
    [InlineData("cpu", "reproduce", "gpt", "--preset", "smoke", "--device", "gpu", "--out", "{root}/none")]
    [InlineData("fashion-mnist", "data", "get", "fashion-minst")]
    [InlineData("gaussian", "baseline", "gausian", "--population", "{study}/training.h5", "--out", "{root}/none.h5")]
    [InlineData("--data", "evaluate", "--training", "{study}/training.h5", "--generated", "{study}/generated.h5", "--target", "mlp", "--out", "{root}/none")]
    [InlineData("NAME=FILE", "evaluate", "--training", "{study}/training.h5", "--generated", "{study}/generated.h5", "--baseline", "x", "--out", "{root}/none")]
    [InlineData("reproduce", "repoduce")]
    [InlineData("gpt.training_steps", "reproduce", "gpt", "--preset", "smoke", "--set", "gpt.training_step=5")]
    [InlineData("gpt.width", "reproduce", "gpt", "--preset", "smoke", "--set", "gpt.width=wide")]
    [InlineData("name=value", "reproduce", "gpt", "--preset", "smoke", "--set", "gpt.width")]
    [InlineData("bash", "completion", "bsh")]
    public void Wrong_words_are_refused_with_the_right_ones(string mention, params string[] args)
    {
        Fails(ExitCodes.Usage, mention, args);
        Assert.False(Directory.Exists(Path.Combine(smoke.Root, "none")), "a folder was made for nothing");
    }

    [Fact]
    public void A_folder_with_another_run_is_refused_and_untouched()
    {
        string before = File.ReadAllText(Path.Combine(smoke.Study, "config.json"));
        Fails(ExitCodes.CannotWrite, "seed", "reproduce", "gpt", "--preset", "smoke", "--seed", "5", "--out", "{study}");
        Assert.Equal(before, File.ReadAllText(Path.Combine(smoke.Study, "config.json")));
    }

    [Fact]
    public void A_folder_with_other_things_is_refused()
    {
        string folder = Path.Combine(smoke.Root, "holiday");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "photo.jpg"), "x");
        Fails(ExitCodes.CannotWrite, "holds no run", "reproduce", "gpt", "--preset", "smoke", "--out", folder);
        Assert.Single(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_folder_in_use_is_refused()
    {
        using var hold = new FileStream(Path.Combine(smoke.Study, "run.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Fails(ExitCodes.CannotWrite, "in use", "report", "{study}");
    }

    [Fact]
    public void Missing_and_damaged_files_are_named()
    {
        Fails(ExitCodes.BadInput, "nowhere.h5", "zoo", "info", "{root}/nowhere.h5");
        string damaged = Path.Combine(smoke.Root, "damaged.h5");
        File.WriteAllBytes(damaged, File.ReadAllBytes(Path.Combine(smoke.Study, "training.h5"))[..5000]);
        Fails(ExitCodes.BadInput, "damaged.h5", "zoo", "info", damaged);
        string truncated = Path.Combine(smoke.Root, "idx");
        Directory.CreateDirectory(truncated);
        Fails(ExitCodes.BadInput, "idx", "zoo", "train", "mlp", "--data-folder", truncated, "--out", "{root}/zoo.h5");
    }

    [Fact]
    public void Weights_of_another_width_are_refused_with_both_numbers()
    {
        string path = Path.Combine(smoke.Root, "wide.npy");
        Formats.Numpy.NpyFile.Write(path, Formats.NamedArray.Of("weights", new float[3 * 700], 3, 700));
        Fails(ExitCodes.BadInput, "700", "evaluate", "--training", "{study}/training.h5", "--generated", path, "--out", "{root}/none");
        Fails(
            ExitCodes.BadInput, "610", "evaluate", "--training", "{study}/training.h5", "--generated", path, "--target", "mlp", "--data", "fashion-mnist-small", "--pool",
            "4", "--out", "{root}/none");
    }

    [Fact]
    public void Weights_that_are_not_numbers_are_refused_with_their_rows()
    {
        var weights = new float[4 * 610];
        weights[2 * 610 + 7] = float.NaN;
        string path = Path.Combine(smoke.Root, "nan.npy");
        Formats.Numpy.NpyFile.Write(path, Formats.NamedArray.Of("weights", weights, 4, 610));
        Fails(ExitCodes.BadInput, "rows 2", "evaluate", "--training", "{study}/training.h5", "--generated", path, "--out", "{root}/none");
        Assert.False(Directory.Exists(Path.Combine(smoke.Root, "none")));
    }

    [Fact]
    public void An_unfinished_run_says_what_to_do()
    {
        string empty = Path.Combine(smoke.Root, "empty");
        Directory.CreateDirectory(empty);
        Fails(ExitCodes.CannotWrite, "no run", "report", empty);
        string copy = Path.Combine(smoke.Root, "unfinished");
        Directory.CreateDirectory(copy);
        File.Copy(Path.Combine(smoke.Study, "config.json"), Path.Combine(copy, "config.json"));
        Fails(ExitCodes.CannotWrite, "reproduce", "report", copy);
        Fails(ExitCodes.CannotWrite, "train", "sample", copy, "--out", "{root}/none.h5");
    }

    private void Fails(int expected, string mention, params string[] args)
    {
        string[] given = [.. args.Select(a => a.Replace("{study}", smoke.Study, StringComparison.Ordinal).Replace("{root}", smoke.Root, StringComparison.Ordinal))];
        (int code, string output, string error) = CommandLine.Run(given);
        Assert.True(code == expected, $"{string.Join(' ', given)}: exit code {code}, {error}");
        Assert.Contains(mention, error, StringComparison.Ordinal);
        Assert.StartsWith("weightmem: ", error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("{\"schema\"", output, StringComparison.Ordinal);
    }
}
