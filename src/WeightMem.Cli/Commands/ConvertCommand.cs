using System.CommandLine;
using WeightMem.Models.Conversions;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary><c>convert IN OUT</c>: a file of one kind into one of another. Nothing in it is executed.</summary>
internal static class ConvertCommand
{
    public const string Summary = "Convert between kinds of files: arrays, state dicts, rows of weights, populations.";

    public static Command Create()
    {
        var input = new Argument<string>("IN") { Description = "File of any known kind, or a folder of checkpoints, of shards, or of G.pt's checkpoint sets" };
        var output = new Argument<string>("OUT") { Description = $"File to write; its ending tells the kind: {string.Join(' ', ArrayOutput.Endings)}, or {ShardsOutput.Ending} for a folder of population files" };
        var part = new Option<string?>("--part") { Description = "Only what is under this name in IN, such as state_dict" };
        var row = new Option<int?>("--row") { Description = "Only this network of a population or matrix, from 0, as a state dict" };
        var target = new Option<string?>("--target") { Description = $"Names and order of the parameters: {string.Join(", ", TargetCatalog.Names.Skip(1))}" };
        var command = new Command("convert", Summary) { input, output, part, row, target };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            ITarget? network = parsed.GetValue(target) is { } name ? TargetCatalog.Create(name, images: null) : null;
            var conversion = new Conversion(parsed.GetValue(input)!, parsed.GetValue(output)!)
            {
                Part = parsed.GetValue(part),
                Row = parsed.GetValue(row),
                Target = network?.Name,
                Layout = network?.Layout,
            };
            Console.Out.WriteLine(conversion.Run());
            return ExitCodes.Success;
        }));
        return command;
    }
}
