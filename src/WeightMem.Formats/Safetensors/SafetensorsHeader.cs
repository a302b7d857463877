using System.Text;
using System.Text.Json;

namespace WeightMem.Formats.Safetensors;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What the elements are.</param>
/// <param name="Shape">The sizes; empty for a scalar.</param>
/// <param name="Start">First byte, from the start of the file's data part.</param>
/// <param name="ByteCount">Bytes of all elements.</param>
public sealed record SafetensorsEntry(string Name, ElementType Type, long[] Shape, long Start, long ByteCount);

/// <summary>The JSON header of a safetensors file, read and checked, or made.</summary>
internal static class SafetensorsHeader
{
    /// <summary>The cap of the published format.</summary>
    public const long LongestHeader = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private static readonly (ElementType Type, string Name)[] Types =
        [.. Enum.GetValues<ElementType>().Where(t => t != ElementType.Complex128).Select(t => (t, NameOf(t)))];

    /// <summary>The name of an element type in the header.</summary>
    /// <exception cref="NotSupportedException">The format has no such type.</exception>
    public static string NameOf(ElementType type) => type switch
    {
        ElementType.Boolean => "BOOL",
        ElementType.UInt8 => "U8",
        ElementType.Int8 => "I8",
        ElementType.UInt16 => "U16",
        ElementType.Int16 => "I16",
        ElementType.UInt32 => "U32",
        ElementType.Int32 => "I32",
        ElementType.UInt64 => "U64",
        ElementType.Int64 => "I64",
        ElementType.Float16 => "F16",
        ElementType.BFloat16 => "BF16",
        ElementType.Float32 => "F32",
        ElementType.Float64 => "F64",
        ElementType.Float8E4M3 => "F8_E4M3",
        ElementType.Float8E5M2 => "F8_E5M2",
        ElementType.Complex64 => "C64",
        _ => throw new NotSupportedException($"safetensors files have no {type}; convert it first"),
    };

    /// <summary>Reads the header; the reader is left at the first data byte.</summary>
    /// <exception cref="FileFormatException">The header is damaged, or does not describe the data without holes and overlaps.</exception>
    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read(FileReader file)
    {
        ulong size = file.ReadUInt64("the header's length");
        if (size is < 2 or > (ulong)LongestHeader)
            throw new FileFormatException(file.Path, 0, $"a header of 2 to {LongestHeader} bytes", $"{size}");
        file.Need((long)size, "the header");
        var bytes = new byte[size];
        file.Read(bytes, "the header");
        if (bytes[0] != (byte)'{')
            throw new FileFormatException(file.Path, 8, "a JSON object", FileFormatException.Quote(bytes.AsSpan(0, 2)));
        var parser = new Parser(file.Path);
        try
        {
            parser.Parse(bytes);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // The reader throws InvalidOperationException for strings that are no Unicode.
            long at = error is JsonException json ? json.BytePositionInLine ?? 0 : 0;
            throw new FileFormatException(file.Path, 8 + at, "a JSON header", error.Message, error);
        }

        CheckCover(file, parser.Entries);
        return (parser.Entries, parser.Metadata);
    }

