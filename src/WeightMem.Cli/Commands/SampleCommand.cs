using System.CommandLine;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;

namespace WeightMem.Cli.Commands;

/// <summary><c>sample RUN --count N</c>: new networks from a trained generator.</summary>
internal static class SampleCommand
{
    public const string Summary = "Make networks with a trained generator, from a seed alone.";

    public static Command Create()
    {
        var folder = new Argument<string>("RUN") { Description = "Run folder of train or reproduce" };
        var count = new Option<int>("--count") { Description = "Networks to make", DefaultValueFactory = _ => 64 };
        var output = new Option<string>("--out") { Description = "Population file (.h5)", Required = true };
        var sampler = new Option<string?>("--sampler") { Description = $"Sampler of hyper-representations: {string.Join(", ", LatentSampler.Names)}" };
        Option<string?> dataFolder = SharedOptions.DataFolder();
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("sample", Summary) { folder, count, output, sampler, dataFolder, seed };
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            int n = parsed.GetValue(count);
            if (n < 1) throw new UsageException($"--count {n}: at least 1");
            (RunFolder run, StudyConfig config) = RunFolder.OpenExisting(parsed.GetValue(folder)!);
            using (run)
            {
                using Device computer = device.Open(parsed);
                using var study = new Study(config, run, computer, parsed.GetValue(dataFolder), SharedOptions.CommandLine(parsed), new ConsoleProgress());
                Population sampled = parsed.GetValue(sampler) is { } name
                    ? study.Sample(name, n, parsed.GetValue(seed), cancellation)
                    : study.SampleFresh(n, parsed.GetValue(seed), cancellation);
                AtomicFile.DeleteAbandonedOf(parsed.GetValue(output)!);
                PopulationFile.Write(parsed.GetValue(output)!, sampled);
                Console.Out.WriteLine(FormattableString.Invariant($"{parsed.GetValue(output)}: {n} networks{(sampled.Score is { } score ? $", mean accuracy {score.Average():F1} %" : "")}"));
            }

            return ExitCodes.Success;
        }));
        return command;
    }
}
