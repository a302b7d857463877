using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace WeightMem.Formats.Zip;

/// <summary>
/// Writes a zip file whose members are stored as they are, each starting at a multiple of 64 bytes, so that arrays can be mapped in place; zip64 where
/// sizes ask for it. The padding is an extra field, as PyTorch writes it. Equal contents give equal bytes: the time stamps are 1 January 1980.
/// </summary>
/// <param name="stream">A seekable stream at its start. It is left open.</param>
internal sealed class ZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const ushort FirstOfJanuary1980 = 0x21;
    private const ushort Utf8Names = 1 << 11;
    private const ushort Zip64Version = 45;
    private const ushort PaddingId = 0x4246; // "FB"

    private readonly List<ZipMember> _members = [];

    /// <summary>Writes one member.</summary>
    /// <param name="name">Its name, with forward slashes.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="write">Writes exactly so many bytes.</param>
    public void Add(string name, long length, Action<Stream> write)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        if (nameBytes.Length > ushort.MaxValue - Alignment) throw new ArgumentException($"{name[..60]}...: the name is too long for a zip file");
        long at = stream.Position;
        bool large = length >= uint.MaxValue;
        int wide = large ? 20 : 0;
        int unpadded = 30 + nameBytes.Length + wide + 4;
        int padding = (int)((Alignment - (at + unpadded) % Alignment) % Alignment);
        var header = new byte[unpadded + padding];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034B50);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), large ? Zip64Version : (ushort)20);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), Utf8Names);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(12), FirstOfJanuary1980);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(18), large ? uint.MaxValue : (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(22), large ? uint.MaxValue : (uint)length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), (ushort)nameBytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)(wide + 4 + padding));
        nameBytes.CopyTo(header, 30);
        Span<byte> extra = header.AsSpan(30 + nameBytes.Length);
        if (large) WriteWide(extra, length, length);
        BinaryPrimitives.WriteUInt16LittleEndian(extra[wide..], PaddingId);
        BinaryPrimitives.WriteUInt16LittleEndian(extra[(wide + 2)..], (ushort)padding);
        stream.Write(header);

        var summed = new SummedStream(stream);
        write(summed);
        if (summed.Written != length) throw new InvalidOperationException($"member {name} wrote {summed.Written} bytes, not {length}");
        long end = stream.Position;
        stream.Position = at + 14;
        Span<byte> sum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(sum, summed.Sum);
        stream.Write(sum);
        stream.Position = end;
        _members.Add(new ZipMember(name, false, length, length, summed.Sum, at));
    }

    /// <summary>Writes the directory; nothing can be added after it.</summary>
    public void Finish()
    {
        long start = stream.Position;
        foreach (ZipMember member in _members) WriteEntry(member);
        long end = stream.Position, size = end - start;
        if (start >= uint.MaxValue || size >= uint.MaxValue || _members.Count >= ushort.MaxValue) WriteEnd64(start, size);
        var record = new byte[22];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 0x06054B50);
        ushort count = (ushort)Math.Min(_members.Count, ushort.MaxValue);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(8), count);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(10), count);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), (uint)Math.Min(size, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(16), (uint)Math.Min(start, uint.MaxValue));
        stream.Write(record);
    }

    private static void WriteWide(Span<byte> extra, params ReadOnlySpan<long> values)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(extra, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], (ushort)(8 * values.Length));
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(extra[(4 + 8 * i)..], values[i]);
    }

    private void WriteEntry(ZipMember member)
    {
        byte[] name = Encoding.UTF8.GetBytes(member.Name);
        bool large = member.Length >= uint.MaxValue, far = member.Header >= uint.MaxValue;
        int wide = (large, far) switch { (true, true) => 28, (true, false) => 20, (false, true) => 12, _ => 0 };
        var entry = new byte[46 + name.Length + wide];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, 0x02014B50);
        ushort version = large || far ? Zip64Version : (ushort)20;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(4), version);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), version);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(8), Utf8Names);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(14), FirstOfJanuary1980);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(16), member.Crc32);
        uint length = large ? uint.MaxValue : (uint)member.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(20), length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(24), length);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(28), (ushort)name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(30), (ushort)wide);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(42), far ? uint.MaxValue : (uint)member.Header);
        name.CopyTo(entry, 46);
        Span<byte> extra = entry.AsSpan(46 + name.Length);
        if (large && far) WriteWide(extra, member.Length, member.Length, member.Header);
        else if (large) WriteWide(extra, member.Length, member.Length);
        else if (far) WriteWide(extra, member.Header);
        stream.Write(entry);
    }

    private void WriteEnd64(long start, long size)
    {
        long at = stream.Position;
        var record = new byte[56 + 20];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 0x06064B50);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(4), 56 - 12);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(12), Zip64Version);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(14), Zip64Version);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(24), _members.Count);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(32), _members.Count);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(40), size);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(48), start);
        Span<byte> locator = record.AsSpan(56);
        BinaryPrimitives.WriteUInt32LittleEndian(locator, 0x07064B50);
        BinaryPrimitives.WriteInt64LittleEndian(locator[8..], at);
        BinaryPrimitives.WriteUInt32LittleEndian(locator[16..], 1);
        stream.Write(record);
    }

    /// <summary>Passes bytes on, and counts and sums them.</summary>
    private sealed class SummedStream(Stream below) : Stream
    {
        private readonly Crc32 _crc = new();

        public long Written { get; private set; }

        public uint Sum => _crc.GetCurrentHashAsUInt32();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written;

        public override long Position
        {
            get => Written;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            below.Write(buffer);
            _crc.Append(buffer);
            Written += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
