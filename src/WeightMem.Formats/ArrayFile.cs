namespace WeightMem.Formats;

/// <summary>One thing in a file: an array, or something else in a few words.</summary>
/// <param name="Name">Its name, unique in the file; the levels of a tree are separated by slashes. Empty for the file itself.</param>
/// <param name="Array">The array, or null.</param>
/// <param name="Text">What else it is, or null.</param>
public sealed record FileItem(string Name, ArrayEntry? Array, string? Text);

/// <summary>
/// A file of any known kind, open as a list of named arrays and of what else is in it. Arrays are read one by one when they are asked for. Not safe for
/// several threads at once.
/// </summary>
public sealed class ArrayFile : IDisposable
{
    private readonly List<FileItem> _items = [];
    private readonly Dictionary<string, Func<NamedArray>> _reads = [];
    private readonly IDisposable? _owner;
    private readonly Func<string, bool>? _verify;

    /// <param name="path">The file.</param>
    /// <param name="format">What kind of file it is.</param>
    /// <param name="owner">Closed with this.</param>
    /// <param name="verify">Compares the file with a checksum of all its bytes, where files of this kind may have one.</param>
    internal ArrayFile(string path, string format, IDisposable? owner = null, Func<string, bool>? verify = null) =>
        (Path, Format, _owner, _verify) = (path, format, owner, verify);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What kind of file it is, such as <c>safetensors</c>.</summary>
    public string Format { get; }

    /// <summary>Everything in the file's order.</summary>
    public IReadOnlyList<FileItem> Items => _items;

    /// <summary>The arrays in the file's order.</summary>
    public IEnumerable<ArrayEntry> Arrays => _items.Select(i => i.Array).OfType<ArrayEntry>();

    /// <summary>Opens a file by what it holds; where that does not tell, by its ending.</summary>
    /// <param name="path">The file.</param>
    /// <param name="verify">Whether a damaged file is refused: see <see cref="Verify"/>.</param>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is of no known kind, or cut or damaged.</exception>
    public static ArrayFile Open(string path, bool verify = true)
    {
        ArrayFile file = ArrayFormats.Open(path);
        try
        {
            if (verify) file.Verify();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Compares all bytes of the file with the checksum that this program adds to HDF5 and safetensors files. Those of a zip file's members are compared as they are read.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="FileReadException">The file is gone or not readable.</exception>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public bool Verify() => _verify?.Invoke(Path) ?? false;

    /// <summary>Reads one array.</summary>
    /// <exception cref="FileFormatException">There is none of this name, or it is cut or damaged.</exception>
    public NamedArray Read(string name) => _reads.TryGetValue(name, out Func<NamedArray>? read)
        ? read()
        : throw new FileFormatException(Path, $"an array {FileFormatException.Quote(name)}", $"{_reads.Count} arrays of other names");

    /// <inheritdoc/>
    public void Dispose() => _owner?.Dispose();

    /// <summary>Adds an array that is read when asked for.</summary>
    internal void Add(ArrayEntry entry, Func<NamedArray> read)
    {
        ArrayEntry unique = entry;
        for (int n = 2; !_reads.TryAdd(unique.Name, read); n++) unique = entry with { Name = $"{entry.Name}~{n}" };
        _items.Add(new FileItem(unique.Name, unique, null));
    }

    /// <summary>Adds an array that is in memory.</summary>
    internal void Add(NamedArray array) => Add(new ArrayEntry(array.Name, array.Type, array.Shape), () => array);

    /// <summary>Adds something that is no array.</summary>
    internal void Add(string name, string text) => _items.Add(new FileItem(name, null, text));
}
