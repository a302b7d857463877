using System.Buffers.Binary;
using System.Text;

namespace WeightMem.Formats.Lmdb;

/// <summary>
/// An LMDB environment open for reading: the main database's entries in key order, and values by key. The file is read page by page where
/// it is asked, never mapped and never as a whole, so files of any length can be read and damaged ones cannot crash the process. No lock
/// is taken: a file that is being written meanwhile may read as damaged. Not safe for several threads at once.
/// </summary>
/// <remarks>
/// Files of 64-bit little-endian machines, data version 1, as liblmdb 0.9 writes them: two meta pages, a B+ tree of branch and leaf pages,
/// and runs of overflow pages for values that do not fit into a leaf.
/// </remarks>
public sealed class LmdbReader : IDisposable
{
    /// <summary>Tree pages kept: look-ups near each other then read only their leaf.</summary>
    private const int KeptPages = 64;

    private const string DataFile = "data.mdb";

    private readonly FileReader _file;
    private readonly LmdbMeta _meta;
    private readonly LmdbPage?[] _kept = new LmdbPage?[KeptPages];

    private LmdbReader(FileReader file)
    {
        _file = file;
        _meta = LmdbMeta.Read(file);
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>Number of entries, as the file says.</summary>
    public long Count => (long)Math.Min(_meta.Entries, long.MaxValue);

    /// <summary>Bytes of the file: all its values together are no longer.</summary>
    public long FileLength => _file.Length;

    /// <summary>Bytes of a page.</summary>
    public int PageSize => _meta.PageSize;

    /// <summary>Levels of the tree, leaves included; 0 when there are no entries.</summary>
    public int Depth => _meta.Depth;

    /// <summary>Opens an environment.</summary>
    /// <param name="path">Its folder, which holds <c>data.mdb</c>, or the data file itself.</param>
    /// <exception cref="FileReadException">The file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">This is no LMDB file, it is cut or damaged, or of a kind that is not read.</exception>
    public static LmdbReader Open(string path)
    {
        string file = Directory.Exists(path) ? System.IO.Path.Combine(path, DataFile) : path;
        return Open(FileReader.OpenStream(file), file);
    }

    /// <summary>Opens an environment in a seekable stream, which is closed with the reader; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static LmdbReader Open(Stream stream, string path)
    {
        var file = new FileReader(stream, path);
        try
        {
            return new LmdbReader(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>All entries in key order; values are not read.</summary>
    /// <exception cref="FileFormatException">
    /// The tree is damaged: pages out of range or visited twice, keys out of order, values outside of the file or on top of each other. What
    /// came before is sound.
    /// </exception>
    public IEnumerable<LmdbEntry> Entries()
    {
        if (_meta.Depth == 0) yield break;

        // An honest tree has every page once, and every byte of the file in one value at most: what goes round in circles ends here.
        ulong pagesLeft = Math.Min(_meta.TreePages, (ulong)(_file.Length / PageSize)), entries = 0;
        long bytesLeft = _file.Length;
        byte[]? last = null;
        var pages = new LmdbPage[_meta.Depth];
        var next = new int[_meta.Depth];
        pages[0] = Page(_meta.Root, 0);
        for (int level = 0; level >= 0;)
        {
            if (next[level] == pages[level].Count)
            {
                level--;
                continue;
            }

            int index = next[level]++;
            if (level < _meta.Depth - 1)
            {
                if (pagesLeft-- == 0) throw Broken("every page of the tree once", "more pages than there are");
                level++;
                pages[level] = Page(pages[level - 1].Child(index), level);
                next[level] = 0;
                continue;
            }

            LmdbEntry entry = pages[level].Entry(_file, _meta, index);
            if (last is not null && last.AsSpan().SequenceCompareTo(entry.Key) >= 0)
                throw Broken("keys in order", $"{FileFormatException.Quote(entry.Name)} after {FileFormatException.Quote(Encoding.UTF8.GetString(last))}");
            if (entry.Length > bytesLeft) throw Broken("values that fit into the file together", "more bytes of values than the file has");
            bytesLeft -= entry.Length;
            last = entry.Key;
            entries++;
            yield return entry;
        }

        if (entries != _meta.Entries) throw Broken($"{_meta.Entries} entries", $"{entries}");
    }

    /// <summary>The entry of a key, or null when there is none.</summary>
    /// <exception cref="FileFormatException">The tree is damaged on the way to the key.</exception>
    public LmdbEntry? Find(ReadOnlySpan<byte> key)
    {
        if (_meta.Depth == 0) return null;
        LmdbPage page = Page(_meta.Root, 0);
        for (int level = 1; level < _meta.Depth; level++)
        {
            // The first child takes everything before the second one's key; its own key is not stored.
            (int low, int high) = (0, page.Count - 1);
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (page.Key(middle).SequenceCompareTo(key) <= 0) low = middle;
                else high = middle - 1;
            }

            page = Page(page.Child(low), level);
        }

        for (int low = 0, high = page.Count - 1; low <= high;)
        {
            int middle = (low + high) / 2, order = page.Key(middle).SequenceCompareTo(key);
            if (order == 0) return page.Entry(_file, _meta, middle);
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return null;
    }

    /// <summary>The entry of a key given as text (UTF-8), or null when there is none.</summary>
    /// <exception cref="FileFormatException">The tree is damaged on the way to the key.</exception>
    public LmdbEntry? Find(string key) => Find(Encoding.UTF8.GetBytes(key));

    /// <summary>Reads a value.</summary>
    /// <exception cref="FileFormatException">It is a named database, longer than an array can be, or its pages are damaged.</exception>
    public byte[] Read(LmdbEntry entry)
    {
        if (entry.Length > Array.MaxLength)
            throw Broken($"a value of at most {Array.MaxLength} bytes at {FileFormatException.Quote(entry.Name)}", $"{entry.Length}");
        CheckValue(entry);
        var value = new byte[entry.Length];
        _file.Read(value, "a value");
        return value;
    }

    /// <summary>Reads a value into a buffer of its length.</summary>
    /// <exception cref="ArgumentException">The buffer is of another length.</exception>
    /// <exception cref="FileFormatException">It is a named database, or its pages are damaged.</exception>
    public void ReadInto(LmdbEntry entry, Span<byte> into)
    {
        if (into.Length != entry.Length) throw new ArgumentException($"a value of {entry.Length} bytes does not fit {into.Length}");
        CheckValue(entry);
        _file.Read(into, "a value");
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Checks that a value is one, and goes to its first byte.</summary>
    private void CheckValue(LmdbEntry entry)
    {
        if (entry.IsDatabase)
            throw Broken($"a value at {FileFormatException.Quote(entry.Name)}", "a named database, which is not read here");
        if (entry.OverflowPage >= 0)
        {
            Span<byte> header = stackalloc byte[LmdbMeta.PageHeader];
            long start = entry.OverflowPage * PageSize;
            _file.Seek(start);
            _file.Read(header, "an overflow page");
            ulong number = BinaryPrimitives.ReadUInt64LittleEndian(header);
            int flags = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]) & LmdbPage.KindFlags;
            long pages = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
            if (number != (ulong)entry.OverflowPage || flags != LmdbPage.OverflowFlag || pages * PageSize < entry.Length + LmdbMeta.PageHeader)
            {
                throw new FileFormatException(
                    Path,
                    start,
                    $"overflow page {entry.OverflowPage} with {entry.Length} bytes",
                    $"page {number} with flags {flags:X} and {pages} pages");
            }
        }

        _file.Seek(entry.Place);
        _file.Need(entry.Length, "a value");
    }

    private LmdbPage Page(ulong number, int level)
    {
        if (number < 2 || number > _meta.LastPage || number >= (ulong)(_file.Length / PageSize))
        {
            throw Broken(
                $"tree pages from 2 to {Math.Min(_meta.LastPage, (ulong)(_file.Length / PageSize) - 1)}", $"page {number}");
        }

        bool leaf = level == _meta.Depth - 1;
        ref LmdbPage? kept = ref _kept[number % KeptPages];
        if (kept is not null && kept.Number == (long)number && kept.IsLeaf == leaf) return kept;
        return kept = LmdbPage.Read(_file, _meta, (long)number, leaf);
    }

    private FileFormatException Broken(string expected, string found) => new(Path, expected, found);
}
