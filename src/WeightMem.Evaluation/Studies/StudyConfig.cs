using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using WeightMem.Models;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Zoos;

namespace WeightMem.Evaluation.Studies;

/// <summary>Everything that decides what a study computes; written to the run folder as <c>config.json</c> before anything else.</summary>
public sealed record StudyConfig
{
    /// <summary>The method: <c>gpt</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Name of the preset it was made from.</summary>
    public required string Preset { get; init; }

    /// <summary>Name of the image set.</summary>
    public required string Data { get; init; }

    /// <summary>Networks are trained on so many of the first training images; 0 for all.</summary>
    public int TrainingImages { get; init; }

    /// <summary>Squares of so many pixels are averaged into one before anything sees the images; 1 for none.</summary>
    public int Pool { get; init; } = 1;

    /// <summary>Target, such as <c>mlp</c> or <c>mlp-784-10-10</c>.</summary>
    public required string Target { get; init; }

    /// <summary>SHA-256 of a population file made elsewhere, when the generator is trained on one; null for a zoo of the study's own.</summary>
    public string? Population { get; init; }

    /// <summary>How the population is trained.</summary>
    public required ZooSettings Zoo { get; init; }

    /// <summary>Runs held out from the generator: the last ones.</summary>
    public required int HeldoutRuns { get; init; }

    /// <summary>The generator, when the method is <c>gpt</c>.</summary>
    public GptSettings? Gpt { get; init; }

    /// <summary>Networks generated from starts that training never saw.</summary>
    public required int Generated { get; init; }

    /// <summary>Networks generated from starts of training runs.</summary>
    public int GeneratedFromKnownStarts { get; init; }

    /// <summary>Rounds of recursive prompting, the first included: each result is the start of the next. 1 for none.</summary>
    public int RecursiveRounds { get; init; } = 1;

    /// <summary>Networks per noise baseline.</summary>
    public int BaselineNetworks { get; init; } = 100;

    /// <summary>Amplitudes of the noise baselines, in the paper's normalised units.</summary>
    public IReadOnlyList<double> NoiseAmplitudes { get; init; } = [0.05, 0.1];

    /// <summary>Resamples of every bootstrap.</summary>
    public int Resamples { get; init; } = 10_000;

    /// <summary>Seed of everything that has no seed of its own.</summary>
    public long Seed { get; init; }

    /// <summary>What differs from the published method, in sentences for the report.</summary>
    public IReadOnlyList<string> Deviations { get; init; } = [];

    /// <summary>The same study with another seed for everything.</summary>
    public StudyConfig WithSeed(long seed) => this with { Seed = seed, Zoo = Zoo with { Seed = seed }, Gpt = Gpt is null ? null : Gpt with { Seed = seed } };

    /// <summary>The configuration as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StudyJson.Default.StudyConfig) + "\n";

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="JsonException">The text is not a configuration.</exception>
    public static StudyConfig FromJson(string json) =>
        JsonSerializer.Deserialize(json, StudyJson.Default.StudyConfig) ?? throw new JsonException("an empty configuration");

    /// <summary>The same study with one setting changed.</summary>
    /// <param name="path">Its name as in <c>config.json</c>, such as <c>gpt.training_steps</c>.</param>
    /// <param name="value">Its value as in JSON; text needs no quotes.</param>
    /// <exception cref="ArgumentException">There is no such setting (the nearest name is in the message), or the value is not of its kind.</exception>
    public StudyConfig With(string path, string value)
    {
        JsonObject root = JsonNode.Parse(ToJson())!.AsObject(), at = root;
        string[] names = path.Split('.');
        for (int i = 0; i < names.Length; i++)
        {
            if (!at.ContainsKey(names[i])) throw new ArgumentException(NearestName.Message("setting", string.Join('.', names[..(i + 1)]), Settings(root)));
            if (i < names.Length - 1) at = at[names[i]] as JsonObject ?? throw new ArgumentException($"setting {string.Join('.', names[..(i + 1)])} has no parts");
        }

        JsonNode? before = at[names[^1]];
        try
        {
            at[names[^1]] = JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            at[names[^1]] = value;
        }

        try
        {
            return FromJson(root.ToJsonString());
        }
        catch (JsonException)
        {
            throw new ArgumentException($"setting {path} cannot be {value}; in this study it is {before?.ToJsonString() ?? "null"}");
        }
    }

    /// <summary>The settings in which two configurations differ, as <c>gpt.width (128, not 64)</c>.</summary>
    public static IReadOnlyList<string> Differences(StudyConfig wanted, StudyConfig found)
    {
        var differences = new List<string>();
        Compare(JsonNode.Parse(wanted.ToJson()), JsonNode.Parse(found.ToJson()), "", differences);
        return differences;
    }

    private static List<string> Settings(JsonObject node, string prefix = "")
    {
        var names = new List<string>();
        foreach ((string name, JsonNode? value) in node)
        {
            if (value is JsonObject part) names.AddRange(Settings(part, $"{prefix}{name}."));
            else names.Add(prefix + name);
        }

        return names;
    }

    private static void Compare(JsonNode? wanted, JsonNode? found, string path, List<string> differences)
    {
        if (wanted is JsonObject a && found is JsonObject b)
        {
            foreach (string key in a.Select(p => p.Key).Union(b.Select(p => p.Key)))
                Compare(a[key], b[key], path.Length == 0 ? key : $"{path}.{key}", differences);
        }
        else if (!JsonNode.DeepEquals(wanted, found))
        {
            differences.Add($"{path} ({found?.ToJsonString() ?? "null"}, not {wanted?.ToJsonString() ?? "null"})");
        }
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, NewLine = "\n")]
[JsonSerializable(typeof(StudyConfig))]
[JsonSerializable(typeof(RunRecord))]
internal sealed partial class StudyJson : JsonSerializerContext;
