using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Torch;

/// <summary>The bytes that tensors lie in.</summary>
/// <param name="File">The file that holds them.</param>
/// <param name="Start">Where they start in it.</param>
/// <param name="Length">How many there are.</param>
/// <param name="BigEndian">Whether numbers have their most significant byte first.</param>
internal sealed record TorchStorage(FileReader File, long Start, long Length, bool BigEndian);

/// <summary>Finds the storages that a pickle refers to.</summary>
/// <param name="path">The file, for errors.</param>
/// <param name="find">The storage of a key, or null when the file has none.</param>
internal sealed class TorchStorages(string path, Func<string, TorchStorage?> find)
{
    private readonly Dictionary<string, TorchStorage> _found = [];
    private readonly Dictionary<object, (TorchStorage, ElementType, long)> _loaded = new(ReferenceEqualityComparer.Instance);

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>The storage of a reference, with the element type of its class.</summary>
    /// <exception cref="FileFormatException">The reference is damaged, or the storage is missing or too short for it.</exception>
    public (TorchStorage Storage, ElementType Type, long Count) Get(object? reference)
    {
        if (reference is PickleObject { Global: { Module: "torch.storage", Name: "_load_from_bytes" } } loaded) return FromBytes(loaded);

        // ('storage', class, key, device, count); older files add a view of the storage, which is None unless storages are views themselves.
        if (reference is not PicklePersistent { Id: PickleSequence { Items: ["storage", var named, string key, _, var size, ..] items } })
            throw new FileFormatException(path, "a tensor's storage", PickleText.Describe(reference));
        if (TorchTypes.OfStorage(named) is not { } type) throw new FileFormatException(path, "a storage class of PyTorch", PickleText.Describe(named));
        if (PickleConventions.AsInteger(size) is not (>= 0 and var count)) throw new FileFormatException(path, "the size of a storage", PickleText.Describe(size));
        if (!_found.TryGetValue(key, out TorchStorage? storage))
        {
            storage = find(key) ?? throw new FileFormatException(path, $"storage {FileFormatException.Quote(key)}", "none of this name");
            _found[key] = storage;
        }

        if (items.Count > 5 && PickleConventions.AsItems(items[5]) is { } view) return View(storage, type, view);
        if (count > storage.Length / type.Size())
            throw new FileFormatException(path, $"{count} {type} in storage {FileFormatException.Quote(key)}", $"{storage.Length} bytes");
        return (storage, type, count);
    }

    /// <summary>Storages of the first PyTorch versions could be parts of others: (key, first element, count).</summary>
    private (TorchStorage Storage, ElementType Type, long Count) View(TorchStorage storage, ElementType type, IReadOnlyList<object?> view)
    {
        if (view is not [_, long first, long count] || first < 0 || count < 0 || first > storage.Length / type.Size() - count)
            throw new FileFormatException(path, "a view within its storage", $"another in a storage of {storage.Length} bytes");
        return (storage with { Start = storage.Start + first * type.Size(), Length = count * type.Size() }, type, count);
    }

    /// <summary>A tensor pickled by Python's own pickle carries its storage as the bytes of a small file in the old stream form.</summary>
    private (TorchStorage Storage, ElementType Type, long Count) FromBytes(PickleObject loaded)
    {
        object? content = loaded.Argument(0);
        if (content is not null && _loaded.TryGetValue(content, out (TorchStorage, ElementType, long) known)) return known;
        byte[] bytes = PickleConventions.AsBytes(content) ?? throw new FileFormatException(path, "the bytes of a storage", PickleText.Describe(content));
        (object? root, TorchStorages inner) = TorchStream.Read(new FileReader(new MemoryStream(bytes), path));
        if (root is not PicklePersistent) throw new FileFormatException(path, "a storage", PickleText.Describe(root));
        return _loaded[content!] = inner.Get(root);
    }
}
