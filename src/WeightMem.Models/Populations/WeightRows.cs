using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Numpy;

namespace WeightMem.Models.Populations;

/// <summary>
/// Rows of weights from anyone's file: a <c>.npy</c> file with one matrix, or an <c>.h5</c> file whose dataset <c>weights</c>, or only
/// matrix of floats, has one network a row. A population of ours comes whole, also as a folder of shards.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Values">All rows, <c>[count, parameters]</c>, in state units.</param>
/// <param name="Count">Number of networks.</param>
/// <param name="Parameters">Number of parameters of each.</param>
/// <param name="Population">The population, when the file is one of ours.</param>
public sealed record WeightRows(string Path, float[] Values, int Count, int Parameters, Population? Population = null)
{
    /// <summary>Reads a file by what it is, told by its ending.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is cut or damaged, of an unknown kind, or holds no matrix of floats.</exception>
    public static WeightRows Read(string path)
    {
        if (PopulationShards.IsShards(path)) return Of(path, PopulationFile.Read(path));
        string extension = System.IO.Path.GetExtension(path);
        if (extension.Equals(".npy", StringComparison.OrdinalIgnoreCase)) return Matrix(path, NpyFile.Read(path));
        if (extension.ToLowerInvariant() is not (".h5" or ".hdf5"))
            throw new FileFormatException(path, "weights in an .npy or .h5 file", extension.Length == 0 ? "no ending" : extension);

        using Hdf5Reader reader = Hdf5Reader.Open(path);
        if (!PopulationFile.IsPopulation(reader)) return Matrix(path, reader.Read(MatrixName(reader)));
        using PopulationReader rows = PopulationReader.Open(path, reader);
        return Of(path, rows.Read());
    }

    /// <summary>The rows as a population of a target. Other rows than a population's are runs of their own.</summary>
    /// <param name="target">Name of the target.</param>
    /// <param name="layout">Its dense layout.</param>
    /// <exception cref="FileFormatException">The rows are of another width than the target's.</exception>
    public Population ToPopulation(string target, ParameterLayout layout)
    {
        if (Parameters != layout.Count)
            throw new FileFormatException(Path, $"rows of {layout.Count} weights for {target}", $"rows of {Parameters}");
        return Population ?? new Population(target, layout, Values);
    }

    private static WeightRows Of(string path, Population population) =>
        new(path, population.Weights, population.Count, population.Parameters, population);

    private static string MatrixName(Hdf5Reader reader)
    {
        if (reader.Find("weights") is not null) return "weights";
        Hdf5Dataset[] matrices = [.. reader.Datasets.Where(d => d.Shape.Length == 2 && d.Type is { } type && type.IsFloat())];
        if (matrices.Length == 1) return matrices[0].Path;
        string names = string.Join(", ", matrices.Take(6).Select(m => m.Path));
        string found = matrices.Length == 0 ? "none" : $"{matrices.Length} matrices: {names}";
        throw new FileFormatException(reader.Path, "a dataset weights, or one matrix of floats", found);
    }

    private static WeightRows Matrix(string path, NamedArray array)
    {
        if (array.Shape.Length != 2 || !array.Type.IsFloat() || array.Shape[1] < 1)
            throw new FileFormatException(path, "a matrix of floats [count, parameters]", array.ToString());
        return new WeightRows(path, array.ToFloats(), (int)array.Shape[0], (int)array.Shape[1]);
    }
}
