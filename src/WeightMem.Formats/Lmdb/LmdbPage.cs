using System.Buffers.Binary;

namespace WeightMem.Formats.Lmdb;

/// <summary>
/// A branch or leaf page: nodes in key order. Every node is checked when the page is read, so that the accessors can trust them.
/// </summary>
internal sealed class LmdbPage
{
    /// <summary>The flags that say of which kind a page is.</summary>
    public const int KindFlags = 0x6F;

    /// <summary>The flag of the first of a value's own pages.</summary>
    public const int OverflowFlag = 4;

    private const int NodeHeader = 8;
    private const int BranchFlag = 1, LeafFlag = 2;
    private const int BigFlag = 1, DatabaseFlag = 2, DuplicatesFlag = 4;

    private readonly byte[] _bytes;
    private readonly long _start;

    private LmdbPage(byte[] bytes, long number, int count, bool leaf) =>
        (_bytes, Number, Count, IsLeaf, _start) = (bytes, number, count, leaf, number * bytes.Length);

    /// <summary>The page's number.</summary>
    public long Number { get; }

    /// <summary>Number of nodes.</summary>
    public int Count { get; }

    /// <summary>Whether its nodes are entries, and not children.</summary>
    public bool IsLeaf { get; }

    /// <summary>Reads a page that must be a branch or must be a leaf.</summary>
    /// <exception cref="FileFormatException">It is another kind of page, or a node lies outside of it.</exception>
    public static LmdbPage Read(FileReader file, LmdbMeta meta, long number, bool leaf)
    {
        var bytes = new byte[meta.PageSize];
        long start = number * meta.PageSize;
        file.Seek(start);
        file.Read(bytes, leaf ? "a leaf page" : "a branch page");
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(10)) & KindFlags;
        if (stored != (ulong)number || flags != (leaf ? LeafFlag : BranchFlag))
        {
            throw new FileFormatException(
                file.Path, start, $"{(leaf ? "leaf" : "branch")} page {number}", $"page {stored} with flags {flags:X}");
        }

        int lower = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(12)), upper = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(14));
        if (lower < LmdbMeta.PageHeader || (lower & 1) != 0 || lower > upper || upper > meta.PageSize)
        {
            throw new FileFormatException(
                file.Path, start + 12, $"node offsets within a page of {meta.PageSize} bytes", $"offsets to {lower}, nodes from {upper}");
        }

        var page = new LmdbPage(bytes, number, (lower - LmdbMeta.PageHeader) / 2, leaf);
        if (page.Count == 0) throw new FileFormatException(file.Path, start + 12, "a page with nodes", "none");
        for (int i = 0; i < page.Count; i++) page.CheckNode(file.Path, i, upper, leaf);
        return page;
    }

    /// <summary>The key of a node; a branch's first node has none.</summary>
    public ReadOnlySpan<byte> Key(int index)
    {
        int at = NodeAt(index);
        return _bytes.AsSpan(at + NodeHeader, Word(at + 6));
    }

    /// <summary>Page number of a branch's child.</summary>
    public ulong Child(int index)
    {
        int at = NodeAt(index);
        return Word(at) | (ulong)Word(at + 2) << 16 | (ulong)Word(at + 4) << 32;
    }

    /// <summary>The entry of a leaf's node, its place checked against the file.</summary>
    /// <exception cref="FileFormatException">The value lies outside of the file, or the key has several values.</exception>
    public LmdbEntry Entry(FileReader file, LmdbMeta meta, int index)
    {
        int at = NodeAt(index), flags = Word(at + 4), value = at + NodeHeader + Word(at + 6);
        byte[] key = Key(index).ToArray();
        if ((flags & DuplicatesFlag) != 0)
            throw new FileFormatException(file.Path, _start + at, "one value for a key", "a key with several values");
        uint length = Length(at);
        bool database = (flags & DatabaseFlag) != 0;
        if ((flags & BigFlag) == 0) return new LmdbEntry(key, length, _start + value, -1, database);

        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(value));
        ulong pages = (length + (ulong)LmdbMeta.PageHeader + (ulong)meta.PageSize - 1) / (ulong)meta.PageSize;
        ulong inFile = (ulong)(file.Length / meta.PageSize);
        if (first < 2 || first > meta.LastPage || first > inFile || pages > inFile - first)
        {
            throw new FileFormatException(
                file.Path, _start + value, $"a value of {length} bytes on pages 2 to {inFile - 1}", $"{pages} pages from {first}");
        }

        return new LmdbEntry(key, length, (long)first * meta.PageSize + LmdbMeta.PageHeader, (long)first, database);
    }

    private int NodeAt(int index) => Word(LmdbMeta.PageHeader + 2 * index);

    private uint Length(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    private ushort Word(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private void CheckNode(string path, int index, int upper, bool leaf)
    {
        int at = NodeAt(index), room = _bytes.Length - at - NodeHeader;
        bool inside = at >= upper && room >= 0;
        if (inside && leaf)
        {
            room -= Word(at + 6);
            inside = room >= ((Word(at + 4) & BigFlag) != 0 ? 8 : Length(at));
        }
        else if (inside)
        {
            inside = room >= Word(at + 6);
        }

        if (!inside)
            throw new FileFormatException(path, _start + LmdbMeta.PageHeader + 2 * index, $"node {index} within its page", $"a node at {at} that is not");
    }
}
