using WeightMem.Formats;
using WeightMem.Formats.Numpy;

namespace WeightMem.Models.Populations;

/// <summary>
/// Networks in a file, or a folder of shards, that need not fit into memory: what is known of them is read at once, their weights when they are asked for.
/// Not safe for several threads at once.
/// </summary>
public sealed class StoredRows : IDisposable
{
    /// <summary>Weights of a tile: 256 MB.</summary>
    private const int TileWeights = 1 << 26;

    private readonly PopulationReader? _population;
    private readonly NpyMatrix? _matrix;

    /// <summary>Row of the file of each network.</summary>
    private readonly int[] _rows;

    private StoredRows(string path, PopulationReader? population, NpyMatrix? matrix, int parameters, int[] rows) =>
        (Path, _population, _matrix, Parameters, _rows) = (path, population, matrix, parameters, rows);

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>Number of networks.</summary>
    public int Count => _rows.Length;

    /// <summary>Number of parameters of each.</summary>
    public int Parameters { get; }

    /// <summary>Opens a population, a folder of shards, or an <c>.npy</c> matrix in C order; null for files of other kinds, which are read whole.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="finals">Of a population only the last step of every run.</param>
    /// <exception cref="FileReadException">The file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">It is cut or damaged.</exception>
    public static StoredRows? Open(string path, bool finals)
    {
        if (PopulationShards.IsShards(path) || PopulationFile.IsPopulation(path))
        {
            PopulationFile.Verify(path);
            var reader = PopulationReader.Open(path);
            return new StoredRows(path, reader, null, reader.Parameters, finals ? reader.Facts.FinalRows() : [.. Enumerable.Range(0, reader.Count)]);
        }

        if (!System.IO.Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase) || NpyMatrix.Open(path) is not { } matrix) return null;
        if (matrix.Rows <= Array.MaxLength) return new StoredRows(path, null, matrix, (int)matrix.Columns, [.. Enumerable.Range(0, (int)matrix.Rows)]);
        matrix.Dispose();
        throw new FileFormatException(path, $"at most {Array.MaxLength} networks", $"{matrix.Rows}");
    }

    /// <summary>Reads some networks, in the given order.</summary>
    /// <param name="networks">Which, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such network.</exception>
    /// <exception cref="FileFormatException">The file is damaged, has changed, or weights are not finite.</exception>
    public WeightRows Read(ReadOnlySpan<int> networks)
    {
        int[] rows = new int[networks.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = (uint)networks[i] < (uint)Count ? _rows[networks[i]] : throw new ArgumentOutOfRangeException(nameof(networks), $"network {networks[i]} of {Count}");
        var weights = GC.AllocateUninitializedArray<float>(checked(rows.Length * Parameters));
        for (int i = 0; i < rows.Length;)
        {
            // Neighbouring rows in one go: a chunk of a compressed file is inflated once.
            int first = rows[i], length = 1;
            while (i + length < rows.Length && rows[i + length] == first + length) length++;
            Memory<float> into = weights.AsMemory(i * Parameters, length * Parameters);
            if (_population is not null) _population.ReadRows(first, into);
            else _matrix!.ReadRows(first, into.Span);
            i += length;
        }

        FiniteRows.Check(Path, weights, Parameters, rows);
        return new WeightRows(Path, weights, rows.Length, Parameters, _population?.Facts.Select(rows).With(weights));
    }

    /// <summary>Reads all networks.</summary>
    /// <exception cref="FileFormatException">The file is damaged, has changed, weights are not finite, or there are more than an array can hold.</exception>
    public WeightRows ReadAll()
    {
        if ((long)Count * Parameters > Array.MaxLength)
            throw new FileFormatException(Path, $"at most {Array.MaxLength} weights at a time", $"{Count} networks with {Parameters} weights each");
        return Read([.. Enumerable.Range(0, Count)]);
    }

    /// <summary>All networks, a tile of neighbouring ones at a time.</summary>
    /// <param name="tileRows">Networks of a tile; 0 for as many as take 256 MB.</param>
    public IEnumerable<(int First, WeightRows Rows)> Tiles(int tileRows = 0)
    {
        if (tileRows <= 0) tileRows = Math.Max(1, TileWeights / Parameters);
        for (int first = 0; first < Count; first += tileRows)
            yield return (first, Read([.. Enumerable.Range(first, Math.Min(tileRows, Count - first))]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _population?.Dispose();
        _matrix?.Dispose();
    }
}
