using System.Buffers.Binary;
using System.IO.Compression;

namespace WeightMem.Formats.Idx;

/// <summary>
/// IDX files of unsigned bytes, the form of MNIST and its kin: two zero bytes, the type 08, the number of dimensions, the sizes as
/// big-endian 32-bit numbers, the bytes. Gzipped files are recognised by their first bytes, not by their name.
/// </summary>
public static class IdxFile
{
    /// <summary>Reads a file, gzipped or not. The array is named as the file is, without extension.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no IDX file of unsigned bytes, is cut, or is too long.</exception>
    public static NamedArray Read(string path)
    {
        using FileStream stream = FileReader.OpenStream(path);
        return Read(stream, path);
    }

    /// <summary>Reads from a seekable stream; the path is for names and errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static NamedArray Read(Stream stream, string path)
    {
        long length = stream.Length;
        Span<byte> magic = stackalloc byte[2];
        int got = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        stream.Position = 0;
        if (got < 2 || magic[0] != 0x1F || magic[1] != 0x8B) return Read(stream, path, length, "");
        try
        {
            using var inflated = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            return Read(inflated, path, Inflation.Limit(length), " (inflated)");
        }
        catch (InvalidDataException error)
        {
            throw new FileFormatException(path, "whole gzip data", $"damaged data: {error.Message}", error);
        }
    }

    /// <summary>Reads only the sizes: cheap, for telling files apart.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file does not start as an IDX file of unsigned bytes does.</exception>
    public static long[] ReadShape(string path)
    {
        using FileStream stream = FileReader.OpenStream(path);
        bool zipped = stream.ReadByte() == 0x1F;
        stream.Position = 0;
        try
        {
            using Stream content = zipped ? new GZipStream(stream, CompressionMode.Decompress) : stream;
            return Header(content, path, "");
        }
        catch (InvalidDataException error)
        {
            throw new FileFormatException(path, "whole gzip data", $"damaged data: {error.Message}", error);
        }
    }

    /// <summary>Writes bytes as an IDX file, gzipped when the path ends in <c>.gz</c>.</summary>
    /// <exception cref="ArgumentException">The array is not of unsigned bytes, or has no or too large sizes.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, NamedArray array)
    {
        AtomicFile.Write(path, stream =>
        {
            if (!path.EndsWith(".gz", StringComparison.Ordinal))
            {
                Write(stream, array);
                return;
            }

            using var zipped = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
            Write(zipped, array);
        });
    }

    /// <summary>Writes the plain IDX bytes to a stream, such as one that hashes them.</summary>
    /// <exception cref="ArgumentException">The array is not of unsigned bytes, or has no or too large sizes.</exception>
    public static void Write(Stream stream, NamedArray array)
    {
        if (array.ElementsAs<byte>() is not { } bytes || array.Shape.Length is 0 or > 255 || array.Shape.Any(s => s > uint.MaxValue))
            throw new ArgumentException($"{array}: IDX files hold unsigned bytes in one dimension or more");
        var header = new byte[4 + 4 * array.Shape.Length];
        header[2] = 8;
        header[3] = (byte)array.Shape.Length;
        for (int i = 0; i < array.Shape.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4 + 4 * i), (uint)array.Shape[i]);
        stream.Write(header);
        stream.Write(bytes);
    }

    private static NamedArray Read(Stream content, string path, long atMost, string where)
    {
        long[] shape = Header(content, path, where);
        int start = 4 + 4 * shape.Length;
        long? count = NamedArray.CountOf(shape);
        if (count is null || count > Array.MaxLength || count > atMost - start)
        {
            throw new FileFormatException(
                path,
                start,
                $"{NamedArray.ShapeText(shape)} bytes of data",
                $"a file that can hold at most {Math.Max(0, atMost - start)}{where}");
        }

        // Not cleared: a small gzipped file may say that it holds very much, and end soon.
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)count.Value);
        int got = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (got < bytes.Length)
        {
            throw new FileFormatException(
                path, start + got, $"{count} bytes of data for {NamedArray.ShapeText(shape)}", $"the end of the file after {got}{where}");
        }

        if (content.ReadByte() >= 0)
        {
            throw new FileFormatException(
                path, start + count, $"the end of the file after {NamedArray.ShapeText(shape)}", $"more bytes{where}");
        }


        string name = Path.GetFileName(path);
        return NamedArray.Of(name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name, bytes, shape);
    }

    private static long[] Header(Stream content, string path, string where)
    {
        Span<byte> header = stackalloc byte[4];
        if (content.ReadAtLeast(header, 4, throwOnEndOfStream: false) < 4)
            throw new FileFormatException(path, 0, "an IDX file of unsigned bytes", $"the end of the file{where}");
        if (header[0] != 0 || header[1] != 0 || header[2] != 8 || header[3] is 0 or > NamedArray.MaxRank)
        {
            throw new FileFormatException(
                path, 0, "an IDX file of unsigned bytes (00 00 08, dimensions)", FileFormatException.Quote(header) + where);
        }


        var shape = new long[header[3]];
        for (int i = 0; i < shape.Length; i++)
        {
            if (content.ReadAtLeast(header, 4, throwOnEndOfStream: false) < 4)
                throw new FileFormatException(path, 4 + 4 * i, $"{shape.Length} sizes", $"the end of the file{where}");
            shape[i] = BinaryPrimitives.ReadUInt32BigEndian(header);
        }

        return shape;
    }
}
