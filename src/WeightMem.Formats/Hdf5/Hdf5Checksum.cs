using System.Buffers.Binary;
using System.IO.Hashing;

namespace WeightMem.Formats.Hdf5;

/// <summary>
/// The checksum of a whole HDF5 file, in 16 bytes after its end: the format tells where a file ends, and readers do not look beyond. Files of others have none and are taken as they are.
/// </summary>
public static class Hdf5Checksum
{
    private const int Bytes = 16;

    private static ReadOnlySpan<byte> Mark => "wm xxh3\n"u8;

    /// <summary>Compares a file with its checksum.</summary>
    /// <returns>Whether it has one.</returns>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public static bool Verify(string path)
    {
        using FileStream stream = FileReader.OpenStream(path);
        if (stream.Length < Bytes) return false;
        Span<byte> stored = stackalloc byte[Bytes];
        stream.Position = stream.Length - Bytes;
        stream.ReadExactly(stored);
        if (!stored.StartsWith(Mark)) return false;
        ulong expected = BinaryPrimitives.ReadUInt64LittleEndian(stored[Mark.Length..]), found = Of(stream, stream.Length - Bytes);
        if (found != expected) throw new FileFormatException(path, $"data with the checksum {expected:x16}", $"{found:x16}: the file is damaged");
        return true;
    }

    /// <summary>What is damaged about a file, in a line; null when it is whole.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    public static string? Damage(string path) => FileFormatException.FoundBy(() =>
    {
        Verify(path);
        Hdf5Reader.Open(path).Dispose();
    });

    /// <summary>Adds the checksum to a file that has just been written.</summary>
    internal static void Append(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Span<byte> stored = stackalloc byte[Bytes];
        Mark.CopyTo(stored);
        BinaryPrimitives.WriteUInt64LittleEndian(stored[Mark.Length..], Of(stream, stream.Length));
        stream.Position = stream.Length;
        stream.Write(stored);
    }

    private static ulong Of(FileStream stream, long length)
    {
        var hash = new XxHash3();
        var buffer = new byte[1 << 20];
        stream.Position = 0;
        while (length > 0)
        {
            int got = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, length));
            if (got == 0) throw new EndOfStreamException();
            hash.Append(buffer.AsSpan(0, got));
            length -= got;
        }

        return hash.GetCurrentHashAsUInt64();
    }
}
