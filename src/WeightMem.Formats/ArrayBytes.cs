using System.Runtime.InteropServices;

namespace WeightMem.Formats;

/// <summary>Writes elements as files hold them.</summary>
internal static class ArrayBytes
{
    /// <summary>Writes all elements of an array, least significant byte first.</summary>
    public static void WriteLittleEndian(Stream stream, NamedArray array)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("writing needs a little-endian machine");
        array.ForEachPart(part => stream.Write(part));
    }

    /// <summary>Writes floats, least significant byte first.</summary>
    public static void WriteLittleEndian(Stream stream, ReadOnlySpan<float> values)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("writing needs a little-endian machine");

        // A span of bytes holds fewer than 2^31 of them; a span of floats may hold four times as much.
        while (!values.IsEmpty)
        {
            ReadOnlySpan<float> part = values[..Math.Min(values.Length, 1 << 23)];
            stream.Write(MemoryMarshal.AsBytes(part));
            values = values[part.Length..];
        }
    }
}
