using System.Buffers.Binary;

namespace WeightMem.Formats.Matlab;

/// <summary>The number types of a MAT-file's data elements, with the format's codes.</summary>
internal enum MatType
{
    Int8 = 1,
    UInt8 = 2,
    Int16 = 3,
    UInt16 = 4,
    Int32 = 5,
    UInt32 = 6,
    Float32 = 7,
    Float64 = 9,
    Int64 = 12,
    UInt64 = 13,
    Matrix = 14,
    Compressed = 15,
    Utf8 = 16,
}

/// <summary>What a data element's tag says: its type, its bytes, and the bytes that fill up the eight after them.</summary>
internal readonly record struct MatTag(MatType Type, long Bytes, int Padding);

/// <summary>The bytes of one variable, packed or not, front to back: they know how many are left and where they lie.</summary>
internal sealed class MatBytes(Stream stream, string path, long offset, bool packed, bool bigEndian)
{
    /// <summary>Bytes left of what the innermost length says; the tag of a packed variable, which says it, comes first.</summary>
    public long Remaining { get; private set; } = 8;

    /// <summary>Whether numbers come most significant byte first.</summary>
    public bool BigEndian => bigEndian;

    private long Position { get; set; }

    /// <summary>Says how many bytes are left.</summary>
    public void SetRemaining(long bytes) => Remaining = bytes;

    /// <summary>Fills the buffer.</summary>
    public void Read(Span<byte> into, string what)
    {
        if (into.Length > Remaining) throw Error($"{into.Length} bytes of {what}", $"{Remaining} to the end of the variable");
        int got;
        try
        {
            got = stream.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new FileFormatException(path, offset, "whole zlib data", $"damaged data: {error.Message}", error);
        }

        Position += got;
        Remaining -= got;
        if (got < into.Length) throw Error(what, "the end of the data");
    }

    /// <summary>Passes over bytes, at most seven.</summary>
    public void Pad(int bytes)
    {
        Span<byte> padding = stackalloc byte[8];
        Read(padding[..(int)Math.Min(bytes, Remaining)], "padding");
    }

    /// <summary>Reads the tag of a data element within the variable; small elements have tag and data in eight bytes.</summary>
    public MatTag Tag(string what)
    {
        uint word = UInt32(what);
        if (word >> 16 != 0)
        {
            int small = (int)(word >> 16);
            return small <= 4
                ? new MatTag((MatType)(word & 0xFFFF), small, 4 - small)
                : throw Error("at most 4 bytes in a small data element", $"{small}");
        }

        uint bytes = UInt32(what);
        if (bytes > Remaining) throw Error($"{what} of {bytes} bytes", $"{Remaining} to the end of the variable");
        return new MatTag((MatType)word, bytes, (int)(-bytes & 7));
    }

    /// <summary>Reads an unsigned 32-bit number.</summary>
    public uint UInt32(string what)
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(bytes, what);
        return bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>Checks that the variable ends here, and the packed data with it.</summary>
    public void End()
    {
        if (Remaining > 0) throw Error("the end of the variable", $"{Remaining} more bytes");
        if (!packed) return;
        try
        {
            if (stream.ReadByte() >= 0) throw Error("the end of the packed data", "more");
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new FileFormatException(path, offset, "whole zlib data", $"damaged data: {error.Message}", error);
        }
    }

    /// <summary>An error here: at a byte of the file or, in packed data, a byte of what the file's packed bytes unpack to.</summary>
    public FileFormatException Error(string expected, string found) => packed
        ? new FileFormatException(path, offset, expected, $"{found} (byte {Position} of the unpacked data)")
        : new FileFormatException(path, offset + Position, expected, found);
}
