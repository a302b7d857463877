using System.Runtime.InteropServices;

namespace WeightMem.Formats.Safetensors;

/// <summary>
/// A safetensors file open for reading, tensor by tensor. Opening reads and checks the header only: names are unique, and the tensors
/// cover the data without hole or overlap to the last byte of the file. Not safe for several threads at once.
/// </summary>
public sealed class SafetensorsReader : IDisposable
{
    private readonly FileReader _file;
    private readonly long _data;
    private readonly Dictionary<string, SafetensorsEntry> _byName;
    private FileMapping? _mapping;

    /// <summary>Opens a seekable stream, which is closed with the reader; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">The file is no safetensors file, is cut or damaged.</exception>
    public SafetensorsReader(Stream stream, string path)
        : this(new FileReader(stream, path))
    {
    }

    private SafetensorsReader(FileReader file)
    {
        _file = file;
        try
        {
            (Entries, Dictionary<string, string> metadata) = SafetensorsHeader.Read(file);
            if (metadata.Remove(Formats.Checksum.Name, out string? checksum)) Checksum = checksum;
            Metadata = metadata;
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _data = file.Position;
        _byName = Entries.ToDictionary(e => e.Name);
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>All tensors in the header's order.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The checksum that <see cref="SafetensorsFile.Verify"/> compares; null in files of others.</summary>
    internal string? Checksum { get; }

    /// <summary>The free strings of the header, without the checksum.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no safetensors file, is cut or damaged.</exception>
    public static SafetensorsReader Open(string path) => new(FileReader.Open(path));

    /// <summary>Whether the file has a tensor.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>The entry of a tensor.</summary>
    /// <exception cref="FileFormatException">There is none of this name.</exception>
    public SafetensorsEntry this[string name] => _byName.TryGetValue(name, out SafetensorsEntry? entry)
        ? entry
        : throw new FileFormatException(Path, $"a tensor {FileFormatException.Quote(name)}", $"{Entries.Count} tensors of other names");

    /// <summary>Reads one tensor in its own type.</summary>
    /// <exception cref="FileFormatException">There is none of this name, or it has more elements than an array can.</exception>
    public NamedArray Read(string name)
    {
        SafetensorsEntry entry = this[name];
        _file.Seek(_data + entry.Start);
        NamedArray array = _file.NewArray(entry.Name, entry.Type, entry.Shape);
        _file.Read(array, bigEndian: false);
        return array;
    }

    /// <summary>Reads a tensor as floats into existing memory. F32 is read in place; other number types are converted.</summary>
    /// <param name="into">Gets the elements; its length is the tensor's.</param>
    /// <param name="name">The tensor.</param>
    /// <exception cref="FileFormatException">There is none of this name, or it has another number of elements.</exception>
    public void ReadInto(Span<float> into, string name)
    {
        SafetensorsEntry entry = this[name];
        long count = entry.ByteCount / entry.Type.Size();
        if (count != into.Length)
        {
            throw new FileFormatException(
                Path, $"{into.Length} elements in {FileFormatException.Quote(name)}", $"{count} {NamedArray.ShapeText(entry.Shape)}");
        }


        if (entry.Type != ElementType.Float32 || !BitConverter.IsLittleEndian)
        {
            Read(name).ToFloats().CopyTo(into);
            return;
        }

        _file.Seek(_data + entry.Start);
        while (!into.IsEmpty)
        {
            Span<float> part = into[..Math.Min(into.Length, 1 << 23)];
            _file.Read(MemoryMarshal.AsBytes(part), name);
            into = into[part.Length..];
        }
    }

    /// <summary>
    /// A tensor's elements where the file lies in memory: nothing is read before it is looked at, and nothing is copied. The span ends with the reader:
    /// it must not be used after <see cref="Dispose"/>. The file must not be cut meanwhile; the operating system would end the process.
    /// </summary>
    /// <typeparam name="T">
    /// The .NET type of the elements, as for <see cref="NamedArray.ElementsAs"/>: <c>ushort</c> for BFloat16, <c>byte</c> for Boolean and 8-bit floats.
    /// </typeparam>
    /// <param name="name">The tensor. Where a writer did not pad its header, elements may lie across the usual boundaries of their type.</param>
    /// <exception cref="InvalidOperationException">The reader was opened from a stream that is no file.</exception>
    /// <exception cref="NotSupportedException">Tensors are never of this .NET type.</exception>
    /// <exception cref="PlatformNotSupportedException">The machine has its most significant byte first.</exception>
    /// <exception cref="FileFormatException">
    /// There is none of this name, its elements are of another type or more than a span can have, or the file was cut after it was opened.
    /// </exception>
    public ReadOnlySpan<T> View<T>(string name)
        where T : unmanaged
    {
        SafetensorsEntry entry = this[name];
        ElementType wanted = ElementTypes.Of(typeof(T));
        long count = entry.ByteCount / entry.Type.Size();
        if (entry.Type.Stored() != wanted)
        {
            throw new FileFormatException(
                Path, $"{wanted} in {FileFormatException.Quote(name)}", $"{entry.Type} {NamedArray.ShapeText(entry.Shape)}");
        }

        if (count > int.MaxValue) throw new FileFormatException(Path, $"at most {int.MaxValue} elements in {FileFormatException.Quote(name)}", $"{count}");
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("mapping needs a little-endian machine");
        if (count == 0) return [];
        _mapping ??= new FileMapping(
            _file.OnDisk ?? throw new InvalidOperationException($"{Path} was opened from a stream and not as a file: it cannot be mapped"), Path);
        return _mapping.Span<T>(_data + entry.Start, (int)count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping?.Dispose();
        _mapping = null;
        _file.Dispose();
    }
}
