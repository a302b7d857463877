using System.CommandLine;
using WeightMem.Evaluation.Studies;
using WeightMem.Models;
using WeightMem.Models.Data;

namespace WeightMem.Cli.Commands;

/// <summary>Options that several commands take, each made anew for its command.</summary>
internal static class SharedOptions
{
    public static Option<long> Seed() => new("--seed") { Description = "Seed of every random stream" };

    /// <summary>How JSON is printed.</summary>
    public static System.Text.Json.JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON" };

    public static Option<string> Data() => new("--data")
    {
        Description = $"Image set: {string.Join(", ", ImageCatalog.Names)}",
        DefaultValueFactory = _ => ImageCatalog.Default,
    };

    public static Option<string?> DataFolder() => new("--data-folder") { Description = "Folder of the image set's IDX files, when they are not where they usually are" };

    public static Option<int> Pool() => new("--pool")
    {
        Description = "Average squares of so many pixels into one before anything sees the images",
        DefaultValueFactory = _ => 1,
    };

    public static Option<string[]> Set() => new("--set")
    {
        Description = "Change a setting of the preset, as in --set gpt.training_steps=500; names are those of config.json. May be given again",
        DefaultValueFactory = _ => [],
    };

    /// <summary>A study with the settings changed that <see cref="Set"/> names.</summary>
    public static StudyConfig Apply(IEnumerable<string> settings, StudyConfig config)
    {
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw new UsageException($"--set {setting}: the form is name=value, as in gpt.training_steps=500");
            try
            {
                config = config.With(setting[..equals], setting[(equals + 1)..]);
            }
            catch (ArgumentException e)
            {
                throw new UsageException($"--set {setting}: {e.Message}");
            }
        }

        return config;
    }

    /// <summary>The images of a set, pooled.</summary>
    public static (ImageSet Train, ImageSet Test) Images(string data, string? folder, int pool)
    {
        (ImageSet train, ImageSet test) = ImageCatalog.Load(data, folder);
        return (train.AveragePool(pool), test.AveragePool(pool));
    }

    /// <summary>Refuses an unknown name and suggests the nearest.</summary>
    public static void RequireName(string what, string given, IReadOnlyCollection<string> known)
    {
        if (!known.Contains(given)) throw new UsageException(NearestName.Message(what, given, known));
    }

    /// <summary>The command line that was typed.</summary>
    public static string CommandLine(ParseResult parsed) => "weightmem " + string.Join(' ', parsed.Tokens.Select(t => t.Value.Contains(' ', StringComparison.Ordinal) ? $"\"{t.Value}\"" : t.Value));
}
