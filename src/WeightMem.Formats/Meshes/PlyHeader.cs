using System.Globalization;

namespace WeightMem.Formats.Meshes;

/// <summary>The number types of PLY files.</summary>
internal enum PlyType
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Float32,
    Float64,
}

/// <summary>How the body of a PLY file is written.</summary>
internal enum PlyEncoding
{
    Ascii,
    BinaryLittleEndian,
    BinaryBigEndian,
}

/// <summary>A property: one number, or a list when it has a type for the list's length.</summary>
internal sealed record PlyProperty(string Name, PlyType Type, PlyType? LengthType);

/// <summary>An element: so many rows of the same properties.</summary>
internal sealed record PlyElement(string Name, long Count)
{
    public List<PlyProperty> Properties { get; } = [];

    /// <summary>The fewest bytes of a row; text takes a digit and a separator for each number.</summary>
    public int LeastRowBytes(PlyEncoding encoding) =>
        Properties.Sum(p => encoding == PlyEncoding.Ascii ? 2 : PlyHeader.Size(p.LengthType ?? p.Type));
}

/// <summary>The header of a PLY file: always text, whatever the body is.</summary>
internal sealed record PlyHeader(PlyEncoding Encoding, List<PlyElement> Elements)
{
    /// <summary>No honest file is near this: point clouds of Gaussian splats have 62 properties.</summary>
    private const int MostProperties = 1000;

    /// <summary>Bytes of a number.</summary>
    public static int Size(PlyType type) => type switch
    {
        PlyType.Int8 or PlyType.UInt8 => 1,
        PlyType.Int16 or PlyType.UInt16 => 2,
        PlyType.Float64 => 8,
        _ => 4,
    };

    /// <summary>Reads the header to the line after it; the rows that it promises are checked against the bytes left.</summary>
    public static PlyHeader Read(TextLines lines)
    {
        if (!Words(lines, out string[] words) || words is not ["ply"])
            throw lines.Error("'ply'", words.Length == 0 ? "no such word" : FileFormatException.Quote(words[0]));
        PlyEncoding? encoding = null;
        var elements = new List<PlyElement>();
        int properties = 0;
        while (true)
        {
            if (!Words(lines, out words)) throw lines.Error("'end_header'", "the end of the file");
            switch (words)
            {
                case [] or ["comment", ..] or ["obj_info", ..]:
                    break;
                case ["format", var name, "1.0"] when encoding is null && Encodings(name) is { } one:
                    encoding = one;
                    break;
                case ["element", var name, var text] when Count(text) is { } count && elements.All(e => e.Name != name):
                    elements.Add(new PlyElement(name, count));
                    break;
                case ["property", "list", var lengthName, var typeName, var name]
                    when elements.Count > 0 && Type(lengthName) is { } length && length < PlyType.Float32 && Type(typeName) is { } type:
                    Add(new PlyProperty(name, type, length));
                    break;
                case ["property", var typeName, var name] when elements.Count > 0 && Type(typeName) is { } type:
                    Add(new PlyProperty(name, type, null));
                    break;
                case ["end_header"]:
                    var header = new PlyHeader(encoding ?? throw lines.Error("a line 'format ...' before", "none"), elements);
                    header.CheckLength(lines);
                    return header;
                default:
                    throw lines.Error("a PLY header line", FileFormatException.Quote(string.Join(' ', words)));
            }

            if (elements.Count + properties > MostProperties) throw lines.Error($"at most {MostProperties} elements and properties", "more");
        }

        void Add(PlyProperty property)
        {
            List<PlyProperty> of = elements[^1].Properties;
            if (of.Any(p => p.Name == property.Name)) throw lines.Error("a property of a new name", FileFormatException.Quote(property.Name));
            of.Add(property);
            properties++;
        }
    }

    private void CheckLength(TextLines lines)
    {
        // The last line of text may lack its end.
        long left = lines.Remaining + (Encoding == PlyEncoding.Ascii ? 1 : 0);
        foreach (PlyElement element in Elements)
        {
            int row = element.LeastRowBytes(Encoding);
            if (row == 0 && element.Count > 0)
                throw lines.Error($"properties of element {FileFormatException.Quote(element.Name)}", "none");
            if (row > 0 && element.Count > left / row)
            {
                throw lines.Error(
                    $"{element.Count} rows of element {FileFormatException.Quote(element.Name)} after the header",
                    $"{lines.Remaining} bytes to the end of the file");
            }

            left -= element.Count * row;
        }
    }

    private static bool Words(TextLines lines, out string[] words)
    {
        words = [];
        if (!lines.Next(out ReadOnlySpan<byte> line)) return false;

        // Only the start of a comment matters, and no other header line is long.
        var found = new List<string>();
        var rest = new TextWords(line[..Math.Min(line.Length, 1000)]);
        while (found.Count < 7 && rest.Next(out ReadOnlySpan<byte> word)) found.Add(System.Text.Encoding.Latin1.GetString(word));
        words = [.. found];
        return true;
    }

    private static long? Count(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : null;

    private static PlyEncoding? Encodings(string name) => name switch
    {
        "ascii" => PlyEncoding.Ascii,
        "binary_little_endian" => PlyEncoding.BinaryLittleEndian,
        "binary_big_endian" => PlyEncoding.BinaryBigEndian,
        _ => null,
    };

    private static PlyType? Type(string name) => name switch
    {
        "char" or "int8" => PlyType.Int8,
        "uchar" or "uint8" => PlyType.UInt8,
        "short" or "int16" => PlyType.Int16,
        "ushort" or "uint16" => PlyType.UInt16,
        "int" or "int32" => PlyType.Int32,
        "uint" or "uint32" => PlyType.UInt32,
        "float" or "float32" => PlyType.Float32,
        "double" or "float64" => PlyType.Float64,
        _ => null,
    };
}
