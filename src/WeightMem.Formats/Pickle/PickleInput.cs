using System.Buffers.Binary;
using System.Text;

namespace WeightMem.Formats.Pickle;

/// <summary>The bytes of a pickle, read through a buffer of its own: most opcodes take one byte.</summary>
internal sealed class PickleInput
{
    private const int BufferSize = 1 << 14;

    /// <summary>No number or class name is near this.</summary>
    private const int LongestLine = 1 << 16;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly FileReader _file;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly long _start;
    private int _at, _end;

    public PickleInput(FileReader file) => (_file, _start) = (file, file.Position);

    /// <summary>The file's name for errors.</summary>
    public string Path => _file.Path;

    /// <summary>Where the next byte is in the file.</summary>
    public long Position => _file.Position - (_end - _at);

    /// <summary>Bytes from the pickle's start to the end of the file.</summary>
    public long Length => _file.Length - _start;

    /// <summary>The next byte.</summary>
    public byte ReadByte(string what)
    {
        if (_at == _end) Fill(what);
        return _buffer[_at++];
    }

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Span(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Span(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Span(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Span(8));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(Span(8));

    /// <summary>So many bytes; nothing is allocated unless the file has them.</summary>
    public byte[] ReadBytes(long count, string what)
    {
        long left = _file.Remaining + (_end - _at);
        if (count < 0 || count > left) throw new FileFormatException(Path, Position, $"{count} bytes of {what}", $"{left} to the end of the file");
        if (count > Array.MaxLength) throw new FileFormatException(Path, Position, $"at most {Array.MaxLength} bytes of {what}", $"{count}");
        var bytes = new byte[count];
        int buffered = (int)Math.Min(count, _end - _at);
        _buffer.AsSpan(_at, buffered).CopyTo(bytes);
        _at += buffered;
        if (buffered < count) _file.Read(bytes.AsSpan(buffered), what);
        return bytes;
    }

    /// <summary>A text of so many bytes of UTF-8.</summary>
    public string ReadText(long count)
    {
        long at = Position;
        if (count >= 0 && count <= _end - _at)
        {
            string text = Decode(_buffer.AsSpan(_at, (int)count), at);
            _at += (int)count;
            return text;
        }

        return Decode(ReadBytes(count, "text"), at);
    }

    /// <summary>The bytes to the next line feed, which is not returned: protocol 0 writes numbers and names so.</summary>
    public string ReadLine(string what)
    {
        long at = Position;
        return Decode(ReadLineBytes(what, LongestLine), at);
    }

    /// <summary>As <see cref="ReadLine"/>, of text whose every byte is a character: protocol 0 writes texts so.</summary>
    public string ReadLatin1Line(string what) => Encoding.Latin1.GetString(ReadLineBytes(what, Array.MaxLength));

    /// <summary>Puts the file at the byte after the pickle, if it can be put anywhere.</summary>
    public void Finish()
    {
        if (_at < _end && _file.CanSeek) _file.Seek(Position);
        (_at, _end) = (0, 0);
    }

    private byte[] ReadLineBytes(string what, int longest)
    {
        long at = Position;
        var line = new List<byte>();
        for (byte next = ReadByte(what); next != (byte)'\n'; next = ReadByte(what))
        {
            line.Add(next);
            if (line.Count > longest) throw new FileFormatException(Path, at, $"{what} of at most {longest} bytes", "more");
        }

        return [.. line];
    }

    private string Decode(ReadOnlySpan<byte> bytes, long at)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            // Python writes lone surrogates too (names of files that are no UTF-8): they are read as replacement characters.
            string text = Encoding.UTF8.GetString(bytes);
            return text.Length <= bytes.Length ? text : throw new FileFormatException(Path, at, "text in UTF-8", "other bytes");
        }
    }

    private ReadOnlySpan<byte> Span(int count)
    {
        if (_end - _at < count)
        {
            // Move what is left to the front and fill up behind it.
            int left = _end - _at;
            _buffer.AsSpan(_at, left).CopyTo(_buffer);
            (_at, _end) = (0, left);
            if (_file.Remaining < count - left) throw new FileFormatException(Path, Position, $"{count} bytes of a pickle", $"{left + _file.Remaining} to the end of the file");
            Fill("a pickle");
        }

        ReadOnlySpan<byte> span = _buffer.AsSpan(_at, count);
        _at += count;
        return span;
    }

    private void Fill(string what)
    {
        if (_at == _end) (_at, _end) = (0, 0);
        int count = (int)Math.Min(BufferSize - _end, _file.Remaining);
        if (count == 0) throw new FileFormatException(Path, Position, what, "the end of the file");
        _file.Read(_buffer.AsSpan(_end, count), what);
        _end += count;
    }
}
