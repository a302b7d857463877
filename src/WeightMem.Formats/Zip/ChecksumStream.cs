using System.IO.Hashing;

namespace WeightMem.Formats.Zip;

/// <summary>A member's bytes; after the last of them their checksum is compared with the directory's.</summary>
internal sealed class ChecksumStream(Stream below, ZipMember member, string path) : ForwardStream
{
    private readonly Crc32 _crc = new();
    private long _left = member.Length;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int got = below.Read(buffer);
        _crc.Append(buffer[..got]);
        _left -= got;
        if (_left <= 0 && got > 0 && _crc.GetCurrentHashAsUInt32() != member.Crc32)
            throw new FileFormatException(path, $"data with the checksum {member.Crc32:x8}", $"{_crc.GetCurrentHashAsUInt32():x8}: the data are damaged");
        return got;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) below.Dispose();
        base.Dispose(disposing);
    }
}
