using System.Text;

namespace WeightMem.Formats.Pickle;

/// <summary>
/// Reads meaning into inert values: which records stand for Python's own containers, texts and bytes. Nothing is called; a record whose arguments do not look as
/// they should simply is not one of them.
/// </summary>
public static class PickleConventions
{
    /// <summary>Keys and values when a value is a dictionary or of a class made from one, or null.</summary>
    public static IReadOnlyList<KeyValuePair<object?, object?>>? AsEntries(object? value)
    {
        if (value is PickleDictionary dictionary) return dictionary.Entries;
        if (value is not PickleObject made) return null;
        if (made.Entries is { } entries) return entries;
        if (made.Global is not { Name: "OrderedDict" or "defaultdict" or "Counter" or "dict" }) return null;

        // Python 2 gave an OrderedDict its items as a list of pairs.
        IReadOnlyList<object?>? pairs = made.Global.Name == "OrderedDict" ? AsItems(made.Argument(0)) : null;
        if (pairs is null) return (made.Argument(made.Global.Name == "defaultdict" ? 1 : 0) as PickleDictionary)?.Entries ?? [];
        var read = new List<KeyValuePair<object?, object?>>();
        foreach (object? pair in pairs)
        {
            if (AsItems(pair) is not [var key, var item]) return null;
            read.Add(new(key, item));
        }

        return read;
    }

    /// <summary>The items when a value is a list, tuple or set, or of a class made from one (such as <c>torch.Size</c>), or null.</summary>
    public static IReadOnlyList<object?>? AsItems(object? value)
    {
        if (value is PickleSequence sequence) return sequence.Items;
        if (value is not PickleObject made) return null;
        if (made.Items is { } items) return items;
        bool wraps = made.Global is { Module: "builtins" or "__builtin__", Name: "list" or "tuple" or "set" or "frozenset" }
            or { Module: "torch", Name: "Size" } or { Module: "collections", Name: "deque" };
        return wraps ? (made.Argument(0) as PickleSequence)?.Items ?? [] : null;
    }

    /// <summary>The value of a text key of a dictionary, or null.</summary>
    public static object? Get(object? dictionary, string key)
    {
        object? found = null;
        foreach ((object? name, object? value) in AsEntries(dictionary) ?? [])
        {
            if (name is string text && text == key) found = value;
        }

        return found;
    }

    /// <summary>The attribute of an object that keeps its attributes in a dictionary, as most do, or null.</summary>
    public static object? Attribute(object? value, string name)
    {
        object? state = (value as PickleObject)?.State;

        // Objects with slots have a pair: the dictionary (or None) and the slots.
        return AsItems(state) is [var attributes, var slots] ? Get(attributes, name) ?? Get(slots, name) : Get(state, name);
    }

    /// <summary>The whole number that a value is, or null; truth values count as 0 and 1.</summary>
    public static long? AsInteger(object? value) => value switch { long number => number, bool truth => truth ? 1 : 0, _ => null };

    /// <summary>The bytes that a value is, or null. Up to protocol 2 bytes are written as text in Latin-1 that is to be encoded.</summary>
    public static byte[]? AsBytes(object? value)
    {
        if (value is byte[] bytes) return bytes;
        if (value is string text) return Latin1(text);
        if (value is not PickleObject { Global: { } global } made) return null;
        if (global is { Module: "_codecs", Name: "encode" } && made.Argument(0) is string encoded && made.Argument(1) is "latin1" or "latin-1") return Latin1((string)made.Argument(0)!);
        if (global is { Module: "builtins" or "__builtin__", Name: "bytes" or "bytearray" }) return made.Argument(0) is null ? [] : Inner(made.Argument(0));
        return null;
    }

    private static byte[]? Inner(object? value) => value switch
    {
        byte[] bytes => bytes,
        string text => Latin1(text),
        PickleObject { Global: { Module: "_codecs", Name: "encode" } } encoded when encoded.Argument(0) is string text => Latin1(text),
        _ => null,
    };

    private static byte[]? Latin1(string text)
    {
        foreach (char c in text)
        {
            if (c > 255) return null;
        }

        return Encoding.Latin1.GetBytes(text);
    }
}
