using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>reproduce METHOD</c>: the whole study of a method, resumable, ending in a report.</summary>
internal static class ReproduceCommand
{
    public const string Summary = "Run the whole study of a method: population, generator, samples, baselines, measures, figures, one page.";

    public static Command Create()
    {
        var method = new Argument<string>("METHOD") { Description = $"Method: {string.Join(", ", StudyPresets.Methods)}" };
        var preset = new Option<string>("--preset") { Description = $"Size of the study: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var data = new Option<string?>("--data") { Description = "Image or shape set in place of the preset's" };
        var configuration = new Option<string?>("--config") { Description = "File of settings (.json) to put over the preset's: a config.json, or some of its settings", HelpName = "FILE" };
        Option<string[]> set = SharedOptions.Set();
        var output = new Option<string?>("--out") { Description = "Run folder; runs/METHOD-PRESET if not given" };
        var pretrained = new Option<string?>("--pretrained") { Description = "p-diff: file of weights to begin with, such as timm's resnet18; pre-training then takes the published 10 epochs" };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("reproduce", Summary)
            { method, preset, data, configuration, set, output, pretrained, folder, seed, json };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string name = parsed.GetValue(method)!, size = parsed.GetValue(preset)!;
            SharedOptions.RequireName("method", name, StudyPresets.Methods);
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            StudyConfig config = StudyPresets.Create(name, size).WithSeed(parsed.GetValue(seed));
            if (parsed.GetValue(configuration) is { } file)
            {
                config = SettingsFile.Apply(file, config);
                if (parsed.GetResult(seed) is { Implicit: false }) config = config.WithSeed(parsed.GetValue(seed)); // the file has a seed too: one that was typed holds
            }

            if (parsed.GetValue(data) is { } images) config = config with { Data = images };
            if (parsed.GetValue(pretrained) is { } weights)
            {
                config = config.Trajectory is { } trajectory
                    ? config with { Trajectory = trajectory with { Pretrained = weights, PretrainingEpochs = 10 } }
                    : throw new UsageException($"--pretrained is for p-diff, not for {name}");
            }

            config = SharedOptions.Apply(parsed.GetValue(set)!, config);
            string path = parsed.GetValue(output) ?? Path.Combine("runs", $"{name}-{size}");
            using Device computer = device.Open(parsed);
            using RunFolder run = RunFolder.Open(path, config);
            var progress = new ConsoleProgress();
            progress.Note($"weightmem: {name}, preset {size}, run_to_run, into {path}");
            progress.Note($"computing on {DeviceOptions.Header(computer)}");
            using var study = new Study(config, run, computer, parsed.GetValue(folder), SharedOptions.CommandLine(parsed), progress);
            EvaluationDocument document = study.Run(cancellation);
            EvaluationPrinter.Print(document, run.Report, parsed.GetValue(json));
            return ExitCodes.Success;
        }));
        return command;
    }
}
