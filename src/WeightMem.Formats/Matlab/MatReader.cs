using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace WeightMem.Formats.Matlab;

/// <summary>Gives an array's shape and the distances of its file's dimensions when it is not to be row-major as it is; else null.</summary>
internal delegate (long[] Shape, long[] Strides)? MatPlacement(string name, ElementType type, long[] fileShape);

/// <summary>Reads a MAT-file variable by variable.</summary>
internal sealed class MatReader(FileReader file, MatPlacement? place = null)
{
    private const int HeaderBytes = 128, LongestName = 1024;
    private const uint LogicalFlag = 0x0200, ComplexFlag = 0x0800;
    private const int OpaqueClass = 17;

    private readonly List<NamedArray> _arrays = [];
    private readonly List<MatEntry> _skipped = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private long _mayAllocate = Inflation.Limit(file.Length);

    public MatContents Read()
    {
        bool bigEndian = ReadHeader();
        Span<byte> tag = stackalloc byte[8];
        while (file.Remaining > 0)
        {
            long start = file.Position;
            file.Read(tag, "a variable's tag");
            uint type = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(tag) : BinaryPrimitives.ReadUInt32LittleEndian(tag);
            uint length = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(tag[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(tag[4..]);
            if (type is not ((uint)MatType.Matrix or (uint)MatType.Compressed))
                throw new FileFormatException(file.Path, start, "a variable (data type 14 or 15)", $"data type {type}");
            file.Need(length, "a variable");
            long end = file.Position + length;
            using var section = new FileSection(file, length);
            if (type == (uint)MatType.Matrix)
            {
                var bytes = new MatBytes(section, file.Path, start + 8, packed: false, bigEndian);
                bytes.SetRemaining(length);
                Variable(bytes);
            }
            else
            {
                using var unpacked = new ZLibStream(section, CompressionMode.Decompress);
                var bytes = new MatBytes(unpacked, file.Path, start, packed: true, bigEndian);
                if (bytes.UInt32("a variable's tag") != (uint)MatType.Matrix) throw bytes.Error("a packed array (data type 14)", "another type");
                bytes.SetRemaining(bytes.UInt32("a variable's tag"));
                Variable(bytes);
            }

            file.Seek(end);
        }

        return new MatContents(_arrays, _skipped);
    }

    private bool ReadHeader()
    {
        const string Expected = "a MAT-file of version 5 (128 bytes of header)";
        Span<byte> header = stackalloc byte[HeaderBytes];
        header = header[..(int)Math.Min(HeaderBytes, file.Length)];
        file.Read(header, Expected);
        if (header.StartsWith("MATLAB 7.3"u8))
            throw new FileFormatException(file.Path, 0, Expected, "version 7.3, which is an HDF5 file: read it as HDF5");

        // A version 4 file starts with a number of at most 4052, so with a zero byte; the text of later ones has none in its first four.
        if (header.Length >= 20 && header[..4].Contains((byte)0))
            throw new FileFormatException(file.Path, 0, Expected, $"{FileFormatException.Quote(header[..4])}, as in version 4, which is not read");
        if (header.Length < HeaderBytes) throw new FileFormatException(file.Path, Expected, $"{header.Length} bytes");
        bool big = header[126] == 'M' && header[127] == 'I';
        if (!big && !(header[126] == 'I' && header[127] == 'M'))
            throw new FileFormatException(file.Path, 126, "the letters 'IM' or 'MI'", FileFormatException.Quote(header[126..]));
        int version = big ? header[124] << 8 | header[125] : header[125] << 8 | header[124];
        return version == 0x0100 ? big : throw new FileFormatException(file.Path, 124, "version 0x0100", $"0x{version:X4}");
    }

    private void Variable(MatBytes bytes)
    {
        // Nothing at all: so MATLAB may write an empty nameless array.
        if (bytes.Remaining == 0) return;
        MatTag tag = bytes.Tag("array flags");
        if (tag is not { Type: MatType.UInt32, Bytes: 8 }) throw bytes.Error("array flags (data type 6, 8 bytes)", $"data type {(int)tag.Type}");
        uint flags = bytes.UInt32("array flags");
        _ = bytes.UInt32("array flags");
        int code = (int)(flags & 0xFF);
        long[] shape = code == OpaqueClass ? [] : Dimensions(bytes);
        string name = Name(bytes);
        bool isLogical = (flags & LogicalFlag) != 0, complex = (flags & ComplexFlag) != 0;
        if (name.Length > 0 && !_names.Add(name)) throw bytes.Error("a variable of a new name", FileFormatException.Quote(name));
        if (TypeOf(code, isLogical) is not { } type || complex || name.Length == 0)
        {
            _skipped.Add(new MatEntry(name, (complex ? "complex " : "") + ClassName(code), shape));
            return;
        }

        _arrays.Add(Array(bytes, name, type, shape));
        bytes.End();
    }

    private NamedArray Array(MatBytes bytes, string name, ElementType type, long[] fileShape)
    {
        string what = $"{FileFormatException.Quote(name)} {type} {NamedArray.ShapeText(fileShape)}";
        long? count = NamedArray.CountOf(fileShape);
        if (count is null || count > System.Array.MaxLength) throw bytes.Error($"at most {System.Array.MaxLength} elements", what);
        if (count == 0 && bytes.Remaining == 0) return NamedArray.Empty(name, type, fileShape, 0);
        MatTag tag = bytes.Tag(what);
        int stored = MatElements.Size(tag.Type);
        bool storedAsFloat = tag.Type is MatType.Float32 or MatType.Float64;

        // MATLAB stores whole numbers in the smallest type that holds them all, never in a larger one.
        if (stored == 0 || stored > type.Size() || storedAsFloat && !type.IsFloat())
            throw bytes.Error($"elements of {type} or a smaller type in {FileFormatException.Quote(name)}", $"data type {(int)tag.Type}");
        if (tag.Bytes != count * stored) throw bytes.Error($"{count * stored} bytes of {what}", $"{tag.Bytes}");
        if (count * type.Size() > _mayAllocate)
            throw bytes.Error($"arrays of at most {Inflation.Limit(file.Length)} bytes in a file of {file.Length}", what);
        _mayAllocate -= count.Value * type.Size();

        (long[] shape, long[] strides) = place?.Invoke(name, type, fileShape) ?? (fileShape, StridedCopy.RowMajor(fileShape));
        NamedArray array = NamedArray.Empty(name, type, shape, count.Value);
        MatElements.Read(array, bytes, tag.Type, fileShape, strides);
        bytes.Pad(tag.Padding);
        return array;
    }

    private static long[] Dimensions(MatBytes bytes)
    {
        MatTag tag = bytes.Tag("dimensions");
        if (tag.Type is not (MatType.Int32 or MatType.UInt32) || tag.Bytes % 4 != 0 || tag.Bytes is < 4 or > 4 * NamedArray.MaxRank)
            throw bytes.Error($"1 to {NamedArray.MaxRank} dimensions (data type 5)", $"data type {(int)tag.Type}, {tag.Bytes} bytes");
        var shape = new long[tag.Bytes / 4];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = (int)bytes.UInt32("dimensions");
            if (shape[i] < 0) throw bytes.Error("a dimension of 0 or more", $"{shape[i]}");
        }

        bytes.Pad(tag.Padding);
        return shape;
    }

    private static string Name(MatBytes bytes)
    {
        MatTag tag = bytes.Tag("a variable's name");
        if (tag.Type is not (MatType.Int8 or MatType.UInt8 or MatType.Utf8) || tag.Bytes > LongestName)
            throw bytes.Error($"a name of at most {LongestName} bytes (data type 1)", $"data type {(int)tag.Type}, {tag.Bytes} bytes");
        Span<byte> name = stackalloc byte[LongestName];
        name = name[..(int)tag.Bytes];
        bytes.Read(name, "a variable's name");
        bytes.Pad(tag.Padding);
        if (name.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            throw bytes.Error("a name of printable ASCII characters", FileFormatException.Quote(name));
        return Encoding.ASCII.GetString(name);
    }

    private static ElementType? TypeOf(int code, bool isLogical) => code switch
    {
        6 => ElementType.Float64,
        7 => ElementType.Float32,
        8 => ElementType.Int8,
        9 => isLogical ? ElementType.Boolean : ElementType.UInt8,
        10 => ElementType.Int16,
        11 => ElementType.UInt16,
        12 => ElementType.Int32,
        13 => ElementType.UInt32,
        14 => ElementType.Int64,
        15 => ElementType.UInt64,
        _ => null,
    };

    private static string ClassName(int code) => code switch
    {
        1 => "cell",
        2 => "struct",
        3 => "object",
        4 => "char",
        5 => "sparse",
        6 => "double",
        7 => "single",
        >= 8 and <= 15 => $"{(code % 2 == 0 ? "int" : "uint")}{8 << (code - 8) / 2}",
        16 => "function handle",
        OpaqueClass => "opaque object",
        _ => $"class {code}",
    };
}
