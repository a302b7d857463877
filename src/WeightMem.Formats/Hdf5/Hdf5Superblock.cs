using System.Buffers.Binary;

namespace WeightMem.Formats.Hdf5;

/// <summary>
/// The first bytes of an HDF5 file, which say how long the file is: a cut file is known by them before anything else is read.
/// Layout: the HDF5 File Format Specification, section II.A.
/// </summary>
internal static class Hdf5Superblock
{
    private static readonly byte[] Signature = [0x89, (byte)'H', (byte)'D', (byte)'F', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Checks the signature and the length; leaves the stream at its start.</summary>
    /// <exception cref="FileFormatException">This is no HDF5 file, or it is shorter than it says.</exception>
    public static void Check(Stream stream, string path)
    {
        Span<byte> bytes = stackalloc byte[64];
        long length = stream.Length;

        // A user block of 512 bytes or any power of two above may come first.
        for (long at = 0; at == 0 || at < length; at = at == 0 ? 512 : at * 2)
        {
            stream.Position = at;
            bytes.Clear();
            int got = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (!bytes.StartsWith(Signature)) continue;
            stream.Position = 0;
            CheckLength(bytes[..got], path, at, length);
            return;
        }

        stream.Position = 0;
        int first = stream.ReadAtLeast(bytes[..8], 8, throwOnEndOfStream: false);
        string found = first == 0 ? "an empty file" : FileFormatException.Quote(bytes[..first]);
        throw new FileFormatException(path, 0, "an HDF5 file (89 'HDF')", found);
    }

    private static void CheckLength(ReadOnlySpan<byte> bytes, string path, long at, long length)
    {
        // Version, then the place of the "size of offsets" byte and of the end-of-file address.
        (int sizeAt, int endAt) = (bytes.Length > 8 ? bytes[8] : 255) switch
        {
            0 => (13, 24),
            1 => (13, 28),
            2 or 3 => (9, 12),
            _ => throw new FileFormatException(path, at + 8, "superblock version 0 to 3", bytes.Length > 8 ? $"{bytes[8]}" : "the end of the file"),
        };
        int size = bytes.Length > sizeAt ? bytes[sizeAt] : 0;
        if (size is not (4 or 8)) throw new FileFormatException(path, at + sizeAt, "addresses of 4 or 8 bytes", $"{size}");
        int end = endAt + 2 * size; // after the base address and one more
        if (bytes.Length < end + size) throw new FileFormatException(path, at, "a whole superblock", "the end of the file");
        ulong stored = size == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[end..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[end..]);
        if (stored > (ulong)(length - at)) throw new FileFormatException(path, length, $"a file of {stored} bytes", $"its end after {length - at}");
    }
}
