using System.Text.Json;
using System.Text.Json.Nodes;
using WeightMem.Evaluation.Studies;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>A study from the command line to the page, and everything that can be done with its files.</summary>
public sealed class StudyTests(SmokeRun smoke) : IClassFixture<SmokeRun>
{
    [Fact]
    public void Smoke_leaves_the_whole_run_folder()
    {
        Assert.True(smoke.Result.Code == 0, smoke.Result.Error);
        foreach (string name in new[]
            {
                "config.json", "run.json", "log.jsonl", "training.h5", "heldout.h5", "generator.safetensors", "generated.h5", "generated-recursive.h5",
                "generated-known-starts.h5", "baselines/noise-0.05.h5", "baselines/noise-0.1.h5", "evaluation.json", "report.html", "figures/heatmap.png",
                "figures/heatmap.svg", "figures/heatmap.csv", "figures/min-distance-histogram.png", "figures/decision-boundary.png", "figures/performance-novelty.png",
                "figures/loss-curve.png", "figures/interpolation-plane.png", "figures/percentile-gallery.png", "networks.csv",
            })
        {
            var file = new FileInfo(Path.Combine(smoke.Study, name));
            Assert.True(file.Exists && file.Length > 0, name);
        }

        Assert.False(Directory.Exists(Path.Combine(smoke.Study, "zoo")));
        Assert.Contains("generated", smoke.Result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", File.ReadAllText(Path.Combine(smoke.Study, "evaluation.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluation_follows_the_schema()
    {
        JsonNode document = JsonNode.Parse(File.ReadAllText(Path.Combine(smoke.Study, "evaluation.json")))!;
        Assert.Equal("weightmem-evaluation/2", (string?)document["schema"]);
        string[] populations = [.. document["populations"]!.AsObject().Select(p => p.Key)];
        Assert.Equal(["training", "generated", "generated-recursive", "generated-known-starts", "heldout", "noise-0.05", "noise-0.1"], populations);
        foreach ((_, JsonNode? measures) in document["populations"]!.AsObject())
        {
            Assert.Equal(["accuracy", "min_l2", "min_l2_aligned", "max_similarity"], measures!.AsObject().Select(m => m.Key));
            foreach ((_, JsonNode? measure) in measures.AsObject())
            {
                Assert.Equal(["mean", "median", "ci95", "n", "path"], measure!.AsObject().Select(m => m.Key));
                Assert.True((int)measure["n"]! == 4 || (int)measure["n"]! == 8);
                Assert.True((double)measure["ci95"]![0]! <= (double)measure["mean"]! && (double)measure["mean"]! <= (double)measure["ci95"]![1]!);
            }
        }

        Assert.NotNull(document["tests"]!["data_copying"]!["details"]!["auc"]);
        Assert.NotNull(document["tests"]!["data_copying-recursive"]);
        Assert.Contains((string?)document["verdict"]!["name"], new[] { "replica", "interpolation", "novel-and-useful", "inconclusive" });
        Assert.Equal("replica", (string?)document["battery"]!["control-replica"]!["verdict"]);
        Assert.Equal("replica", (string?)document["battery"]!["control-permuted-replica"]!["verdict"]);
    }

    [Fact]
    public void The_same_command_again_only_evaluates_and_gives_the_same_numbers()
    {
        string before = File.ReadAllText(Path.Combine(smoke.Study, "evaluation.json"));
        DateTime trained = File.GetLastWriteTimeUtc(Path.Combine(smoke.Study, "generator.safetensors"));
        (int code, string output, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--out", smoke.Study, "--json");
        Assert.True(code == 0, error);
        Assert.Equal(Numbers(before), Numbers(output));
        Assert.Equal(trained, File.GetLastWriteTimeUtc(Path.Combine(smoke.Study, "generator.safetensors")));
    }

    [Fact]
    public void A_study_from_nothing_gives_the_same_numbers_on_one_thread()
    {
        string other = Path.Combine(smoke.Root, "one thread");
        (int code, string output, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--out", other, "--threads", "1", "--json");
        Assert.True(code == 0, error);
        Assert.Equal(Numbers(File.ReadAllText(Path.Combine(smoke.Study, "evaluation.json"))), Numbers(output));
        foreach (string name in new[] { "generator.safetensors", "figures/min-distance-histogram.csv" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(smoke.Study, name)), File.ReadAllBytes(Path.Combine(other, name)));
    }

    [Fact]
    public void Report_makes_the_page_anew()
    {
        string page = Path.Combine(smoke.Study, "report.html");
        File.Delete(page);
        (int code, _, string error) = CommandLine.Run("report", smoke.Study);
        Assert.True(code == 0, error);
        Assert.Contains("</html>", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public void Zoo_train_sample_baseline_and_evaluate_work_on_each_others_files()
    {
        string At(string name) => Path.Combine(smoke.Root, name);
        Ok("zoo", "train", "mlp", "--pool", "4", "--runs", "6", "--epochs", "1", "--checkpoints", "4", "--group", "4", "--out", At("zoo.h5"));
        Assert.False(Directory.Exists(At("zoo.h5.shards")));
        JsonNode info = JsonNode.Parse(Ok("zoo", "info", At("zoo.h5"), "--json"))!;
        Assert.Equal((24, 6, 610), ((int)info["networks"]!, (int)info["runs"]!, (int)info["parameters"]!));
        Ok("train", "gpt", "--population", At("zoo.h5"), "--preset", "smoke", "--pool", "4", "--steps", "10", "--out", At("mine"));
        Ok("sample", At("mine"), "--count", "3", "--out", At("generated.h5"));
        Ok("baseline", "noise-0.05", "--normalized", "--population", At("zoo.h5"), "--count", "5", "--out", At("noise.h5"));
        Ok("baseline", "average-3", "--population", At("zoo.h5"), "--count", "2", "--out", At("average.h5"));
        JsonNode judged = JsonNode.Parse(Ok(
            "evaluate", "--training", At("zoo.h5"), "--generated", At("generated.h5"), "--baseline", $"noise-0.05={At("noise.h5")}", "--target", "mlp", "--data",
            "fashion-mnist-small", "--pool", "4", "--out", At("judged"), "--json"))!;
        Assert.Equal(6, (int)judged["populations"]!["training"]!["accuracy"]!["n"]!);
        Assert.Equal(3, (int)judged["populations"]!["generated"]!["min_l2_aligned"]!["n"]!);
        JsonNode weightsOnly = JsonNode.Parse(Ok("evaluate", "--training", At("zoo.h5"), "--generated", At("zoo.h5"), "--out", At("itself"), "--json"))!;
        Assert.Equal(24, (int)weightsOnly["populations"]!["generated"]!["min_l2"]!["n"]!);
        Assert.True((double)weightsOnly["populations"]!["generated"]!["min_l2"]!["mean"]! < (double)weightsOnly["populations"]!["training"]!["min_l2"]!["mean"]!);
        Assert.Null(weightsOnly["populations"]!["generated"]!["accuracy"]);
        Assert.Equal("replica", (string?)weightsOnly["verdict"]!["name"]);
        (int code, _, string error) = CommandLine.Run("evaluate", "--training", At("zoo.h5"), "--generated", At("zoo.h5"), "--fail-on", "memorised", "--out", At("itself"));
        Assert.True(code == 8, error);
        Ok("evaluate", "--training", At("zoo.h5"), "--generated", At("zoo.h5"), "--fail-on", "interpolation", "--out", At("itself"));
        (code, _, error) = CommandLine.Run("evaluate", "--training", At("zoo.h5"), "--generated", At("zoo.h5"), "--fail-on", "copied", "--out", At("itself"));
        Assert.True(code == 2 && error.Contains("memorised", StringComparison.Ordinal), error);
        Ok("report", smoke.Root);
        Assert.Contains("study/report.html", File.ReadAllText(At("index.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_not_gone_on_with_from_other_data()
    {
        string record = Path.Combine(smoke.Study, "run.json"), before = File.ReadAllText(record);
        try
        {
            JsonNode changed = JsonNode.Parse(before)!;
            string name = changed["inputs"]!.AsObject().First().Key;
            changed["inputs"]![name] = new string('0', 64);
            File.WriteAllText(record, changed.ToJsonString());
            (int code, _, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--out", smoke.Study);
            Assert.True(code == 4 && error.Contains("other data", StringComparison.Ordinal) && error.Contains(name, StringComparison.Ordinal), error);
        }
        finally
        {
            File.WriteAllText(record, before);
        }
    }

    [Fact]
    public void The_matrix_runs_what_is_not_done()
    {
        string folder = Path.Combine(smoke.Root, "matrix");
        string[] command = ["matrix", "--targets", "mlp", "--generators", "replica,average-3,p-diff", "--preset", "smoke", "--out", folder];
        Assert.Contains("mlp/replica", Ok(command), StringComparison.Ordinal);
        string evaluation = Path.Combine(folder, "mlp", "replica", "evaluation.json");
        Assert.Equal("replica", (string?)JsonNode.Parse(File.ReadAllText(evaluation))!["verdict"]!["name"]);
        DateTime written = File.GetLastWriteTimeUtc(evaluation);
        Ok(command);
        Assert.Equal(written, File.GetLastWriteTimeUtc(evaluation));
        Assert.Contains("mlp/average-3/report.html", File.ReadAllText(Path.Combine(folder, "index.html")), StringComparison.Ordinal);
        (int code, _, string error) = CommandLine.Run("matrix", "--generators", "gtp", "--preset", "smoke", "--out", folder);
        Assert.True(code == 2 && error.Contains("gpt", StringComparison.Ordinal), error);

        // Numbers of another seed are not taken for these, nor is a folder of something else.
        (code, _, error) = CommandLine.Run([.. command, "--seed", "2"]);
        Assert.True(code == 4 && error.Contains("seed 0", StringComparison.Ordinal) && error.Contains("seed 2", StringComparison.Ordinal), error);
        (code, _, error) = CommandLine.Run("matrix", "--generators", "replica", "--preset", "smoke", "--out", smoke.Study);
        Assert.True(code == 4 && error.Contains("holds no matrix", StringComparison.Ordinal), error);
        File.WriteAllText(Path.Combine(folder, "matrix.json"), "{");
        (code, _, error) = CommandLine.Run(command);
        Assert.True(code == 3 && error.Contains("matrix.json", StringComparison.Ordinal), error);
    }

    [Fact]
    public void A_sweep_shares_one_zoo_and_resumes()
    {
        string folder = Path.Combine(smoke.Root, "scaling");
        string table = Ok("study", "data-scaling", "gpt", "--preset", "smoke", "--out", folder);
        Assert.Contains("2 training runs", table, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "runs-4", "heldout.h5")).Length, File.ReadAllBytes(Path.Combine(folder, "runs-2", "heldout.h5")).Length);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(folder, "runs-2", "evaluation.json"));
        Assert.Equal(table, Ok("study", "data-scaling", "gpt", "--preset", "smoke", "--out", folder));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(folder, "runs-2", "evaluation.json")));
        string[] figure = File.ReadAllLines(Path.Combine(folder, "figures", "data-scaling.csv"));
        Assert.Equal(["z_u,2", "z_u,4", "auc,2", "auc,4", "duplicate_rate,2", "duplicate_rate,4"], figure[1..].Select(line => string.Join(',', line.Split(',')[..2])));
        Assert.Contains("figures/data-scaling.svg", File.ReadAllText(Path.Combine(folder, "index.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)] // the preset's
    [InlineData(5)]
    public void Decision_boundaries_have_the_resolution_that_was_set(int resolution)
    {
        string folder = resolution == 100 ? smoke.Study : Path.Combine(smoke.Root, $"resolution {resolution}");
        if (resolution != 100)
        {
            Directory.CreateDirectory(folder);
            foreach (string file in new[] { "training.h5", "heldout.h5", "generator.safetensors" }) File.Copy(Path.Combine(smoke.Study, file), Path.Combine(folder, file));
            File.WriteAllText(Path.Combine(folder, "config.json"), StudyPresets.Create("gpt", "smoke").With("grid_resolution", $"{resolution}").ToJson());
            Ok("reproduce", "gpt", "--preset", "smoke", "--set", $"grid_resolution={resolution}", "--out", folder);
        }

        Assert.Equal(1 + resolution * resolution, File.ReadLines(Path.Combine(folder, "figures", "decision-boundary.csv")).Count());
    }

    [Fact]
    public void Losses_are_there_for_TensorBoard() =>
        Assert.Contains("loss/train", File.ReadAllText(Assert.Single(Directory.GetFiles(smoke.Study, "events.out.tfevents.*"))), StringComparison.Ordinal);

    [Fact]
    public void A_setting_changes_what_is_computed()
    {
        StudyConfig changed = StudyPresets.Create("gpt", "smoke").With("gpt.training_steps", "5").With("data", "mnist");
        Assert.Equal((5, "mnist"), (changed.Gpt!.TrainingSteps, changed.Data));
    }

    [Theory]
    [InlineData("reproduce", "weightmem rep")]
    [InlineData("--preset", "weightmem reproduce gpt --pre")]
    [InlineData("bash", "weightmem completion ")]
    public void Shells_can_complete(string expected, string typed) => Assert.Contains(expected, Ok($"[suggest:{typed.Length}]", typed).Split('\n'));

    [Fact]
    public void Data_lists_the_shipped_set_as_present()
    {
        JsonNode sets = JsonNode.Parse(Ok("data", "list", "--json"))!;
        JsonNode shipped = sets.AsArray().Single(s => (string?)s!["name"] == "fashion-mnist-small")!;
        Assert.True((bool)shipped["present"]!);
        Assert.Equal(4, shipped["sha256"]!.AsObject().Count);
    }

    private static string Ok(params string[] args)
    {
        (int code, string output, string error) = CommandLine.Run(args);
        Assert.True(code == 0, $"weightmem {string.Join(' ', args)}: {code}, {error}");
        return output;
    }

    /// <summary>Populations and tests, without the provenance that says on how many threads.</summary>
    private static string Numbers(string json)
    {
        JsonObject document = JsonNode.Parse(json)!.AsObject();
        return JsonSerializer.Serialize(new[] { document["populations"], document["tests"] });
    }
}
