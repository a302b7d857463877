using System.Text;

namespace WeightMem.Formats.Lmdb;

/// <summary>One entry of an LMDB file: its key, and where its value lies.</summary>
public sealed class LmdbEntry
{
    internal LmdbEntry(byte[] key, long length, long place, long overflowPage, bool isDatabase) =>
        (Key, Length, Place, OverflowPage, IsDatabase) = (key, length, place, overflowPage, isDatabase);

    /// <summary>The key.</summary>
    public byte[] Key { get; }

    /// <summary>Bytes of the value.</summary>
    public long Length { get; }

    /// <summary>Whether the entry is a named database within the file and not a value. Its content is not read here.</summary>
    public bool IsDatabase { get; }

    /// <summary>The key as text (UTF-8, unreadable bytes replaced).</summary>
    public string Name => Encoding.UTF8.GetString(Key);

    /// <summary>Byte of the file where the value starts.</summary>
    internal long Place { get; }

    /// <summary>The first page of the value when it has pages of its own, else -1.</summary>
    internal long OverflowPage { get; }
}
