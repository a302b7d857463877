namespace WeightMem.Formats;

/// <summary>
/// Reads a text file line by line in bounded memory. A line ends in LF, or CR LF; in a file whose first line ends in a lone CR, in CR. The
/// last line may lack its end. A byte order mark of UTF-8 is passed over.
/// </summary>
internal sealed class TextLines
{
    /// <summary>The longest line in bytes. A polygon of a hundred thousand corners fits.</summary>
    public const int LongestLine = 1 << 20;

    private readonly FileReader _file;
    private byte[] _buffer = new byte[1 << 14];
    private int _start;
    private int _end;
    private long _bufferOffset;
    private byte? _lineEnd;

    /// <summary>Reads the lines of a file from its start.</summary>
    public TextLines(FileReader file)
    {
        _file = file;
        while (_end < 3 && Fill())
        {
        }

        if (_buffer.AsSpan(0, _end).StartsWith(ByteOrderMark)) _start = 3;
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>Number of the line last read, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Where in the file the line last read starts.</summary>
    public long LineOffset { get; private set; }

    /// <summary>Where in the file the next line starts.</summary>
    public long Position => _bufferOffset + _start;

    /// <summary>Bytes from the next line's start to the file's end.</summary>
    public long Remaining => _file.Length - Position;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads the next line, without its end; it is valid until the next call.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="FileFormatException">The line is longer than <see cref="LongestLine"/>.</exception>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        LineOffset = Position;
        Number++;
        int searched = 0;
        while (true)
        {
            int length = EndOfLine(searched);
            if (length >= 0)
            {
                line = _buffer.AsSpan(_start, length);
                _start += length + 1;
                if (_lineEnd == '\n' && line is [.., (byte)'\r']) line = line[..^1];
                break;
            }

            searched = Math.Max(0, _end - _start - 1);
            if (_end - _start > LongestLine) throw Error($"at most {LongestLine} bytes", "a longer line");
            if (Fill()) continue;
            line = _buffer.AsSpan(_start, _end - _start);
            _start = _end;
            if (line.IsEmpty) return false;
            break;
        }

        if (line.Length > LongestLine) throw Error($"at most {LongestLine} bytes", "a longer line");
        return true;
    }

    /// <summary>An error in the line last read.</summary>
    public FileFormatException Error(string expected, string found) => new(Path, LineOffset, $"{expected} in line {Number}", found);

    /// <summary>Bytes of the file made fit for an error message.</summary>
    public static string Quote(ReadOnlySpan<byte> text) =>
        FileFormatException.Quote(System.Text.Encoding.Latin1.GetString(text[..Math.Min(text.Length, 100)]));

    /// <summary>Where the line in the buffer ends, or -1. The first bytes have been searched before.</summary>
    private int EndOfLine(int searched)
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(_start, _end - _start);
        if (_lineEnd is null)
        {
            int first = text[searched..].IndexOfAny((byte)'\n', (byte)'\r');
            if (first < 0) return -1;
            first += searched;

            // A CR is an end of its own only when the next byte, which may not be here yet, is no LF.
            if (text[first] == '\r' && first + 1 == text.Length && _file.Remaining > 0) return -1;
            _lineEnd = text[first] == '\r' && first + 1 < text.Length && text[first + 1] != '\n' ? (byte)'\r' : (byte)'\n';
        }

        int end = text[searched..].IndexOf(_lineEnd.Value);
        return end < 0 ? -1 : end + searched;
    }

    /// <summary>Gets more bytes behind those in the buffer; false at the end of the file.</summary>
    private bool Fill()
    {
        if (_file.Remaining == 0) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _bufferOffset += _start;
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        int wanted = (int)Math.Min(_buffer.Length - _end, _file.Remaining);
        _file.Read(_buffer.AsSpan(_end, wanted), "text");
        _end += wanted;
        return true;
    }
}

/// <summary>Words of a line: runs of bytes without blanks.</summary>
internal ref struct TextWords(ReadOnlySpan<byte> line)
{
    private ReadOnlySpan<byte> _rest = line;

    /// <summary>Bytes of the line behind the word last read.</summary>
    public readonly int RestLength => _rest.Length;

    /// <summary>The next word.</summary>
    /// <returns>False at the end of the line.</returns>
    public bool Next(out ReadOnlySpan<byte> word)
    {
        int start = 0;
        while (start < _rest.Length && IsBlank(_rest[start])) start++;
        int end = start;
        while (end < _rest.Length && !IsBlank(_rest[end])) end++;
        word = _rest[start..end];
        _rest = _rest[end..];
        return !word.IsEmpty;
    }

    private static bool IsBlank(byte b) => b is (byte)' ' or >= 9 and <= 13;
}
