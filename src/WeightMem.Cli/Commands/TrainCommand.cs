using System.CommandLine;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;

namespace WeightMem.Cli.Commands;

/// <summary><c>train METHOD --population P</c>: fits a generator to a population file.</summary>
internal static class TrainCommand
{
    public const string Summary = "Fit a generator to a population. Stopped, the same command resumes.";

    public static Command Create()
    {
        var method = new Argument<string>("METHOD") { Description = $"Method: {string.Join(", ", StudyPresets.Methods)}" };
        var population = new Option<string>("--population") { Description = "Population file (.h5) with losses, as zoo train makes it", Required = true };
        var output = new Option<string>("--out") { Description = "Run folder", Required = true };
        var preset = new Option<string>("--preset") { Description = $"Settings of the generator: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var steps = new Option<int?>("--steps") { Description = "Training steps of gpt in place of the preset's" };
        var epochs = new Option<int?>("--epochs") { Description = "Epochs of hyper-representations in place of the preset's" };
        var checkpoint = new Option<string?>("--checkpoint")
        { Description = "Published auto-encoder of hyper-representations (checkpoint_ae.pt) to take in place of training one" };
        var configuration = new Option<string?>("--config") { Description = "Its configuration (config_ae.json); beside it if not given" };
        var acrossBatch = new Option<bool>("--across-batch") { Description = "Take a checkpoint whose attention ran across the networks of a batch, and run it so" };
        var chunk = new Option<int?>("--chunk") { Description = "Values per token of gpt in place of the preset's" };
        var data = new Option<string?>("--data") { Description = $"Image set ({string.Join(", ", ImageCatalog.Names)}), or shapes of hyperdiffusion [{ImageCatalog.Default}, or the preset's shapes]" };
        Option<string?> folder = SharedOptions.DataFolder();
        Option<int> pool = SharedOptions.Pool();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("train", Summary)
            { method, population, output, preset, steps, chunk, epochs, checkpoint, configuration, acrossBatch, data, folder, pool, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            SharedOptions.RequireName("method", parsed.GetValue(method)!, StudyPresets.Methods);
            SharedOptions.RequireName("preset", parsed.GetValue(preset)!, StudyPresets.Names);
            string path = parsed.GetValue(population)!;
            Population training = PopulationFile.Read(path);
            StudyConfig made = StudyPresets.Create(parsed.GetValue(method)!, parsed.GetValue(preset)!);
            using FileStream content = File.OpenRead(path);
            StudyConfig config = made with
            {
                Data = parsed.GetValue(data) ?? (made.HyperDiffusion is null ? ImageCatalog.Default : made.Data),
                Pool = parsed.GetValue(pool),
                Target = training.Target,
                Population = Convert.ToHexStringLower(SHA256.HashData(content)),
                Zoo = made.Zoo with { EvaluationImages = 0 },
                Gpt = made.Gpt is { } gpt
                    ? gpt with { TrainingSteps = parsed.GetValue(steps) ?? gpt.TrainingSteps, Chunk = parsed.GetValue(chunk) ?? gpt.Chunk }
                    : null,
                HyperRepresentations = made.HyperRepresentations is { } encoder ? encoder with { Epochs = parsed.GetValue(epochs) ?? encoder.Epochs } : null,
            };
            config = config.WithSeed(parsed.GetValue(seed));
            AutoEncoderSnapshot? imported = null;
            if (parsed.GetValue(checkpoint) is { } file)
            {
                if (config.HyperRepresentations is null) throw new UsageException($"--checkpoint is for hyper-representations, not for {config.Method}");
                string described = parsed.GetValue(configuration) ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "config_ae.json");
                (AutoEncoderSettings settings, imported) = AutoEncoderCheckpoint.Import(file, described, training, parsed.GetValue(acrossBatch));
                config = config with { HyperRepresentations = settings };
            }

            using Device computer = device.Open(parsed);
            using RunFolder run = RunFolder.Open(parsed.GetValue(output)!, config);
            if (imported is not null && !StoredResult.IsWhole(run.Generator, Console.Error.WriteLine))
                AutoEncoderFile.Write(run.Generator, imported, AutoEncoderCheckpoint.LayoutOf(config.HyperRepresentations!, training), training.Target);
            var progress = new ConsoleProgress();
            progress.Note($"computing on {DeviceOptions.Header(computer)}");
            using var study = new Study(config, run, computer, parsed.GetValue(folder), SharedOptions.CommandLine(parsed), progress);
            study.TrainOn(training, cancellation);
            Console.Out.WriteLine(run.Generator);
            return ExitCodes.Success;
        }));
        return command;
    }
}
