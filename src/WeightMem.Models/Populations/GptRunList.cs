using System.Text.Json;
using WeightMem.Formats;

namespace WeightMem.Models.Populations;

/// <summary>One run of a <c>runs.json</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Keys">The keys of its checkpoints, in time order.</param>
/// <param name="Metrics">The numbers that every checkpoint has, by name: as many values as there are checkpoints.</param>
internal sealed record GptRun(string Name, string[] Keys, Dictionary<string, float[]> Metrics);

/// <summary>
/// The list of checkpoints and their metrics beside a G.pt database:
/// <c>{"checkpoints": {key: {metric: number}}, "metadata": {...}}</c>, or such an object for each run when the folder holds several.
/// </summary>
internal static class GptRunList
{
    /// <summary>The published lists take 40 kB a run.</summary>
    private const long LongestFile = 64L << 20;

    private const int Deepest = 8;

    /// <summary>Reads the runs of a list.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">Name of its folder, which is the run's name when there is only one.</param>
    /// <exception cref="FileFormatException">The file is missing, too long, no JSON, or of another form.</exception>
    public static List<GptRun> Read(string path, string folder)
    {
        byte[] bytes;
        try
        {
            long length = new FileInfo(path).Length;
            if (length > LongestFile) throw new FileFormatException(path, $"a list of at most {LongestFile} bytes", $"{length}");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileFormatException(path, "a readable list of runs", error is FileNotFoundException ? "no such file" : error.Message, error);
        }

        try
        {
            var options = new JsonDocumentOptions { MaxDepth = Deepest, AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(bytes, options);
            JsonElement root = Object(path, document.RootElement, "the list");
            if (root.TryGetProperty("checkpoints", out _)) return [Run(path, folder, root)];
            if (!root.EnumerateObject().Any()) throw new FileFormatException(path, "at least one run", "none");
            return [.. root.EnumerateObject().Select(p => Run(path, p.Name, Object(path, p.Value, $"run {Quote(p.Name)}")))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A JSON string that is no UTF-16 text only shows when it is taken out, as an InvalidOperationException. A name that is there
            // twice has no line.
            long? line = (error as JsonException)?.LineNumber + 1;
            throw new FileFormatException(path, "a list of runs in JSON", line is null ? "a name twice, or text that is none" : $"none at line {line}", error);
        }
    }

    private static GptRun Run(string path, string name, JsonElement run)
    {
        if (!run.TryGetProperty("checkpoints", out JsonElement list))
            throw new FileFormatException(path, $"an object checkpoints of run {Quote(name)}", "none");
        var keys = new List<string>();
        var columns = new Dictionary<string, List<float>>();
        foreach (JsonProperty checkpoint in Object(path, list, "checkpoints").EnumerateObject())
        {
            foreach (JsonProperty metric in Object(path, checkpoint.Value, $"checkpoint {Quote(checkpoint.Name)}").EnumerateObject())
            {
                if (metric.Value.ValueKind != JsonValueKind.Number || !metric.Value.TryGetDouble(out double number))
                {
                    throw new FileFormatException(
                        path, $"a number {Quote(metric.Name)} of checkpoint {Quote(checkpoint.Name)}", $"{metric.Value.ValueKind}");
                }

                // Only the metrics that all checkpoints have are of use: a column that has missed one stays too short.
                if (keys.Count == 0) columns[metric.Name] = [(float)number];
                else if (columns.TryGetValue(metric.Name, out List<float>? column) && column.Count == keys.Count) column.Add((float)number);
            }

            keys.Add(checkpoint.Name);
        }

        if (keys.Count == 0) throw new FileFormatException(path, $"checkpoints of run {Quote(name)}", "none");
        var metrics = columns.Where(c => c.Value.Count == keys.Count).ToDictionary(c => c.Key, c => c.Value.ToArray());
        return new GptRun(name, [.. keys], metrics);
    }

    private static JsonElement Object(string path, JsonElement element, string what) => element.ValueKind == JsonValueKind.Object
        ? element
        : throw new FileFormatException(path, $"{what} to be an object", $"{element.ValueKind}");

    /// <summary>A name from the file, fit for one line.</summary>
    internal static string Quote(string name)
    {
        string clean = string.Concat(name.Take(60).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '.' : c));
        return $"'{clean}{(name.Length > 60 ? "..." : "")}'";
    }
}
