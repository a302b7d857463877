using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace WeightMem.Formats;

/// <summary>A file being read from the start: it knows its name, its length and its place, so that errors can tell them.</summary>
internal sealed class FileReader : IDisposable
{
    private readonly Stream _stream;

    /// <summary>Reads a seekable stream from its start.</summary>
    public FileReader(Stream stream, string path)
        : this(stream, path, stream.Length)
    {
    }

    /// <summary>Reads a stream that has so many bytes; it need not be seekable unless <see cref="Seek"/> is called.</summary>
    public FileReader(Stream stream, string path, long length)
    {
        _stream = stream;
        Path = path;
        Length = length;
    }

    /// <summary>The file's name for errors.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Whether <see cref="Seek"/> can be called.</summary>
    public bool CanSeek => _stream.CanSeek;

    /// <summary>The file on disk, or null when the bytes come from elsewhere.</summary>
    public FileStream? OnDisk => _stream as FileStream;

    /// <summary>Bytes left.</summary>
    public long Remaining => Length - Position;

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileReadException">It is missing, a folder or not readable.</exception>
    public static FileReader Open(string path) => new(OpenStream(path), path);

    /// <summary>Opens a file for reading from front to back.</summary>
    /// <exception cref="FileReadException">It is missing, a folder or not readable.</exception>
    public static FileStream OpenStream(string path)
    {
        if (Directory.Exists(path)) throw FileReadException.NotAFile(path);
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            if (stream.CanSeek) return stream;
            stream.Dispose();
            throw new IOException("it is no regular file");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw FileReadException.From(path, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Goes to a place of the file.</summary>
    public void Seek(long position)
    {
        _stream.Position = position;
        Position = position;
    }

    /// <summary>Fills the buffer.</summary>
    /// <param name="into">Gets the bytes.</param>
    /// <param name="what">What is read, for the error.</param>
    /// <exception cref="FileFormatException">The file ends before.</exception>
    public void Read(Span<byte> into, string what)
    {
        Need(into.Length, what);
        int got;
        try
        {
            got = _stream.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw new FileFormatException(Path, Position, "whole compressed data", error.Message, error);
        }
        catch (IOException error)
        {
            throw FileReadException.From(Path, error);
        }

        // The file may have been cut after its length was asked.
        if (got < into.Length) throw new FileFormatException(Path, Position + got, what, "the end of the file");
        Position += got;
    }

    /// <summary>Reads an unsigned 64-bit little-endian number.</summary>
    public ulong ReadUInt64(string what)
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(bytes, what);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Checks that so many bytes are left, before anything is allocated for them.</summary>
    /// <exception cref="FileFormatException">The file ends before.</exception>
    public void Need(long bytes, string what)
    {
        if (bytes > Remaining)
            throw new FileFormatException(Path, Position, $"{bytes} bytes of {what}", $"{Remaining} to the end of the file");
    }

    /// <summary>A new array for elements that follow here; nothing is allocated unless the file is long enough to hold them.</summary>
    /// <exception cref="FileFormatException">The shape is impossible, or the file ends before.</exception>
    public NamedArray NewArray(string name, ElementType type, long[] shape)
    {
        long? count = NamedArray.CountOf(shape);
        if (count is null || count > Array.MaxLength)
            throw new FileFormatException(Path, Position, $"a shape of at most {Array.MaxLength} elements", NamedArray.ShapeText(shape));
        Need(count.Value * type.Size(), $"{name} {type} {NamedArray.ShapeText(shape)}");
        return NamedArray.Empty(name, type, shape, count.Value);
    }

    /// <summary>Reads an array's elements in the given byte order.</summary>
    /// <exception cref="FileFormatException">The file ends before.</exception>
    public void Read(NamedArray into, bool bigEndian)
    {
        int size = into.Type.ComponentSize();
        bool swap = bigEndian == BitConverter.IsLittleEndian && size > 1;
        into.ForEachPart(part =>
        {
            Read(part, into.Name);
            if (swap) Swap(part, size);
        });
    }

    private static void Swap(Span<byte> bytes, int size)
    {
        if (size == 2)
        {
            Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        else if (size == 4)
        {
            Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        else
        {
            Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
