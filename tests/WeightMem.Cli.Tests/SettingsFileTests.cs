using System.Text.Json.Nodes;
using WeightMem.Cli.Commands;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using Xunit;

namespace WeightMem.Cli.Tests;

public sealed class SettingsFileTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Some_settings_change_and_all_others_stay()
    {
        StudyConfig preset = StudyPresets.Create("gpt", "smoke");
        StudyConfig read = Apply("""{ "generated": 7, "gpt": { "training_steps": 11 } /* fewer */, "noise_amplitudes": [0.5], }""", preset);
        Assert.Equal((7, 11), (read.Generated, read.Gpt!.TrainingSteps));
        Assert.Equal([0.5], read.NoiseAmplitudes);
        Assert.Equal(["generated", "gpt.training_steps", "noise_amplitudes"], StudyConfig.Differences(preset, read).Select(d => d.Split(' ')[0]).Order());
    }

    [Theory]
    [InlineData("gpt")]
    [InlineData("hyper-representations")]
    [InlineData("hyperdiffusion")]
    [InlineData("p-diff")]
    public void A_whole_configuration_gives_the_study_that_it_is_of(string method)
    {
        StudyConfig paper = StudyPresets.Create(method, "paper").WithSeed(5);
        Assert.Equal(paper.ToJson(), Apply(paper.ToJson(), StudyPresets.Create(method, "smoke")).ToJson());
    }

    [Theory]
    [InlineData("""{ "gpt": { "trainning_steps": 5 } }""", "training_steps")]
    [InlineData("""{ "generated": "many" }""", "generated cannot be")]
    [InlineData("""{ "method": "p-diff" }""", "for p-diff, not for gpt")]
    public void What_the_study_has_not_is_refused(string text, string said) =>
        Assert.Contains(said, Assert.Throws<UsageException>(() => Apply(text, StudyPresets.Create("gpt", "smoke"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("hyperdiffusion", "zoo.epochs", "5")]
    [InlineData("hyperdiffusion", "grid_resolution", "5")]
    [InlineData("hyper-representations", "recursive_rounds", "5")]
    [InlineData("p-diff", "zoo.runs", "5")]
    [InlineData("p-diff", "generated_from_known_starts", "5")]
    [InlineData("gpt", "method", "p-diff")]
    public void A_setting_that_would_change_nothing_is_refused_unless_it_is_left_as_it_is(string method, string setting, string value)
    {
        StudyConfig config = StudyPresets.Create(method, "smoke");
        Assert.Contains(setting.Split('.')[0], Assert.Throws<ArgumentException>(() => config.With(setting, value)).Message, StringComparison.Ordinal);
        JsonNode now = setting.Split('.').Aggregate(JsonNode.Parse(config.ToJson())!, (node, name) => node[name]!);
        Assert.Equal(config.ToJson(), config.With(setting, now.ToString()).ToJson());
    }

    [Theory]
    [InlineData("gpt", "heldout_runs=3", "4 networks are asked for")]
    [InlineData("gpt", "heldout_runs=8 generated_from_known_starts=0", "8 of 8 runs cannot be held out")]
    [InlineData("gpt", "zoo.kept_epochs=[1]", "zoo.kept_epochs")]
    [InlineData("hyper-representations", "heldout_runs=13", "a batch of 8 networks")]
    [InlineData("p-diff", "heldout_runs=0", "held-out runs, at least one")]
    public void What_cannot_work_is_said_before_a_zoo_is_trained_and_leaves_the_folder_free(string method, string settings, string said)
    {
        string root = Directory.CreateTempSubdirectory("settings-").FullName, folder = Path.Combine(root, "run");
        try
        {
            (int code, _, string error) = CommandLine.Run(["reproduce", method, "--preset", "smoke", "--out", folder, .. settings.Split(' ').SelectMany(s => new[] { "--set", s })]);
            Assert.Equal(ExitCodes.BadInput, code);
            Assert.Contains(said, error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(Path.Combine(folder, "zoo")) || File.Exists(Path.Combine(folder, "training.h5")));
            StudyConfig other = StudyPresets.Create(method, "smoke");
            using (RunFolder.Open(folder, other)) Assert.Equal(other.ToJson(), File.ReadAllText(Path.Combine(folder, "config.json")));
            File.WriteAllText(Path.Combine(folder, "training.h5"), "");
            Assert.Contains("holds another run", Assert.Throws<RunFolderException>(() => RunFolder.Open(folder, other.WithSeed(1))).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Theory]
    [InlineData("{ \"generated\": 7,\n \"gpt\": ", "line 2")]
    [InlineData("[1]", "an object of settings")]
    public void A_file_that_is_no_object_is_named_with_the_place(string text, string said)
    {
        string message = Assert.Throws<FileFormatException>(() => Apply(text, StudyPresets.Create("gpt", "smoke"))).Message;
        Assert.Contains(_file, message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_and_a_folder_are_one_line()
    {
        foreach ((string path, string said) in new[] { (_file + ".none", "found none of this name"), (Path.GetTempPath(), "found a folder") })
        {
            (int code, _, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--config", path);
            Assert.Equal(ExitCodes.BadInput, code);
            Assert.StartsWith($"weightmem: {path}: expected a file of settings, {said}", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_seed_that_is_typed_holds_and_the_files_otherwise()
    {
        File.WriteAllText(_file, """{ "zoo": { "runs": 0 }, "seed": 9 }""");
        string root = Directory.CreateTempSubdirectory("settings-").FullName;
        try
        {
            // A zoo without runs ends the study after its configuration is written.
            CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--config", _file, "--out", Path.Combine(root, "a"));
            CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--config", _file, "--seed", "4", "--out", Path.Combine(root, "b"));
            Assert.Equal((9, 4), (SeedOf("a"), SeedOf("b")));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        long SeedOf(string name) => StudyConfig.FromJson(File.ReadAllText(Path.Combine(root, name, "config.json"))).Seed;
    }

    private StudyConfig Apply(string text, StudyConfig config)
    {
        File.WriteAllText(_file, text);
        return SettingsFile.Apply(_file, config);
    }
}
