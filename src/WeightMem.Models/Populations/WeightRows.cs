using WeightMem.Engine.Tensors;
using WeightMem.Formats;

namespace WeightMem.Models.Populations;

/// <summary>
/// Rows of weights from anyone's files, one network a row:
/// <list type="bullet">
/// <item>a population of ours, as a file or a folder of shards, comes whole;</item>
/// <item>a file of any known kind with an array <c>weights</c> of two dimensions, or whose only array of floats is a matrix;</item>
/// <item>a list of equally long vectors, as pickled datasets of weights hold;</item>
/// <item>a state dict: one network;</item>
/// <item>a checkpoint set of G.pt, or a folder of checkpoint files: populations with runs and steps.</item>
/// </list>
/// </summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Values">All rows, <c>[count, parameters]</c>, in state units.</param>
/// <param name="Count">Number of networks.</param>
/// <param name="Parameters">Number of parameters of each.</param>
/// <param name="Population">The networks with the names of their parameters, when the file has names.</param>
public sealed record WeightRows(string Path, float[] Values, int Count, int Parameters, Population? Population = null)
{
    /// <summary>What the target is called when a file does not say.</summary>
    public const string UnknownTarget = "unknown";

    /// <summary>Reads a file or folder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="part">Where in the file the weights are, such as <c>state_dict</c>, or null to look.</param>
    /// <exception cref="FileReadException">The file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">It is cut or damaged, of an unknown kind, or holds no weights.</exception>
    public static WeightRows Read(string path, string? part = null)
    {
        if (Directory.Exists(path)) return Of(path, ReadFolder(path, part));
        if (part is null && PopulationFile.IsPopulation(path)) return Of(path, PopulationFile.Read(path));
        using ArrayFile file = ArrayFile.Open(path);
        if (Matrix(file, part) is { } name)
        {
            NamedArray matrix = file.Read(name);
            return new WeightRows(path, matrix.ToFloats(), (int)matrix.Shape[0], (int)matrix.Shape[1]);
        }

        if (file.Format == ".npy") throw new FileFormatException(path, "a matrix of floats [count, parameters]", Describe(file.Arrays.First()));
        if (Vectors(file, part) is { } vectors) return ReadVectors(file, vectors);
        StateDict state = StateDict.Find(file, part);
        var row = new float[state.Layout.Count];
        state.ReadRow(row, state.Layout);
        return Of(path, new Population(UnknownTarget, state.Layout, row));
    }

    /// <summary>The rows as a population of a target. Rows without names are taken in the layout's order, each as a run of its own.</summary>
    /// <param name="target">Name of the target.</param>
    /// <param name="layout">Its dense layout.</param>
    /// <exception cref="FileFormatException">The rows are of another width than the target's, or their parameters have other names or shapes.</exception>
    public Population ToPopulation(string target, ParameterLayout layout)
    {
        if (Parameters != layout.Count)
            throw new FileFormatException(Path, $"rows of {layout.Count} weights for {target}", $"rows of {Parameters}");
        if (Population is null) return new Population(target, layout, Values);
        foreach (ParameterEntry wanted in layout.Entries)
        {
            ParameterEntry? found = Population.Layout.Contains(wanted.Name) ? Population.Layout[wanted.Name] : null;
            if (found?.Shape == wanted.Shape) continue;
            string others = string.Join(", ", Population.Layout.Entries.Take(6).Select(e => e.Name));
            throw new FileFormatException(Path, $"parameter {wanted.Name} {wanted.Shape} of {target}", found is null ? $"none among {others}" : $"{found.Shape}");
        }

        return Population.InLayout(target, layout);
    }

    private static WeightRows Of(string path, Population population) =>
        new(path, population.Weights, population.Count, population.Parameters, population);

    private static Population ReadFolder(string path, string? part)
    {
        if (PopulationShards.IsShards(path)) return PopulationFile.Read(path);
        return GptCheckpointSet.IsSet(path) ? GptCheckpointSet.Open(path).Read() : CheckpointFolder.Read(path, UnknownTarget, part: part);
    }

    /// <summary>The matrix of a file, or null when it is of another make. Several matrices of equally long rows could each be meant: they are refused.</summary>
    private static string? Matrix(ArrayFile file, string? part)
    {
        ArrayEntry[] floats = [.. file.Arrays.Where(a => a.Type.IsFloat() && !a.IsList && (part is null || a.Name == part))];
        ArrayEntry[] matrices = [.. floats.Where(IsMatrix)];
        ArrayEntry? chosen = matrices.FirstOrDefault(m => m.Name == "weights") ?? (matrices.Length == 1 && floats.Length == 1 ? matrices[0] : null);

        // HDF5 files and archives hold whatever their maker put beside the weights; a state dict of one matrix and vectors is not among them.
        if (chosen is null && matrices.Length == 1 && file.Format == "HDF5") chosen = matrices[0];
        if (chosen is null && matrices.Length > 1 && matrices.Length == floats.Length && matrices.All(m => m.Shape[1] == matrices[0].Shape[1]))
        {
            string names = string.Join(", ", matrices.Take(6).Select(m => m.Name));
            throw new FileFormatException(file.Path, "a matrix weights, or one matrix of floats", $"{matrices.Length} matrices: {names}");
        }

        return chosen?.Name;

        bool IsMatrix(ArrayEntry entry) => entry.Shape is [<= int.MaxValue, >= 1 and <= int.MaxValue] && entry.Count <= Array.MaxLength;
    }

    private static string Describe(ArrayEntry entry) => $"{entry.Type} [{string.Join(", ", entry.Shape)}]";

    /// <summary>The items of a list of equally long vectors, or null.</summary>
    private static ArrayEntry[]? Vectors(ArrayFile file, string? part)
    {
        string prefix = part is null ? "" : part.TrimEnd('/') + "/";
        ArrayEntry[] items = [.. file.Arrays.Where(a => a.Type.IsFloat() && !a.IsList && a.Name.StartsWith(prefix, StringComparison.Ordinal))];
        bool list = items.Length > 0 && items.All(a => a.Shape is [>= 1] && a.Shape[0] == items[0].Shape[0] && a.Name.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0);
        return list ? items : null;
    }

    private static WeightRows ReadVectors(ArrayFile file, ArrayEntry[] vectors)
    {
        long width = vectors[0].Shape[0];
        if (width * vectors.Length > Array.MaxLength) throw new FileFormatException(file.Path, $"at most {Array.MaxLength} weights", $"{vectors.Length} vectors of {width}");
        var values = new float[width * vectors.Length];
        for (int i = 0; i < vectors.Length; i++) file.Read(vectors[i].Name).ToFloats().CopyTo(values.AsSpan((int)(i * width)));
        return new WeightRows(file.Path, values, vectors.Length, (int)width);
    }
}
