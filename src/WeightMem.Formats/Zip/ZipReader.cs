using System.Buffers.Binary;
using System.IO.Compression;

namespace WeightMem.Formats.Zip;

/// <summary>
/// A zip file open for reading: stored and deflated members, zip64. The directory is checked before any member is read: names are unique and stay
/// inside the archive, members lie within the file and do not overlap (so one deflated stream cannot serve many names), nothing is encrypted, and all members
/// together stay below <see cref="Inflation.Limit"/>. Layout: PKWARE's APPNOTE, sections 4.3 to 4.5. Not safe for several threads at once.
/// </summary>
internal sealed class ZipReader : IDisposable
{
    private const int LocalHeaderSize = 30;

    private readonly FileReader _file;
    private readonly Dictionary<string, ZipMember> _byName = [];

    /// <summary>Opens a seekable stream, which is closed with the reader; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">This is no zip file, or it is cut or damaged.</exception>
    public ZipReader(Stream stream, string path)
    {
        _file = new FileReader(stream, path);
        Members = ZipDirectory.Read(_file);
        Check();
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>All members in the order of the directory, folders left out.</summary>
    public IReadOnlyList<ZipMember> Members { get; }

    /// <summary>The whole file, for stored members that are read out of order.</summary>
    public FileReader File => _file;

    /// <summary>The member of a name, or null.</summary>
    public ZipMember? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>How errors name a member.</summary>
    public string PathOf(ZipMember member) => $"{Path}({FileFormatException.Clean(member.Name)})";

    /// <summary>Where a stored member's bytes start in the file.</summary>
    /// <exception cref="FileFormatException">Its local header is damaged.</exception>
    public long DataStart(ZipMember member)
    {
        _file.Seek(member.Header);
        Span<byte> header = stackalloc byte[LocalHeaderSize];
        _file.Read(header, $"the header of {FileFormatException.Quote(member.Name)}");
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != 0x04034B50)
            throw new FileFormatException(Path, member.Header, "a member's header (50 4B 03 04)", FileFormatException.Quote(header[..4]));
        long start = _file.Position + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        if (member.CompressedLength > _file.Length - start)
        {
            throw new FileFormatException(
                Path, start, $"{member.CompressedLength} bytes of {FileFormatException.Quote(member.Name)}", $"{Math.Max(0, _file.Length - start)} to the end");
        }

        return start;
    }

    /// <summary>
    /// Opens a member. Its bytes can be read once, from front to back, and the checksum is compared after the last of them if asked for. The reader of one
    /// member must be done with before another is opened.
    /// </summary>
    /// <exception cref="FileFormatException">Its local header is damaged.</exception>
    public FileReader Open(ZipMember member, bool verify)
    {
        long start = DataStart(member);
        _file.Seek(start);
        Stream content = new FileSection(_file, member.CompressedLength);
        if (member.Deflated) content = new DeflateStream(content, CompressionMode.Decompress);
        string path = PathOf(member);
        if (verify) content = new ChecksumStream(content, member, path);
        return new FileReader(content, path, member.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Check()
    {
        long total = 0;
        foreach (ZipMember member in Members)
        {
            string quoted = FileFormatException.Quote(member.Name);
            if (!_byName.TryAdd(member.Name, member)) throw new FileFormatException(Path, $"member {quoted} once", "it twice");
            if (member.Name.StartsWith('/') || member.Name.Contains('\\', StringComparison.Ordinal) || member.Name.Split('/').Contains("..") || member.Name.Contains('\0', StringComparison.Ordinal))
                throw new FileFormatException(Path, "member names within the archive", quoted);
            if (!member.Deflated && member.Length != member.CompressedLength)
                throw new FileFormatException(Path, $"as many stored bytes of {quoted} as it has, {member.Length}", $"{member.CompressedLength}");
            total = member.Length > long.MaxValue - total ? long.MaxValue : total + member.Length;
        }

        if (total > Inflation.Limit(_file.Length))
            throw new FileFormatException(Path, $"members of at most {Inflation.Limit(_file.Length)} bytes together in a file of {_file.Length}", $"{total}");
        long end = 0;
        foreach (ZipMember member in Members.OrderBy(m => m.Header))
        {
            if (member.Header < end) throw new FileFormatException(Path, member.Header, "members that do not overlap", FileFormatException.Quote(member.Name));
            end = member.Header + LocalHeaderSize + member.CompressedLength;
            if (end > _file.Length) throw new FileFormatException(Path, member.Header, $"{FileFormatException.Quote(member.Name)} within the file", "its end after it");
        }
    }
}
