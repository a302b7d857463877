using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;

namespace WeightMem.Models.Populations;

/// <summary>
/// A stored population open for reading: what is known of its rows is read at once, its weights when they are asked for. One file, or a
/// folder of shards whose rows follow each other. Not safe for several threads at once.
/// </summary>
public sealed class PopulationReader : IDisposable
{
    private readonly PopulationFacts _facts;
    private readonly (string Path, int First, int Count)[] _parts;

    /// <summary>The part whose file is open, and that file: a set of many shards must not take as many open files.</summary>
    private int _current;
    private Hdf5Reader _file;

    private PopulationReader(string path, PopulationFacts facts, (string Path, int First, int Count)[] parts, int current, Hdf5Reader file) =>
        (Path, _facts, _parts, _current, _file) = (path, facts, parts, current, file);

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>Name of the target.</summary>
    public string Target => _facts.Target;

    /// <summary>Names, shapes and offsets within a row.</summary>
    public ParameterLayout Layout => _facts.Layout;

    /// <summary>Number of networks.</summary>
    public int Count => _facts.Count;

    /// <summary>Number of parameters of each.</summary>
    public int Parameters => _facts.Parameters;

    /// <summary>Run of each row.</summary>
    public IReadOnlyList<int> Run => _facts.Run;

    /// <summary>Training step of each row.</summary>
    public IReadOnlyList<int> Step => _facts.Step;

    /// <summary>Accuracy of each row in percent, where measured.</summary>
    public IReadOnlyList<float>? Score => _facts.Score;

    /// <summary>Mean test cross-entropy of each row in nats, where measured.</summary>
    public IReadOnlyList<float>? Loss => _facts.Loss;

    /// <summary>Error masks, where measured.</summary>
    public ErrorMasks? Wrong => _facts.Wrong;

    /// <summary>Further numbers of each row, by name.</summary>
    public IReadOnlyDictionary<string, float[]> Metrics => _facts.Metrics;

    /// <summary>Where the population comes from; of shards, what the first one says.</summary>
    public IReadOnlyDictionary<string, string> Provenance => _facts.Provenance;

    /// <summary>Number of files.</summary>
    public int Parts => _parts.Length;

    /// <summary>Everything but the weights.</summary>
    internal PopulationFacts Facts => _facts;

    /// <summary>Opens a population.</summary>
    /// <param name="path">A population file, or a folder of <see cref="PopulationShards"/>.</param>
    /// <exception cref="FileReadException">A file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">
    /// A file is no population, is cut or damaged, or its parts do not fit together; the folder has no shards, lacks one, or they are of
    /// different populations.
    /// </exception>
    public static PopulationReader Open(string path)
    {
        if (!Directory.Exists(path)) return Open(path, Hdf5Reader.Open(path));
        string[] files = PopulationShards.Files(path);
        if (files.Length == 0) throw new FileFormatException(path, $"a folder of shards ({PopulationShards.FileName(0)}, ...)", "none");
        var facts = new PopulationFacts[files.Length];
        var parts = new (string Path, int First, int Count)[files.Length];
        Hdf5Reader? open = null;
        try
        {
            long count = 0;
            for (int i = 0; i < files.Length; i++)
            {
                open?.Dispose();
                open = null;
                open = Hdf5Reader.Open(files[i]);
                facts[i] = PopulationFile.ReadFacts(open);
                parts[i] = (files[i], (int)count, facts[i].Count);
                PopulationShards.CheckFit(files[i], facts[0], facts[i]);
                count += facts[i].Count;
                if (count > Array.MaxLength) throw new FileFormatException(path, $"at most {Array.MaxLength} networks", "more");
            }

            return new PopulationReader(path, PopulationFacts.Join(facts), parts, files.Length - 1, open!);
        }
        catch
        {
            open?.Dispose();
            throw;
        }
    }

    private static PopulationReader Open(string path, Hdf5Reader file)
    {
        try
        {
            PopulationFacts facts = PopulationFile.ReadFacts(file);
            return new PopulationReader(path, facts, [(path, 0, facts.Count)], 0, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the weights of some rows that follow each other; only they are read from the file.</summary>
    /// <param name="firstRow">The first row, from 0.</param>
    /// <param name="into">Gets the weights, <c>[rows, parameters]</c>; its length is a whole number of rows.</param>
    /// <exception cref="ArgumentException">The length is no whole number of rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    /// <exception cref="FileFormatException">The file is damaged, or has changed since it was opened.</exception>
    public void ReadRows(int firstRow, Memory<float> into)
    {
        int rows = into.Length / Parameters;
        if (rows * Parameters != into.Length) throw new ArgumentException($"{into.Length} weights are no whole number of rows of {Parameters}");
        if (firstRow < 0 || firstRow > Count - rows)
            throw new ArgumentOutOfRangeException(nameof(firstRow), $"rows {firstRow} to {(long)firstRow + rows - 1} of {Count}");
        for (int part = 0; part < _parts.Length && rows > 0; part++)
        {
            (_, int first, int count) = _parts[part];
            int within = firstRow - first, take = Math.Min(rows, count - within);
            if (take <= 0) continue;
            FileOf(part).ReadRows(PopulationFile.Weights, within, into[..(take * Parameters)]);
            into = into[(take * Parameters)..];
            (firstRow, rows) = (firstRow + take, rows - take);
        }
    }

    /// <summary>Reads all rows.</summary>
    /// <exception cref="FileFormatException">The file is damaged, or there are more weights than an array can hold.</exception>
    public Population Read()
    {
        long weights = (long)Count * Parameters;
        if (weights > Array.MaxLength)
            throw new FileFormatException(Path, $"at most {Array.MaxLength} weights at a time", $"{Count} rows of {Parameters}: read fewer rows");
        float[] values = GC.AllocateUninitializedArray<float>((int)weights);
        ReadRows(0, values);
        return _facts.With(values);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private Hdf5Reader FileOf(int part)
    {
        if (part == _current) return _file;
        Hdf5Reader next = Hdf5Reader.Open(_parts[part].Path);
        if (next.Find(PopulationFile.Weights) is not { Shape: [var rows, var width] } || rows != _parts[part].Count || width != Parameters)
        {
            next.Dispose();
            throw new FileFormatException(
                _parts[part].Path, $"{_parts[part].Count} rows of {Parameters} weights, as before", "a file that has changed");
        }

        _file.Dispose();
        (_current, _file) = (part, next);
        return next;
    }
}
