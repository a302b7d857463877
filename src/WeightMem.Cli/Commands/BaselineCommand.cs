using System.CommandLine;
using WeightMem.Formats;
using WeightMem.Models.Generators;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary><c>baseline KIND --population P</c>: networks of a trivial generator.</summary>
internal static class BaselineCommand
{
    public const string Summary = "Make the networks of a trivial generator.";

    public static Command Create()
    {
        var kind = new Argument<string>("KIND") { Description = $"Baseline: {string.Join(", ", BaselineCatalog.Kinds)}; numbers can be part of the name, as in noise-0.05 and average-16" };
        var population = new Option<string>("--population") { Description = "Training population (.h5); its final checkpoints are used", Required = true };
        var all = new Option<bool>("--all-checkpoints") { Description = "Use every checkpoint of the population, not the last of each run" };
        var output = new Option<string>("--out") { Description = "Population file (.h5)", Required = true };
        var count = new Option<int>("--count") { Description = "Networks to make", DefaultValueFactory = _ => 100 };
        var amplitude = new Option<double?>("--amplitude") { Description = "Standard deviation of noise" };
        var normalized = new Option<bool>("--normalized") { Description = "The amplitude is in the normalised units of the paper's G.pt baselines, not in weight units" };
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("baseline", Summary) { kind, population, all, output, count, amplitude, normalized, seed };
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            Population training = PopulationFile.Read(parsed.GetValue(population)!);
            string name = parsed.GetValue(kind)!;
            if (!BaselineCatalog.Kinds.Any(k => name == k || name.StartsWith(k + "-", StringComparison.Ordinal)))
                SharedOptions.RequireName("baseline", name, [.. BaselineCatalog.Kinds]);
            IGenerator baseline = BaselineCatalog.Create(name, new BaselineOptions
            {
                Amplitude = parsed.GetValue(amplitude),
                Units = parsed.GetValue(normalized) ? NoiseUnits.Normalised : NoiseUnits.Raw,
                Target = name == "random-init" ? TargetCatalog.Create(training.Target, null) : null,
            });
            baseline.Fit(parsed.GetValue(all) ? training : training.Finals(), cancellation);
            Population made = baseline.Sample(parsed.GetValue(count), parsed.GetValue(seed), cancellation);
            AtomicFile.DeleteAbandonedOf(parsed.GetValue(output)!);
            PopulationFile.Write(parsed.GetValue(output)!, made);
            Console.Out.WriteLine($"{parsed.GetValue(output)}: {made.Count} networks of {baseline.Name}");
            return ExitCodes.Success;
        }));
        return command;
    }
}
