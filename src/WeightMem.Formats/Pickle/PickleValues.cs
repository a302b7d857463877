namespace WeightMem.Formats.Pickle;

// A pickled value is one of: null, bool, long, BigInteger, double, string, byte[], and the types of this file. Nothing here can run.

/// <summary>The name of a Python class or function. It is never looked up.</summary>
/// <param name="Module">Such as <c>collections</c>.</param>
/// <param name="Name">Such as <c>OrderedDict</c>.</param>
public sealed record PickleGlobal(string Module, string Name)
{
    /// <summary>Such as <c>collections.OrderedDict</c>.</summary>
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>Which of Python's sequences.</summary>
public enum PickleSequenceKind
{
    /// <summary>A list.</summary>
    List,

    /// <summary>A tuple.</summary>
    Tuple,

    /// <summary>A set.</summary>
    Set,

    /// <summary>A frozen set.</summary>
    FrozenSet,
}

/// <summary>A list, tuple or set. Sets keep the file's order.</summary>
public sealed class PickleSequence
{
    internal PickleSequence(PickleSequenceKind kind, List<object?> items) => (Kind, Items) = (kind, items);

    /// <summary>Which of Python's sequences.</summary>
    public PickleSequenceKind Kind { get; }

    /// <summary>The items.</summary>
    public List<object?> Items { get; }
}

/// <summary>A dictionary in the file's order. A key that occurs twice is kept twice; the later one counts.</summary>
public sealed class PickleDictionary
{
    /// <summary>Keys and values.</summary>
    public List<KeyValuePair<object?, object?>> Entries { get; } = [];
}

/// <summary>
/// What Python would make by calling something: kept as a record of what would be called, with what, and what would be put into the result. Nothing is called.
/// </summary>
public sealed class PickleObject
{
    internal PickleObject(object? callable, object? arguments, object? keywords = null) =>
        (Callable, Arguments, Keywords) = (callable, arguments, keywords);

    /// <summary>The class or function, most often a <see cref="PickleGlobal"/>.</summary>
    public object? Callable { get; }

    /// <summary>The arguments, most often a tuple.</summary>
    public object? Arguments { get; }

    /// <summary>The keyword arguments, or null.</summary>
    public object? Keywords { get; }

    /// <summary>The state that Python would give to the result's <c>__setstate__</c>, or null.</summary>
    public object? State { get; internal set; }

    /// <summary>The items that Python would append to the result (a subclass of list), or null.</summary>
    public List<object?>? Items { get; internal set; }

    /// <summary>The entries that Python would set in the result (a subclass of dict), or null.</summary>
    public List<KeyValuePair<object?, object?>>? Entries { get; internal set; }

    /// <summary>The class or function when it is named, or null.</summary>
    public PickleGlobal? Global => Callable as PickleGlobal;

    /// <summary>The argument at a place, or null when there are not so many.</summary>
    public object? Argument(int index) => Arguments is PickleSequence { Items: var items } && index < items.Count ? items[index] : null;
}

/// <summary>A reference to something that the pickle leaves to its container, such as a storage of a PyTorch file.</summary>
/// <param name="Id">What it is known by.</param>
public sealed record PicklePersistent(object? Id);
