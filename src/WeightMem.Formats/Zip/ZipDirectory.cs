using System.Buffers.Binary;
using System.Text;

namespace WeightMem.Formats.Zip;

/// <summary>Reads the central directory at the end of a zip file.</summary>
internal static class ZipDirectory
{
    private const int EndSize = 22;
    private const int EntrySize = 46;
    private const int LongestComment = ushort.MaxValue;

    /// <summary>The members that the directory lists, without folders.</summary>
    /// <exception cref="FileFormatException">There is no directory, it is cut or damaged, or it lists members that cannot be read.</exception>
    public static IReadOnlyList<ZipMember> Read(FileReader file)
    {
        (long start, long size, long count) = Find(file);

        // An entry takes 46 bytes at least, so the count and everything made from it is bounded by the file.
        if (size > file.Length - start || count > size / EntrySize)
            throw new FileFormatException(file.Path, start, $"a directory of {count} members in {size} bytes", $"{file.Length - start} to the end of the file");
        if (size > Array.MaxLength) throw new FileFormatException(file.Path, start, $"a directory of at most {Array.MaxLength} bytes", $"{size}");
        file.Seek(start);
        var directory = new byte[size];
        file.Read(directory, "the zip directory");
        var members = new List<ZipMember>();
        int at = 0;
        for (long i = 0; i < count; i++) at += ReadEntry(file, directory.AsSpan(at), start + at, members);
        return members;
    }

    private static (long Start, long Size, long Count) Find(FileReader file)
    {
        // The end record is the last thing in the file but for a comment of unknown length: search backwards for one whose comment fits.
        int span = (int)Math.Min(file.Length, EndSize + LongestComment);
        long from = file.Length - span;
        file.Seek(from);
        var tail = new byte[span];
        file.Read(tail, "the end of a zip file");
        for (int at = span - EndSize; at >= 0; at--)
        {
            ReadOnlySpan<byte> end = tail.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != 0x06054B50 || BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) != end.Length - EndSize) continue;
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]), start = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
            ushort count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) is not (0 or ushort.MaxValue))
                throw new FileFormatException(file.Path, from + at + 4, "a zip file in one part", "one of several");
            bool large = size == uint.MaxValue || start == uint.MaxValue || count == ushort.MaxValue;
            (long Start, long Size, long Count) found = large ? Find64(file, from + at) : (start, size, count);
            if (found.Start < 0 || found.Size < 0 || found.Count < 0 || found.Start > from + at)
                throw new FileFormatException(file.Path, from + at, $"a directory before byte {from + at}", $"{found.Size} bytes at {found.Start}");
            return found;
        }

        throw new FileFormatException(file.Path, "the directory at the end of a zip file", file.Length == 0 ? "an empty file" : "none: the file is cut, or no zip file");
    }

    private static (long Start, long Size, long Count) Find64(FileReader file, long end)
    {
        Span<byte> locator = stackalloc byte[20], record = stackalloc byte[56];
        if (end < locator.Length) throw new FileFormatException(file.Path, end, "a zip64 locator before the end record", "the start of the file");
        file.Seek(end - locator.Length);
        file.Read(locator, "the zip64 locator");
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != 0x07064B50)
            throw new FileFormatException(file.Path, end - locator.Length, "a zip64 locator (50 4B 06 07)", FileFormatException.Quote(locator[..4]));
        long at = BinaryPrimitives.ReadInt64LittleEndian(locator[8..]);
        if (at < 0 || at > file.Length - record.Length)
            throw new FileFormatException(file.Path, end - 12, "the place of the zip64 end record", $"{at} in a file of {file.Length} bytes");
        file.Seek(at);
        file.Read(record, "the zip64 end record");
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != 0x06064B50)
            throw new FileFormatException(file.Path, at, "a zip64 end record (50 4B 06 06)", FileFormatException.Quote(record[..4]));
        return (
            BinaryPrimitives.ReadInt64LittleEndian(record[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[32..]));
    }

    private static int ReadEntry(FileReader file, ReadOnlySpan<byte> entry, long offset, List<ZipMember> members)
    {
        if (entry.Length < EntrySize || BinaryPrimitives.ReadUInt32LittleEndian(entry) != 0x02014B50)
        {
            throw new FileFormatException(
                file.Path, offset, "an entry of the zip directory (50 4B 01 02)", FileFormatException.Quote(entry[..Math.Min(4, entry.Length)]));
        }

        int flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]), method = BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]);
        int nameSize = BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]), extraSize = BinaryPrimitives.ReadUInt16LittleEndian(entry[30..]);
        int size = EntrySize + nameSize + extraSize + BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        if (size > entry.Length) throw new FileFormatException(file.Path, offset, $"an entry of {size} bytes", $"{entry.Length} to the end of the directory");
        string name = Encoding.UTF8.GetString(entry.Slice(EntrySize, nameSize));
        if ((flags & 1) != 0) throw new FileFormatException(file.Path, offset, "members that are not encrypted", FileFormatException.Quote(name));
        if (method is not (0 or 8))
            throw new FileFormatException(file.Path, offset, $"{FileFormatException.Quote(name)} stored or deflated", $"compression method {method}");
        long compressed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]), length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        Widen(entry.Slice(EntrySize + nameSize, extraSize), ref length, ref compressed, ref header);
        if (length < 0 || compressed < 0 || header < 0 || header > file.Length || compressed > file.Length)
        {
            throw new FileFormatException(
                file.Path, offset, $"{FileFormatException.Quote(name)} within the file of {file.Length} bytes", $"{compressed} bytes at {header}");
        }

        if (!name.EndsWith('/') || length != 0)
            members.Add(new ZipMember(name, method == 8, compressed, length, BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]), header));
        return size;
    }

    /// <summary>Takes 64-bit sizes from the extra field for those that do not fit 32 bits.</summary>
    private static void Widen(ReadOnlySpan<byte> extra, ref long length, ref long compressed, ref long header)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra), size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            extra = extra[4..];
            if (size > extra.Length) return;
            if (id == 1)
            {
                ReadOnlySpan<byte> wide = extra[..size];
                Take(ref wide, ref length);
                Take(ref wide, ref compressed);
                Take(ref wide, ref header);
                return;
            }

            extra = extra[size..];
        }
    }

    private static void Take(ref ReadOnlySpan<byte> wide, ref long value)
    {
        if (value != uint.MaxValue || wide.Length < 8) return;
        value = BinaryPrimitives.ReadInt64LittleEndian(wide);
        wide = wide[8..];
    }
}
