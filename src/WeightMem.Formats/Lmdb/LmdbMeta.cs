using System.Buffers.Binary;

namespace WeightMem.Formats.Lmdb;

/// <summary>What the newer of the two meta pages says of an LMDB environment.</summary>
/// <param name="PageSize">Bytes of a page.</param>
/// <param name="Transaction">Number of the last transaction that was committed.</param>
/// <param name="Entries">Entries of the main database.</param>
/// <param name="Depth">Levels of its tree, leaves included; 0 when it is empty.</param>
/// <param name="Root">Page number of the tree's root, when it has one.</param>
/// <param name="TreePages">Branch and leaf pages of the tree.</param>
/// <param name="LastPage">The last page in use.</param>
internal sealed record LmdbMeta(int PageSize, ulong Transaction, ulong Entries, int Depth, ulong Root, ulong TreePages, ulong LastPage)
{
    /// <summary>Bytes before the content of a page.</summary>
    public const int PageHeader = 16;

    /// <summary>The flag of a meta page.</summary>
    private const int MetaFlag = 8;

    private const uint Magic = 0xBEEFC0DE;
    private const int Version = 1;

    /// <summary>The page's header, the magic to the map size, two records of a database, the last page and the transaction.</summary>
    private const int Size = PageHeader + 24 + 2 * 48 + 16;

    private const int MainRecord = PageHeader + 24 + 48;
    private const int DeepestTree = 32; // the library's own limit

    private const int SmallestPage = 256, LargestPage = 1 << 15;

    /// <summary>
    /// Reads both meta pages and gives the one with the larger transaction number. A damaged meta page is refused even if the other is sound:
    /// the sound one may be the older, and then its tree is not the file's content any more.
    /// </summary>
    /// <exception cref="FileFormatException">This is no LMDB file, it is cut, or of a kind that is not read.</exception>
    public static LmdbMeta Read(FileReader file)
    {
        Span<byte> page = stackalloc byte[Size];
        file.Seek(0);
        file.Read(page[..(PageHeader + 4)], "the first page of an LMDB file");
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[PageHeader..]) != Magic)
        {
            throw new FileFormatException(
                file.Path, PageHeader, "an LMDB file (DE C0 EF BE)", FileFormatException.Quote(page.Slice(PageHeader, 4)));
        }

        LmdbMeta first = ReadOne(file, 0, page);
        LmdbMeta second = ReadOne(file, first.PageSize, page);
        if (second.PageSize != first.PageSize)
        {
            throw new FileFormatException(
                file.Path, first.PageSize + 40, $"pages of {first.PageSize} bytes, as in the first meta page", $"{second.PageSize}");
        }

        return second.Transaction > first.Transaction ? second : first;
    }

    private static LmdbMeta ReadOne(FileReader file, long at, Span<byte> page)
    {
        file.Seek(at);
        file.Read(page, "a meta page");
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(page[10..]);
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(page[PageHeader..]);
        if ((flags & MetaFlag) == 0 || magic != Magic)
            throw new FileFormatException(file.Path, at, $"a meta page (flag {MetaFlag}, magic {Magic:X})", $"flags {flags:X}, magic {magic:X}");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(page[20..]);
        if (version != Version) throw new FileFormatException(file.Path, at + 20, $"LMDB data version {Version}", $"{version}");

        // The record of the free pages has the page size where the other has padding.
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(page[40..]);
        if (size is < SmallestPage or > LargestPage || (size & (size - 1)) != 0)
            throw new FileFormatException(file.Path, at + 40, $"a page size, a power of two from {SmallestPage} to {LargestPage}", $"{size}");

        ReadOnlySpan<byte> main = page.Slice(MainRecord, 48);
        int kind = BinaryPrimitives.ReadUInt16LittleEndian(main[4..]) & 0x7FFF;
        if (kind != 0)
        {
            throw new FileFormatException(
                file.Path, at + MainRecord + 4, "a main database of plain keys and values", $"flags {kind:X} ({Kinds(kind)})");
        }

        int depth = BinaryPrimitives.ReadUInt16LittleEndian(main[6..]);
        ulong branches = BinaryPrimitives.ReadUInt64LittleEndian(main[8..]), leaves = BinaryPrimitives.ReadUInt64LittleEndian(main[16..]);
        ulong entries = BinaryPrimitives.ReadUInt64LittleEndian(main[32..]), root = BinaryPrimitives.ReadUInt64LittleEndian(main[40..]);
        ulong last = BinaryPrimitives.ReadUInt64LittleEndian(page[(MainRecord + 48)..]);
        ulong transaction = BinaryPrimitives.ReadUInt64LittleEndian(page[(MainRecord + 56)..]);
        bool empty = root == ulong.MaxValue;
        if (depth > DeepestTree || empty != (depth == 0) || (empty && entries != 0))
        {
            throw new FileFormatException(
                file.Path,
                at + MainRecord,
                $"a tree of at most {DeepestTree} levels, or none",
                $"{depth} levels, {(empty ? "no root" : $"root {root}")}, {entries} entries");
        }

        // Counts that no file can hold must not wrap around; the walk of the tree compares them with the file.
        ulong pages = branches > ulong.MaxValue - leaves ? ulong.MaxValue : branches + leaves;
        return new LmdbMeta((int)size, transaction, entries, depth, root, pages, last);
    }

    private static string Kinds(int flags)
    {
        var kinds = new List<string>();
        if ((flags & 0x02) != 0) kinds.Add("keys compared from their ends");
        if ((flags & 0x04) != 0) kinds.Add("several values for a key");
        if ((flags & 0x08) != 0) kinds.Add("keys that are integers");
        return kinds.Count == 0 ? "unknown" : string.Join(", ", kinds);
    }
}