    /// <summary>The length and the header of entries, padded with blanks to a multiple of 8 bytes.</summary>
    public static byte[] Bytes(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(p => p.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
                writer.WriteEndObject();
            }

            foreach (SafetensorsEntry entry in entries)
            {
                writer.WriteStartObject(entry.Name);
                writer.WriteString("dtype", NameOf(entry.Type));
                writer.WriteStartArray("shape");
                foreach (long s in entry.Shape) writer.WriteNumberValue(s);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(entry.Start);
                writer.WriteNumberValue(entry.Start + entry.ByteCount);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        while (json.Length % 8 != 0) json.WriteByte((byte)' ');
        if (json.Length > LongestHeader)
            throw new ArgumentException($"a header of {json.Length} bytes is over the format's {LongestHeader}");
        var bytes = new byte[8 + json.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.GetBuffer().AsSpan(0, (int)json.Length).CopyTo(bytes.AsSpan(8));
        return bytes;
    }

    private static void CheckCover(FileReader file, List<SafetensorsEntry> entries)
    {
        long end = 0;
        string before = "the header";
        foreach (SafetensorsEntry entry in entries.OrderBy(e => e.Start).ThenBy(e => e.ByteCount))
        {
            if (entry.Start != end)
            {
                throw new FileFormatException(
                    file.Path,
                    file.Position + entry.Start,
                    $"{FileFormatException.Quote(entry.Name)} to start at data byte {end}, where {before} ends",
                    $"byte {entry.Start}");
            }

            end = entry.Start + entry.ByteCount;
            before = FileFormatException.Quote(entry.Name);
        }

        if (end != file.Remaining)
            throw new FileFormatException(file.Path, file.Position, $"{end} bytes of data", $"{file.Remaining} to the end of the file");
    }

    private sealed class Parser(string path)
    {
        private readonly HashSet<string> _names = [];

        public List<SafetensorsEntry> Entries { get; } = [];

        public Dictionary<string, string> Metadata { get; } = [];

        public void Parse(byte[] bytes)
        {
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 4 });
            Expect(ref json, JsonTokenType.StartObject);
            while (NextName(ref json, out string name, out long at))
            {
                if (!_names.Add(name)) throw Error(at, $"{FileFormatException.Quote(name)} once", "it twice");
                Expect(ref json, JsonTokenType.StartObject);
                if (name == MetadataKey) ReadMetadata(ref json);
                else Entries.Add(ReadEntry(ref json, name, at));
            }

            if (json.Read()) throw Error(json.TokenStartIndex, "the end of the header", "more JSON");
        }

        private void ReadMetadata(ref Utf8JsonReader json)
        {
            while (NextName(ref json, out string key, out long at))
            {
                Expect(ref json, JsonTokenType.String);
                if (!Metadata.TryAdd(key, json.GetString()!))
                    throw Error(at, $"metadata {FileFormatException.Quote(key)} once", "it twice");
            }
        }

        private SafetensorsEntry ReadEntry(ref Utf8JsonReader json, string name, long nameAt)
        {
            ElementType? type = null;
            long[]? shape = null, offsets = null;
            while (NextName(ref json, out string key, out long at))
            {
                bool repeated;
                switch (key)
                {
                    case "dtype": (repeated, type) = (type is not null, ReadType(ref json)); break;
                    case "shape": (repeated, shape) = (shape is not null, ReadNumbers(ref json, NamedArray.MaxRank)); break;
                    case "data_offsets": (repeated, offsets) = (offsets is not null, ReadNumbers(ref json, 2)); break;
                    default: throw Error(at, "dtype, shape or data_offsets", FileFormatException.Quote(key));
                }

                if (repeated) throw Error(at, $"{key} once", "it twice");
            }

            string quoted = FileFormatException.Quote(name);
            if (type is null || shape is null || offsets is not { Length: 2 })
                throw Error(nameAt, $"dtype, shape and two data_offsets of {quoted}", "an entry without one of them");
            long? count = NamedArray.CountOf(shape);
            if (count is null || count > long.MaxValue / type.Value.Size() || offsets[1] < offsets[0]
                || offsets[1] - offsets[0] != count * type.Value.Size())
            {
                throw Error(
                    nameAt,
                    $"{quoted} {NameOf(type.Value)} {NamedArray.ShapeText(shape)} to fill its data_offsets",
                    NamedArray.ShapeText(offsets));
            }

            return new SafetensorsEntry(name, type.Value, shape, offsets[0], offsets[1] - offsets[0]);
        }

        private ElementType ReadType(ref Utf8JsonReader json)
        {
            Expect(ref json, JsonTokenType.String);
            string given = json.GetString()!;
            foreach ((ElementType type, string name) in Types)
            {
                if (name == given) return type;
            }

            string known = string.Join(' ', Types.Select(t => t.Name));
            throw Error(json.TokenStartIndex, $"a dtype of {known}", FileFormatException.Quote(given));
        }

        private long[] ReadNumbers(ref Utf8JsonReader json, int most)
        {
            Expect(ref json, JsonTokenType.StartArray);
            var numbers = new List<long>();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out long number) || number < 0)
                {
                    string text = Encoding.UTF8.GetString(json.ValueSpan);
                    throw Error(json.TokenStartIndex, "a whole number of 0 or more", FileFormatException.Quote(text));
                }


                numbers.Add(number);
                if (numbers.Count > most) throw Error(json.TokenStartIndex, $"at most {most} numbers", "more");
            }

            return [.. numbers];
        }

        private bool NextName(ref Utf8JsonReader json, out string name, out long at)
        {
            json.Read();
            at = json.TokenStartIndex;
            name = "";
            if (json.TokenType == JsonTokenType.EndObject) return false;
            name = json.GetString()!;
            return true;
        }

        private void Expect(ref Utf8JsonReader json, JsonTokenType type)
        {
            json.Read();
            if (json.TokenType != type) throw Error(json.TokenStartIndex, $"a JSON {type}", $"{json.TokenType}");
        }

        private FileFormatException Error(long at, string expected, string found) => new(path, 8 + at, expected, found);
    }
}
