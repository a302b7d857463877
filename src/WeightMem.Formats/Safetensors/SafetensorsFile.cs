using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace WeightMem.Formats.Safetensors;

/// <summary>
/// A tensor to be written, whose bytes are made when the file gets to them, so that a checkpoint needs no second copy of its tensors.
/// </summary>
public sealed class SafetensorsTensor
{
    private SafetensorsTensor(string name, ElementType type, long[] shape, Action<Stream> write)
    {
        long? count = NamedArray.CountOf(shape);
        if (count is null || count > long.MaxValue / type.Size())
            throw new ArgumentException($"{name}: {NamedArray.ShapeText(shape)} is no shape");
        Name = name;
        Type = type;
        Shape = shape;
        ByteCount = count.Value * type.Size();
        Write = write;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What the elements are.</summary>
    public ElementType Type { get; }

    /// <summary>The sizes.</summary>
    public long[] Shape { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteCount { get; }

    /// <summary>Writes exactly <see cref="ByteCount"/> bytes, least significant byte of each element first.</summary>
    internal Action<Stream> Write { get; }

    /// <summary>A tensor whose bytes the given code writes, least significant byte of each element first.</summary>
    /// <exception cref="ArgumentException">The shape is impossible.</exception>
    public static SafetensorsTensor Of(string name, ElementType type, long[] shape, Action<Stream> write) => new(name, type, shape, write);

    /// <summary>A float32 tensor in managed memory.</summary>
    /// <exception cref="ArgumentException">The shape does not hold so many elements.</exception>
    public static SafetensorsTensor Of(string name, ReadOnlyMemory<float> values, params long[] shape)
    {
        if (NamedArray.CountOf(shape) != values.Length)
            throw new ArgumentException($"{name}: shape {NamedArray.ShapeText(shape)} does not hold {values.Length} elements");
        return new SafetensorsTensor(name, ElementType.Float32, shape, stream => ArrayBytes.WriteLittleEndian(stream, values.Span));
    }

    /// <summary>A float32 tensor in memory outside the managed heap, which must live until the file is written.</summary>
    /// <exception cref="ArgumentException">The shape is impossible.</exception>
    public static unsafe SafetensorsTensor Of(string name, float* values, params long[] shape)
    {
        long count = NamedArray.CountOf(shape) ?? throw new ArgumentException($"{name}: {NamedArray.ShapeText(shape)} is no shape");
        nint address = (nint)values;
        return new SafetensorsTensor(name, ElementType.Float32, shape, stream =>
        {
            const long Part = 1 << 23;
            for (long at = 0; at < count; at += Part)
                ArrayBytes.WriteLittleEndian(stream, new ReadOnlySpan<float>((float*)address + at, (int)Math.Min(Part, count - at)));
        });
    }

    /// <summary>An array.</summary>
    public static SafetensorsTensor Of(NamedArray array) =>
        new(array.Name, array.Type, array.Shape, stream => ArrayBytes.WriteLittleEndian(stream, array));
}

/// <summary>Writes safetensors files, and reads small ones whole; <see cref="SafetensorsReader"/> reads tensor by tensor.</summary>
public static class SafetensorsFile
{
    /// <summary>Reads all tensors and the metadata, and compares the checksum if the file has one.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no safetensors file, is cut or damaged.</exception>
    public static (IReadOnlyList<NamedArray> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        Verify(path);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return ([.. reader.Entries.Select(e => reader.Read(e.Name))], reader.Metadata);
    }

    /// <summary>Compares the bytes of a file with the checksum in its metadata; a file without one passes if its header is sound.</summary>
    /// <returns>Whether it has one.</returns>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no safetensors file, is cut or damaged.</exception>
    public static bool Verify(string path)
    {
        string? expected;
        using (SafetensorsReader reader = SafetensorsReader.Open(path)) expected = reader.Checksum;
        if (expected is null) return false;

        using FileStream stream = FileReader.OpenStream(path);
        var head = new byte[8];
        stream.ReadExactly(head);
        var header = new byte[8 + BinaryPrimitives.ReadInt64LittleEndian(head)];
        head.CopyTo(header, 0);
        stream.ReadExactly(header.AsSpan(8));
        int at = ChecksumAt(header);
        if (at < 0) return false; // written by others in another form
        var hash = new XxHash3();
        hash.Append(header.AsSpan(0, at));
        hash.Append("0000000000000000"u8);
        hash.Append(header.AsSpan(at + Checksum.Blank.Length));
        hash.Append(stream);
        if (Checksum.Text(hash) != expected) throw new FileFormatException(path, $"data with the checksum {expected}", $"{Checksum.Text(hash)}: the file is damaged");
        return true;
    }

    /// <summary>What is damaged about a file, in a line; null when it is whole.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    public static string? Damage(string path) => FileFormatException.FoundBy(() => Verify(path));

    /// <summary>Writes tensors in the given order, atomically, with a checksum of the whole file in the metadata.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [Checksum.Name] = Checksum.Blank };
        AtomicFile.Write(path, stream =>
        {
            var hash = new XxHash3();
            using var checksummed = new ChecksummedStream(stream, hash);
            byte[] header = Write(checksummed, tensors, all);
            stream.Position = ChecksumAt(header);
            stream.Write(Encoding.ASCII.GetBytes(Checksum.Text(hash)));
        });
    }

    /// <summary>Writes arrays in the given order, atomically.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, [.. arrays.Select(SafetensorsTensor.Of)], metadata);

    /// <summary>Writes tensors to a seekable stream.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote another number of bytes than it has.</exception>
    /// <returns>The header.</returns>
    public static byte[] Write(Stream stream, IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string> { "__metadata__" };
        long start = 0;
        foreach (SafetensorsTensor tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"tensor name {tensor.Name} is reserved or occurs twice");
            entries.Add(new SafetensorsEntry(tensor.Name, tensor.Type, tensor.Shape, start, tensor.ByteCount));
            start = checked(start + tensor.ByteCount);
        }

        byte[] header = SafetensorsHeader.Bytes(entries, metadata);
        stream.Write(header);
        foreach (SafetensorsTensor tensor in tensors)
        {
            long before = stream.Position;
            tensor.Write(stream);
            if (stream.Position - before != tensor.ByteCount)
                throw new InvalidOperationException($"tensor {tensor.Name} wrote {stream.Position - before} bytes, not {tensor.ByteCount}");
        }

        return header;
    }

    /// <summary>Where the digits of the checksum are in a header that <see cref="Write(string, IReadOnlyList{SafetensorsTensor}, IReadOnlyDictionary{string, string}?)"/> made, or -1.</summary>
    private static int ChecksumAt(ReadOnlySpan<byte> header)
    {
        ReadOnlySpan<byte> key = "\"xxh3\":\""u8;
        int at = header.IndexOf(key);
        return at < 0 || at + key.Length + Checksum.Blank.Length > header.Length ? -1 : at + key.Length;
    }
}
