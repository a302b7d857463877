using System.Buffers.Binary;
using System.Numerics;
using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Torch;

/// <summary>
/// The stream form of PyTorch before 1.6: pickles one after the other (a magic number, a version, facts about the machine, the object, the keys of the storages),
/// then each storage as a count and its elements.
/// </summary>
internal static class TorchStream
{
    private const long Version = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether a pickle is the one that starts such a file.</summary>
    public static bool IsMagic(object? value) => value is BigInteger number && number == Magic;

    /// <summary>Reads a whole file in this form from its first byte.</summary>
    /// <exception cref="FileFormatException">It is cut, damaged, or in another form.</exception>
    public static (object? Root, TorchStorages Storages) Read(FileReader file)
    {
        if (!IsMagic(PickleReader.Read(file))) throw new FileFormatException(file.Path, 0, "the magic number of a PyTorch file", "another value");
        return ReadAfterMagic(file);
    }

    /// <summary>Reads what follows the magic number.</summary>
    /// <exception cref="FileFormatException">It is cut, damaged, or in another form.</exception>
    public static (object? Root, TorchStorages Storages) ReadAfterMagic(FileReader file)
    {
        object? version = PickleReader.Read(file);
        if (version is not Version)
            throw new FileFormatException(file.Path, file.Position, $"PyTorch's stream version {Version}", PickleText.Describe(version));
        object? machine = PickleReader.Read(file);
        bool bigEndian = PickleConventions.Get(machine, "little_endian") is false;
        object? root = PickleReader.Read(file);
        long keysAt = file.Position;
        object? keys = PickleReader.Read(file);
        if (PickleConventions.AsItems(keys) is not { } items) throw new FileFormatException(file.Path, keysAt, "the keys of the storages", PickleText.Describe(keys));
        Dictionary<string, ElementType> types = StorageTypes(root);
        var storages = new Dictionary<string, TorchStorage>();
        Span<byte> prefix = stackalloc byte[8];
        foreach (object? item in items)
        {
            if (item is not string key) throw new FileFormatException(file.Path, keysAt, "the key of a storage", PickleText.Describe(item));
            string quoted = FileFormatException.Quote(key);
            if (!types.TryGetValue(key, out ElementType type)) throw new FileFormatException(file.Path, keysAt, $"a tensor that uses storage {quoted}", "none");
            long at = file.Position;
            file.Read(prefix, $"the size of storage {quoted}");
            long count = BinaryPrimitives.ReadInt64LittleEndian(prefix);
            if (count < 0 || count > file.Remaining / type.Size())
                throw new FileFormatException(file.Path, at, $"{count} {type} of storage {quoted}", $"{file.Remaining} bytes to the end of the file");
            if (!storages.TryAdd(key, new TorchStorage(file, file.Position, count * type.Size(), bigEndian)))
                throw new FileFormatException(file.Path, at, $"storage {quoted} once", "it twice");
            file.Seek(file.Position + count * type.Size());
        }

        return (root, new TorchStorages(file.Path, key => storages.GetValueOrDefault(key)));
    }

    /// <summary>The element type of every storage that a value refers to: the stream itself does not say how large an element is.</summary>
    private static Dictionary<string, ElementType> StorageTypes(object? root)
    {
        var types = new Dictionary<string, ElementType>();
        foreach (PicklePersistent reference in PickleGraph.References(root))
        {
            if (reference.Id is PickleSequence { Items: ["storage", var named, string key, ..] } && TorchTypes.OfStorage(named) is { } type) types.TryAdd(key, type);
        }

        return types;
    }
}
