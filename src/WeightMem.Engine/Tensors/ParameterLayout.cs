using System.Collections.Frozen;

namespace WeightMem.Engine.Tensors;

/// <summary>One named parameter of a network.</summary>
/// <param name="Name">Its state-dict name, such as <c>fc1.weight</c>.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Offset">Where it starts in a flat row, in elements.</param>
public sealed record ParameterEntry(string Name, Shape Shape, long Offset)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Elements;
}

/// <summary>
/// The ordered table of a network's parameters: name, shape, offset. Turns a named state into one row of floats and back.
/// </summary>
public sealed class ParameterLayout
{
    private readonly FrozenDictionary<string, ParameterEntry> _byName;

    /// <summary>A dense layout: every parameter starts where the one before ends, in the given (state-dict) order.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public ParameterLayout(params IEnumerable<(string Name, Shape Shape)> parameters)
        : this(Dense(parameters))
    {
    }

    /// <summary>A layout with given offsets.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public ParameterLayout(IReadOnlyList<ParameterEntry> entries)
    {
        var byName = new Dictionary<string, ParameterEntry>();
        foreach (ParameterEntry entry in entries)
        {
            if (!byName.TryAdd(entry.Name, entry)) throw new ArgumentException($"parameter {entry.Name} occurs twice");
        }

        _byName = byName.ToFrozenDictionary();
        Entries = entries;
        Count = entries.Sum(e => e.Count);
        Extent = entries.Count == 0 ? 0 : entries.Max(e => e.Offset + e.Count);
    }

    /// <summary>The parameters in order.</summary>
    public IReadOnlyList<ParameterEntry> Entries { get; }

    /// <summary>Number of parameters in the sense of papers: all elements of all entries.</summary>
    public long Count { get; }

    /// <summary>Length of a flat row; larger than <see cref="Count"/> when entries are aligned.</summary>
    public long Extent { get; }

    /// <summary>The entry of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists the names there are.</exception>
    public ParameterEntry this[string name] => _byName.TryGetValue(name, out ParameterEntry? entry)
        ? entry
        : throw new KeyNotFoundException($"no parameter {name}; there are {string.Join(", ", Entries.Select(e => e.Name))}");

    /// <summary>Whether a name is there.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>The part of a flat row that holds a parameter.</summary>
    public Span<float> Of(Span<float> row, string name)
    {
        ParameterEntry entry = this[name];
        return row.Slice(checked((int)entry.Offset), checked((int)entry.Count));
    }

    /// <summary>The part of a flat row that holds a parameter.</summary>
    public ReadOnlySpan<float> Of(ReadOnlySpan<float> row, string name)
    {
        ParameterEntry entry = this[name];
        return row.Slice(checked((int)entry.Offset), checked((int)entry.Count));
    }

    /// <summary>Writes a named state into a row.</summary>
    /// <exception cref="ArgumentException">A parameter is missing or has another size; names, sizes expected and found are in the message.</exception>
    public void Pack(Span<float> row, IReadOnlyDictionary<string, float[]> state)
    {
        foreach (ParameterEntry entry in Entries)
        {
            if (!state.TryGetValue(entry.Name, out float[]? values))
                throw new ArgumentException($"parameter {entry.Name} {entry.Shape} is missing from the state");
            if (values.Length != entry.Count)
                throw new ArgumentException($"parameter {entry.Name} has {values.Length} values; {entry.Shape} takes {entry.Count}");
            values.CopyTo(row.Slice(checked((int)entry.Offset), values.Length));
        }
    }

    /// <summary>Reads a row back into a named state.</summary>
    public Dictionary<string, float[]> Unpack(ReadOnlySpan<float> row)
    {
        var state = new Dictionary<string, float[]>();
        foreach (ParameterEntry entry in Entries)
            state[entry.Name] = row.Slice(checked((int)entry.Offset), checked((int)entry.Count)).ToArray();
        return state;
    }

    private static List<ParameterEntry> Dense(IEnumerable<(string Name, Shape Shape)> parameters)
    {
        var entries = new List<ParameterEntry>();
        long offset = 0;
        foreach ((string name, Shape shape) in parameters)
        {
            entries.Add(new ParameterEntry(name, shape, offset));
            offset += shape.Elements;
        }

        return entries;
    }
}
