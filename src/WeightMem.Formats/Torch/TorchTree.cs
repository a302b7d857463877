using System.Globalization;
using System.Numerics;
using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Torch;

/// <summary>
/// Lists what a PyTorch file holds as a flat list of names. Every container is walked once, however often it is referred to, so values that hold each other,
/// or themselves, end. Lists of plain numbers are arrays.
/// </summary>
internal sealed class TorchTree
{
    private const int Deepest = 64;
    private const int LongestKey = 256;

    /// <summary>About what an item takes beside its name: its entry, the code that reads it, its places in two tables.</summary>
    private const int ItemBytes = 512;

    private readonly TorchFile _file;
    private readonly ArrayFile _to;
    private readonly Dictionary<object, string> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly long _limit;
    private long _spent;

    private TorchTree(TorchFile file, ArrayFile to, long length) => (_file, _to, _limit) = (file, to, Inflation.Limit(length) / 2);

    /// <summary>Opens a PyTorch file as a list of arrays.</summary>
    /// <param name="file">The file, which is closed with the list.</param>
    /// <param name="length">Its bytes.</param>
    public static ArrayFile List(TorchFile file, long length)
    {
        var to = new ArrayFile(file.Path, file.Form, file);
        new TorchTree(file, to, length).Add("", file.Root, 0);
        return to;
    }

    private void Add(string name, object? value, int depth)
    {
        _spent += 2L * name.Length + ItemBytes;
        if (_spent > _limit) throw new FileFormatException(_file.Path, $"a tree of things that fits {_limit} bytes", "more of them");
        if (value is PickleSequence or PickleDictionary or PickleObject && !_seen.TryAdd(value, name))
        {
            // A tensor that stands at two places (tied weights) is listed at both.
            if (value is not PickleObject || !AddArray(name, value)) _to.Add(name, $"the same as {(_seen[value].Length == 0 ? "the whole" : _seen[value])}");
            return;
        }

        if (AddArray(name, value)) return;
        if (depth == Deepest)
        {
            _to.Add(name, $"{PickleText.Describe(value)}, nested deeper than {Deepest} levels: not shown");
            return;
        }

        if (PickleConventions.AsEntries(value) is { } entries)
        {
            if (entries.Count == 0 && IsPlain(value)) _to.Add(name, "empty");
            if (!IsPlain(value)) _to.Add(name, PickleText.Describe(value));
            foreach ((object? key, object? item) in entries) Add(Join(name, KeyText(key)), item, depth + 1);
            if (!IsPlain(value) && value is PickleObject subclass) AddParts(name, subclass, depth);
            return;
        }

        if (PickleConventions.AsItems(value) is { } items)
        {
            AddItems(name, value, items, depth);
            return;
        }

        _to.Add(name, PickleConventions.AsBytes(value) is { } bytes && value is not string ? $"{bytes.Length} bytes" : PickleText.Describe(value));
        if (value is PickleObject made && !PickleText.IsSimple(made)) AddParts(name, made, depth);
    }

    private void AddItems(string name, object? value, IReadOnlyList<object?> items, int depth)
    {
        if (Numbers(name, items) is { } numbers)
        {
            _to.Add(new ArrayEntry(name, numbers.Type, numbers.Shape) { IsList = true }, () => numbers);
            return;
        }

        if (items.Count == 0 && IsPlain(value)) _to.Add(name, "empty");
        if (!IsPlain(value)) _to.Add(name, PickleText.Describe(value));
        for (int i = 0; i < items.Count; i++) Add(Join(name, i.ToString(CultureInfo.InvariantCulture)), items[i], depth + 1);
    }

    /// <summary>What an object was made from and holds. Attributes stand under their own names.</summary>
    private void AddParts(string name, PickleObject made, int depth)
    {
        if (made.Arguments is PickleSequence { Items.Count: > 0 } arguments)
        {
            for (int i = 0; i < arguments.Items.Count; i++)
            {
                if (arguments.Items[i] is not PickleGlobal) Add(Join(name, $"({i.ToString(CultureInfo.InvariantCulture)})"), arguments.Items[i], depth + 1);
            }
        }

        if (made.State is null) return;
        if (PickleConventions.AsEntries(made.State) is { } attributes)
        {
            foreach ((object? key, object? item) in attributes) Add(Join(name, KeyText(key)), item, depth + 1);
        }
        else
        {
            Add(Join(name, "state"), made.State, depth + 1);
        }
    }

    private bool AddArray(string name, object? value)
    {
        if (_file.Find(value, name.Length == 0 ? Path.GetFileNameWithoutExtension(_file.Path) : name, out Func<NamedArray> read) is not { } entry) return false;
        _to.Add(entry, read);
        return true;
    }

    /// <summary>Whether a container is one of Python's own, so that its name would say nothing.</summary>
    private static bool IsPlain(object? value) => value is not PickleObject made || made.Global is { Module: "collections", Name: "OrderedDict" }
        or { Module: "builtins" or "__builtin__", Name: "set" or "frozenset" or "list" or "tuple" or "dict" } or { Module: "torch", Name: "Size" };

    private static NamedArray? Numbers(string name, IReadOnlyList<object?> items)
    {
        if (items.Count == 0) return null;
        if (items.All(i => i is bool)) return NamedArray.Of(name, items.Select(i => (bool)i!).ToArray(), items.Count);
        if (items.All(i => i is long)) return NamedArray.Of(name, items.Select(i => (long)i!).ToArray(), items.Count);
        if (items.All(i => i is long or double)) return NamedArray.Of(name, items.Select(i => i is long whole ? whole : (double)i!).ToArray(), items.Count);
        return null;
    }

    private static string Join(string name, string key) => name.Length == 0 ? key : $"{name}/{key}";

    private static string KeyText(object? key) => key switch
    {
        string { Length: <= LongestKey } text => text,
        string text => text[..LongestKey] + "...",
        long number => number.ToString(CultureInfo.InvariantCulture),
        BigInteger => "a large whole number",
        _ => $"[{PickleText.Describe(key)}]",
    };
}
