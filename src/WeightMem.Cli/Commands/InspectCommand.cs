using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Models.Populations;

namespace WeightMem.Cli.Commands;

/// <summary><c>inspect FILE</c>: what is in a file of any known kind, or in a folder of checkpoints. Nothing in it is executed.</summary>
internal static class InspectCommand
{
    /// <summary>Statistics read every array. Views of one storage can be many times the file: past this many times its size they are left out.</summary>
    private const long MostReading = 8;

    private const long LeastReading = 1L << 30;

    public const string Summary = "Show what is in a file: names, types, shapes, values. Nothing in it is executed.";

    public static Command Create()
    {
        var path = new Argument<string>("FILE") { Description = "File of any known kind, or a folder of checkpoints" };
        var all = new Option<bool>("--all") { Description = "Show every array; without it, arrays that differ only in a number are shown once" };
        var brief = new Option<bool>("--no-values") { Description = "Do not read the values, nor compare the checksum: names, types and shapes only" };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("inspect", Summary) { path, all, brief, json };
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string given = parsed.GetValue(path)!;
            bool asJson = parsed.GetValue(json), values = !parsed.GetValue(brief);
            if (!Directory.Exists(given)) return File(given, asJson, values, parsed.GetValue(all), cancellation);
            Folder(given, asJson, values);
            return ExitCodes.Success;
        }));
        return command;
    }

    private static int File(string path, bool json, bool values, bool all, CancellationToken cancellation)
    {
        using ArrayFile file = ArrayFile.Open(path, verify: false);
        long size = new FileInfo(path).Length;
        var reading = new Reading(file, size, values);
        if (json)
        {
            Console.Out.WriteLine(Document(file, size, reading, cancellation).ToJsonString(SharedOptions.Indented));
            return reading.Finish();
        }

        string checksum = reading.Checksum is { } state ? $", its checksum is {state}" : "";
        Console.Out.WriteLine($"{path}: {file.Format}, {InspectTable.Bytes(size)}, {Arrays(file)}{checksum}");
        var table = new InspectTable();
        foreach ((FileItem item, int alike, string last) in all ? file.Items.Select(i => (i, 0, "")) : InspectTable.Collapse(file.Items))
        {
            cancellation.ThrowIfCancellationRequested();
            ArrayStatistics? statistics = item.Array is { } entry ? reading.Statistics(entry) : null;
            table.Add(item, statistics, reading.Refused);
            if (alike > 0) table.AddAlike(alike, last);
        }

        Console.Out.Write(table.ToString(values));
        if (reading.LeftOut > 0)
            Console.Out.WriteLine($"the values of {reading.LeftOut} arrays were left out: together they are more than {MostReading} times the file");
        return reading.Finish();
    }

    private static JsonObject Document(ArrayFile file, long size, Reading reading, CancellationToken cancellation)
    {
        JsonArray arrays = [], others = [];
        foreach (FileItem item in file.Items)
        {
            cancellation.ThrowIfCancellationRequested();
            if (item.Array is not { } entry)
            {
                others.Add((JsonNode)new JsonObject { ["name"] = item.Name, ["text"] = item.Text });
                continue;
            }

            var array = new JsonObject
            {
                ["name"] = entry.Name,
                ["type"] = entry.Type.ToString(),
                ["shape"] = new JsonArray([.. entry.Shape.Select(s => (JsonNode)s)]),
            };
            AddStatistics(array, reading.Statistics(entry));
            if (reading.Refused is { } refused) array["error"] = refused;
            arrays.Add((JsonNode)array);
        }

        return new JsonObject { ["file"] = file.Path, ["format"] = file.Format, ["bytes"] = size, ["checksum"] = reading.Checksum, ["arrays"] = arrays, ["other"] = others };
    }

    /// <summary>A folder is shown as the population it holds: how many networks, and every parameter over all of them.</summary>
    private static void Folder(string path, bool json, bool values)
    {
        WeightRows rows = WeightRows.Read(path);
        Population population = rows.Population!;
        if (json)
        {
            var parameters = new JsonArray();
            foreach (ParameterEntry entry in population.Layout.Entries)
            {
                var parameter = new JsonObject { ["name"] = entry.Name, ["shape"] = new JsonArray([.. entry.Shape.Select(s => (JsonNode)s)]) };
                AddStatistics(parameter, values ? Over(population, entry) : null);
                parameters.Add((JsonNode)parameter);
            }

            var document = new JsonObject
            {
                ["folder"] = path,
                ["format"] = "population",
                ["target"] = population.Target,
                ["networks"] = population.Count,
                ["runs"] = population.RunCount,
                ["steps"] = new JsonArray([.. population.Step.Distinct().Order().Select(s => (JsonNode)s)]),
                ["parameters"] = population.Parameters,
                ["layout"] = parameters,
            };
            Console.Out.WriteLine(document.ToJsonString(SharedOptions.Indented));
            return;
        }

        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: a population of {population.Count} networks ({population.RunCount} runs, steps {population.Step.Min()} to {population.Step.Max()}) of {population.Parameters} parameters, target {population.Target}"));
        var table = new InspectTable();
        foreach (ParameterEntry entry in population.Layout.Entries)
        {
            var item = new FileItem(entry.Name, new ArrayEntry(entry.Name, ElementType.Float32, [.. entry.Shape.Select(s => (long)s)]), null);
            table.Add(item, values ? Over(population, entry) : null, refused: null);
        }

        Console.Out.Write(table.ToString(values));
    }

    private static ArrayStatistics Over(Population population, ParameterEntry entry)
    {
        var values = new float[entry.Count * population.Count];
        for (int i = 0; i < population.Count; i++)
            population.Layout.Of(population.Row(i), entry.Name).CopyTo(values.AsSpan(checked((int)(i * entry.Count))));
        return ArrayStatistics.Of(NamedArray.Of(entry.Name, values, values.Length));
    }

    private static string Arrays(ArrayFile file)
    {
        ArrayEntry[] arrays = [.. file.Arrays];
        return string.Create(CultureInfo.InvariantCulture, $"{arrays.Length} {(arrays.Length == 1 ? "array" : "arrays")}, {arrays.Sum(a => (double)a.Count):#,0} values");
    }

    private static void AddStatistics(JsonObject to, ArrayStatistics? statistics)
    {
        if (statistics is null) return;
        to["min"] = Number(statistics.Minimum);
        to["mean"] = Number(statistics.Mean);
        to["max"] = Number(statistics.Maximum);
        to["nan"] = statistics.NaN;
        to["infinite"] = statistics.Infinite;
    }

    private static JsonValue? Number(double? value) => value is { } number && double.IsFinite(number) ? JsonValue.Create(number) : null;

    /// <summary>Compares a file with its checksum, and reads its arrays for their statistics until it has read enough; nothing of it when values are not wanted.</summary>
    private sealed class Reading
    {
        private readonly ArrayFile _file;
        private readonly bool _values;
        private readonly string? _damage;

        private long _left;
        private int _refused;

        public Reading(ArrayFile file, long size, bool values)
        {
            (_file, _values) = (file, values);
            _left = Math.Max(LeastReading, size > long.MaxValue / MostReading ? long.MaxValue : size * MostReading);
            if (!values) return;
            try
            {
                Checksum = file.Verify() ? "right" : null;
            }
            catch (FileFormatException error) when (error is not FileReadException)
            {
                // What a damaged file holds is shown all the same.
                (Checksum, _damage) = ("wrong", error.Message);
            }
        }

        /// <summary><c>right</c> or <c>wrong</c>; null when the file has none, or it was not compared.</summary>
        public string? Checksum { get; }

        public int LeftOut { get; private set; }

        /// <summary>Why the array that was read last cannot be read, or null.</summary>
        public string? Refused { get; private set; }

        /// <summary>Says what is damaged; the exit code.</summary>
        public int Finish()
        {
            if (_refused > 0) Console.Error.WriteLine($"weightmem: {_file.Path}: {_refused} of its arrays cannot be read");
            else if (_damage is not null) Console.Error.WriteLine($"weightmem: {_damage}");
            else return ExitCodes.Success;
            return ExitCodes.BadInput;
        }

        public ArrayStatistics? Statistics(ArrayEntry entry)
        {
            Refused = null;
            if (!_values) return null;
            long bytes = entry.Count > long.MaxValue / 16 ? long.MaxValue : entry.Count * entry.Type.Size();
            if (bytes > _left)
            {
                LeftOut++;
                return null;
            }

            _left -= bytes;
            try
            {
                return ArrayStatistics.Of(_file.Read(entry.Name));
            }
            catch (FileFormatException error)
            {
                // One damaged array does not hide the others.
                _refused++;
                Refused = error.Message.Replace(_file.Path, "", StringComparison.Ordinal).TrimStart(',', ':', ' ');
                return null;
            }
        }
    }
}
