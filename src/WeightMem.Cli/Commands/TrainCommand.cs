using System.CommandLine;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Populations;

namespace WeightMem.Cli.Commands;

/// <summary><c>train METHOD --population P</c>: fits a generator to a population file.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var method = new Argument<string>("METHOD") { Description = "Method: gpt" };
        var population = new Option<string>("--population") { Description = "Population file (.h5) with losses, as zoo train makes it", Required = true };
        var output = new Option<string>("--out") { Description = "Run folder", Required = true };
        var preset = new Option<string>("--preset") { Description = $"Settings of the generator: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var steps = new Option<int?>("--steps") { Description = "Training steps in place of the preset's" };
        var chunk = new Option<int?>("--chunk") { Description = "Values per token in place of the preset's" };
        Option<string> data = SharedOptions.Data();
        Option<string?> folder = SharedOptions.DataFolder();
        Option<int> pool = SharedOptions.Pool();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("train", "Fit a generator to a population. Stopped, the same command resumes.")
            { method, population, output, preset, steps, chunk, data, folder, pool, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            SharedOptions.RequireName("method", parsed.GetValue(method)!, ["gpt"]);
            SharedOptions.RequireName("preset", parsed.GetValue(preset)!, StudyPresets.Names);
            string path = parsed.GetValue(population)!;
            Population training = PopulationFile.Read(path);
            StudyConfig made = StudyPresets.Create(parsed.GetValue(method)!, parsed.GetValue(preset)!);
            using FileStream content = File.OpenRead(path);
            StudyConfig config = made with
            {
                Data = parsed.GetValue(data)!,
                Pool = parsed.GetValue(pool),
                Target = training.Target,
                Population = Convert.ToHexStringLower(SHA256.HashData(content)),
                Zoo = made.Zoo with { EvaluationImages = 0 },
                Gpt = made.Gpt! with
                {
                    TrainingSteps = parsed.GetValue(steps) ?? made.Gpt.TrainingSteps,
                    Chunk = parsed.GetValue(chunk) ?? made.Gpt.Chunk,
                },
            };
            config = config.WithSeed(parsed.GetValue(seed));
            using RunFolder run = RunFolder.Open(parsed.GetValue(output)!, config);
            using Device computer = device.Open(parsed);
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
