using System.Globalization;
using System.IO.Hashing;

namespace WeightMem.Formats;

/// <summary>
/// The checksum by which a damaged result is told from a whole one: XXH3, 64 bits. It is against disks and not against people. Files of others have none and are taken as they are.
/// </summary>
internal static class Checksum
{
    /// <summary>Name of the metadata entry that holds it.</summary>
    public const string Name = "xxh3";

    /// <summary>What stands in its place while it is computed: as long as any.</summary>
    public const string Blank = "0000000000000000";

    /// <summary>The checksum as text, as long as <see cref="Blank"/>.</summary>
    public static string Text(XxHash3 hash) => hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
}

/// <summary>Passes on what is written, and adds it to a checksum.</summary>
internal sealed class ChecksummedStream(Stream below, XxHash3 hash) : Stream
{
    private long _written;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => _written;

    /// <summary>Bytes written so far.</summary>
    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        hash.Append(buffer);
        below.Write(buffer);
        _written += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush() => below.Flush();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
