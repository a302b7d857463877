using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Conversions;

/// <summary>
/// Turns a file of one kind into one of another. Arrays keep their names and types; where the new kind has no such type, they become the next wider one that it
/// has. Networks become a state dict, a matrix with one network a row, or a population, as the output's ending and the options ask.
/// </summary>
/// <param name="Input">The file, or a folder of checkpoints, of shards, or of G.pt's checkpoint sets.</param>
/// <param name="Output">The file to write; its ending tells the kind.</param>
public sealed record Conversion(string Input, string Output)
{
    /// <summary>Where in the input to look, such as <c>state_dict</c>, or null for all of it.</summary>
    public string? Part { get; init; }

    /// <summary>The network of a population or matrix to take, from 0, or null for all.</summary>
    public int? Row { get; init; }

    /// <summary>The target whose parameter names and order to use, or null for the file's own.</summary>
    public string? Target { get; init; }

    /// <summary>The layout of <see cref="Target"/>.</summary>
    public ParameterLayout? Layout { get; init; }

    /// <summary>Converts.</summary>
    /// <returns>What was written, in one line.</returns>
    /// <exception cref="FileReadException">The input is missing or not readable.</exception>
    /// <exception cref="FileFormatException">The input is cut or damaged, or does not hold what is asked for.</exception>
    /// <exception cref="FileWriteException">The output cannot be written.</exception>
    /// <exception cref="ArgumentException">The output's kind cannot hold the input.</exception>
    public string Run()
    {
        bool shards = ShardsOutput.Names(Output);
        if (!shards)
        {
            ArrayOutput.Check(Output);
            AtomicFile.DeleteAbandonedOf(Output);
        }

        if (shards && Row is not null) throw new ArgumentException("--row takes one network, and a folder of shards is for many");
        if (shards && Layout is null && GptCheckpointSet.IsSet(Input)) return ShardsOutput.Write(Output, GptCheckpointSet.Open(Input).Runs());
        if (shards) return ShardsOutput.Write(Output, [Named(WeightRows.Read(Input, Part))]);
        bool networks = Target is not null || Row is not null || Directory.Exists(Input) || PopulationFile.IsPopulation(Input);
        return networks ? Networks() : Arrays();
    }

    private string Networks()
    {
        WeightRows rows = WeightRows.Read(Input, Part);
        Population? population = Row is null && Layout is null ? rows.Population : Named(rows);
        if (Row is { } row)
        {
            if (row < 0 || row >= rows.Count) throw new ArgumentException($"--row {row}: {Input} has rows 0 to {rows.Count - 1}");
            population = population!.Select([row]);
        }

        bool matrix = Path.GetExtension(Output).Equals(".npy", StringComparison.OrdinalIgnoreCase);
        if (population is null || matrix)
        {
            float[] values = population?.Weights ?? rows.Values;
            return ArrayOutput.Write(Output, [NamedArray.Of("weights", values, values.LongLength / rows.Parameters, rows.Parameters)]);
        }

        // One network is a state dict unless a population file was asked for.
        if (Row is not null || (population.Count == 1 && !ArrayOutput.IsHdf5(Output))) return ArrayOutput.Write(Output, StateDictOf(population));
        if (!ArrayOutput.IsHdf5(Output)) return ArrayOutput.Write(Output, [.. ArraysOf(population)]);
        PopulationFile.Write(Output, population);
        return $"{Output}: a population of {population.Count} networks ({population.RunCount} runs) of {population.Target}, {population.Parameters} parameters";
    }

    /// <summary>The networks with names for their parameters.</summary>
    private Population Named(WeightRows rows) => Layout is not null
        ? rows.ToPopulation(Target!, Layout)
        : rows.Population ?? throw new ArgumentException($"{Input} has rows without names: name their target with --target");

    private static NamedArray[] StateDictOf(Population population) =>
    [
        .. population.Layout.Entries.Select(e =>
            NamedArray.Of(e.Name, population.Layout.Of(population.Row(0), e.Name).ToArray(), [.. e.Shape.Select(s => (long)s)])),
    ];

    private static IEnumerable<NamedArray> ArraysOf(Population population)
    {
        yield return NamedArray.Of("weights", population.Weights, population.Count, population.Parameters);
        yield return NamedArray.Of("run", population.Run, population.Count);
        yield return NamedArray.Of("step", population.Step, population.Count);
        if (population.Score is { } score) yield return NamedArray.Of("score", score, population.Count);
        if (population.Loss is { } loss) yield return NamedArray.Of("loss", loss, population.Count);
        foreach ((string name, float[] values) in population.Metrics) yield return NamedArray.Of(name, values, population.Count);
    }

    private string Arrays()
    {
        using ArrayFile file = ArrayFile.Open(Input);
        string prefix = Part is null ? "" : Part.TrimEnd('/') + "/";
        NamedArray[] arrays =
        [
            .. file.Arrays.Where(a => a.Name == Part || a.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(a => Renamed(file.Read(a.Name), a.Name == Part ? a.Name[(a.Name.LastIndexOf('/') + 1)..] : a.Name[prefix.Length..])),
        ];
        if (arrays.Length == 0) throw new FileFormatException(Input, Part is null ? "arrays" : $"arrays in part '{Part}'", "none");
        if (arrays.Length == 1 || !Path.GetExtension(Output).Equals(".npy", StringComparison.OrdinalIgnoreCase))
            return ArrayOutput.Write(Output, arrays) + LeftOut(file, prefix);

        // An .npy file holds one array: several are the rows of networks.
        return Networks();
    }

    /// <summary>What else is in the input and not in the output, in a few words.</summary>
    private static string LeftOut(ArrayFile file, string prefix)
    {
        string[] names = [.. file.Items.Where(i => i.Array is null && !i.Name.StartsWith('@') && i.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(i => i.Name)];
        if (names.Length == 0) return "";
        return $"; left out, as no arrays: {string.Join(", ", names.Take(4))}{(names.Length > 4 ? $" and {names.Length - 4} more" : "")}";
    }

    private static NamedArray Renamed(NamedArray array, string name) => array.As(name, array.Shape);
}
