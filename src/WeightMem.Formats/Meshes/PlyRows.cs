using System.Buffers.Binary;

namespace WeightMem.Formats.Meshes;

/// <summary>The rows of a PLY file's body, number by number.</summary>
internal abstract class PlyRows
{
    /// <summary>Goes to the next row.</summary>
    public abstract void Start(PlyElement element, long row);

    /// <summary>Ends a row, of which nothing may be left.</summary>
    public abstract void End();

    /// <summary>Reads a number, which every type's fits.</summary>
    public abstract double Number(PlyType type);

    /// <summary>Passes over numbers.</summary>
    public abstract void Skip(PlyType type, long count);

    /// <summary>Checks that nothing follows the last row.</summary>
    public abstract void EndFile();

    /// <summary>An error at the number last read.</summary>
    public abstract FileFormatException Error(string expected, string found);

    /// <summary>Reads a list's length, 0 or more.</summary>
    public long Length(PlyType type)
    {
        double length = Number(type);
        return length >= 0 ? (long)length : throw Error("a list's length of 0 or more", $"{length}");
    }
}

/// <summary>Rows as lines of text.</summary>
internal sealed class PlyTextRows(TextLines lines) : PlyRows
{
    private byte[] _line = [];
    private int _length;
    private int _at;

    public override void Start(PlyElement element, long row)
    {
        do
        {
            if (!lines.Next(out ReadOnlySpan<byte> line))
                throw lines.Error($"row {row} of {element.Count} of element {FileFormatException.Quote(element.Name)}", "the end of the file");
            if (_line.Length < line.Length) _line = new byte[Math.Max(line.Length, 2 * _line.Length)];
            line.CopyTo(_line);
            _length = line.Length;
            _at = 0;
        }
        while (_line.AsSpan(0, _length).Trim(" \t\r\v\f"u8).IsEmpty);
    }

    public override void End()
    {
        if (TryWord(out ReadOnlySpan<byte> word)) throw Error("the end of the line", TextLines.Quote(word));
    }

    public override double Number(PlyType type)
    {
        ReadOnlySpan<byte> word = Word();
        if (!MeshText.TryFinite(word, out double value)) throw Error("a finite number", TextLines.Quote(word));
        (double least, double most) = Range(type);
        if (value < least || value > most || type < PlyType.Float32 && value != Math.Floor(value))
            throw Error($"a number of type {type}", TextLines.Quote(word));
        return value;
    }

    public override void Skip(PlyType type, long count)
    {
        for (long i = 0; i < count; i++) Word();
    }

    public override void EndFile()
    {
        while (lines.Next(out ReadOnlySpan<byte> line))
        {
            if (!line.Trim(" \t\r\v\f"u8).IsEmpty) throw Error("the end of the file", TextLines.Quote(line));
        }
    }

    public override FileFormatException Error(string expected, string found) => lines.Error(expected, found);

    private static (double Least, double Most) Range(PlyType type) => type switch
    {
        PlyType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        PlyType.UInt8 => (0, byte.MaxValue),
        PlyType.Int16 => (short.MinValue, short.MaxValue),
        PlyType.UInt16 => (0, ushort.MaxValue),
        PlyType.Int32 => (int.MinValue, int.MaxValue),
        PlyType.UInt32 => (0, uint.MaxValue),
        _ => (double.MinValue, double.MaxValue),
    };

    private ReadOnlySpan<byte> Word() => TryWord(out ReadOnlySpan<byte> word) ? word : throw Error("more numbers", "the end of the line");

    private bool TryWord(out ReadOnlySpan<byte> word)
    {
        var words = new TextWords(_line.AsSpan(_at, _length - _at));
        bool found = words.Next(out word);
        _at = _length - words.RestLength;
        return found;
    }
}

/// <summary>Rows as numbers of fixed size in either byte order.</summary>
internal sealed class PlyBinaryRows(FileReader file, bool bigEndian) : PlyRows
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private int _lastSize;

    private long Position => file.Position - (_end - _start);

    public override void Start(PlyElement element, long row)
    {
    }

    public override void End()
    {
    }

    public override double Number(PlyType type)
    {
        _lastSize = PlyHeader.Size(type);
        if (_end - _start < _lastSize) Fill(_lastSize);
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _lastSize);
        _start += _lastSize;
        return type switch
        {
            PlyType.Int8 => (sbyte)bytes[0],
            PlyType.UInt8 => bytes[0],
            PlyType.Int16 => bigEndian ? BinaryPrimitives.ReadInt16BigEndian(bytes) : BinaryPrimitives.ReadInt16LittleEndian(bytes),
            PlyType.UInt16 => bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            PlyType.Int32 => bigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes),
            PlyType.UInt32 => bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            PlyType.Float32 => bigEndian ? BinaryPrimitives.ReadSingleBigEndian(bytes) : BinaryPrimitives.ReadSingleLittleEndian(bytes),
            _ => bigEndian ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    public override void Skip(PlyType type, long count)
    {
        // At most 2^32 numbers of 8 bytes: no overflow.
        long bytes = count * PlyHeader.Size(type);
        if (bytes <= _end - _start)
        {
            _start += (int)bytes;
            return;
        }

        bytes -= _end - _start;
        _start = _end;
        file.Need(bytes, "a property that is passed over");
        file.Seek(file.Position + bytes);
    }

    public override void EndFile()
    {
        long left = file.Length - Position;
        if (left > 0) throw new FileFormatException(file.Path, Position, "the end of the file after the last element", $"{left} more bytes");
    }

    public override FileFormatException Error(string expected, string found) => new(file.Path, Position - _lastSize, expected, found);

    private void Fill(int need)
    {
        if (file.Length - Position < need)
            throw new FileFormatException(file.Path, Position, $"{need} bytes of a number", $"{file.Length - Position} to the end of the file");
        int kept = _end - _start;
        _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        int wanted = (int)Math.Min(_buffer.Length - kept, file.Remaining);
        file.Read(_buffer.AsSpan(kept, wanted), "the body");
        (_start, _end) = (0, kept + wanted);
    }
}
