using System.Text.Json;
using System.Text.Json.Nodes;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;

namespace WeightMem.Cli.Commands;

/// <summary>Settings of a study in a file: a whole <c>config.json</c>, or any part of one.</summary>
internal static class SettingsFile
{
    private static readonly JsonDocumentOptions s_format = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>A study with the settings changed that the file names.</summary>
    /// <exception cref="FileFormatException">The file is missing or no JSON object.</exception>
    /// <exception cref="UsageException">It names a setting that the study has not, or one of another method.</exception>
    public static StudyConfig Apply(string path, StudyConfig config)
    {
        JsonObject settings = Read(path);
        if (settings["method"] is { } method && method.ToString() != config.Method)
            throw new UsageException($"--config {path}: its settings are for {method}, not for {config.Method}");
        return Apply(path, settings, "", config);
    }

    private static StudyConfig Apply(string path, JsonObject settings, string prefix, StudyConfig config)
    {
        foreach ((string name, JsonNode? value) in settings)
        {
            if (value is JsonObject part)
            {
                config = Apply(path, part, $"{prefix}{name}.", config);
                continue;
            }

            try
            {
                config = config.With(prefix + name, value?.ToJsonString() ?? "null");
            }
            catch (ArgumentException e)
            {
                throw new UsageException($"--config {path}: {e.Message}");
            }
        }

        return config;
    }

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: s_format) as JsonObject ?? throw new FileFormatException(path, "an object of settings", "another kind of JSON");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string found = Directory.Exists(path) ? "a folder" : File.Exists(path) ? "one that cannot be read" : "none of this name";
            throw new FileFormatException(path, "a file of settings", found, e);
        }
        catch (JsonException e)
        {
            throw new FileFormatException(path, "JSON", $"a fault in line {e.LineNumber + 1}");
        }
    }
}
