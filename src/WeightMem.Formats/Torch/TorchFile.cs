using System.Text;
using WeightMem.Formats.Pickle;
using WeightMem.Formats.Zip;

namespace WeightMem.Formats.Torch;

/// <summary>
/// PyTorch's <c>.pt</c>, <c>.pth</c> and <c>.ckpt</c> files: the zip form, the stream form from before PyTorch 1.6, and plain pickles. The pickled object comes as
/// inert values (<see cref="PickleObject"/>): classes are names, nothing is called, so files of strangers are safe to read. Tensors are read one by one.
/// Checksums are not compared, as PyTorch can be told to write none. Not safe for several threads at once.
/// </summary>
public sealed class TorchFile : IDisposable
{
    private readonly IDisposable _owner;
    private readonly TorchStorages _storages;

    private TorchFile(string form, object? root, TorchStorages storages, IDisposable owner) =>
        (Form, Root, _storages, _owner) = (form, root, storages, owner);

    /// <summary>The file.</summary>
    public string Path => _storages.Path;

    /// <summary>Which form: <c>PyTorch zip</c>, <c>PyTorch stream</c> or <c>pickle</c>.</summary>
    public string Form { get; }

    /// <summary>The pickled object; see <see cref="PickleConventions"/> for reading it.</summary>
    public object? Root { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is in none of the forms, or it is cut or damaged.</exception>
    public static TorchFile Open(string path) => Open(FileReader.OpenStream(path), path);

    /// <summary>Opens a seekable stream, which is closed with the file; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static TorchFile Open(Stream stream, string path)
    {
        try
        {
            Span<byte> magic = stackalloc byte[2];
            int got = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
            stream.Position = 0;
            if (got == 2 && magic.SequenceEqual("PK"u8)) return OpenArchive(new ZipReader(stream, path));
            var file = new FileReader(stream, path);
            object? first = ReadFirst(file, magic[..got]);
            if (TorchStream.IsMagic(first))
            {
                (object? root, TorchStorages storages) = TorchStream.ReadAfterMagic(file);
                return new TorchFile("PyTorch stream", root, storages, file);
            }

            if (file.Remaining > 0) throw new FileFormatException(path, file.Position, "the end of the file after a pickle", $"{file.Remaining} more bytes");
            return new TorchFile("pickle", first, new TorchStorages(path, _ => null), file);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Whether a zip file's members look like PyTorch's.</summary>
    internal static bool IsArchive(ZipReader zip) => Pickle(zip) is not null;

    /// <summary>Opens an archive, which is closed with the file.</summary>
    internal static TorchFile OpenArchive(ZipReader zip)
    {
        ZipMember pickle = Pickle(zip) ?? throw new FileFormatException(zip.Path, "a member data.pkl, as PyTorch's files have", $"{zip.Members.Count} other members");
        string prefix = pickle.Name[..^"data.pkl".Length];
        bool bigEndian = zip.Find(prefix + "byteorder") is { } order && order.Length < 16 && ReadText(zip, order).Trim() == "big";
        object? root;
        using (FileReader file = zip.Open(pickle, verify: false)) root = PickleReader.Read(file);
        var storages = new TorchStorages(zip.Path, key => zip.Find($"{prefix}data/{key}") is { } member ? Storage(zip, member, bigEndian) : null);
        return new TorchFile("PyTorch zip", root, storages, zip);
    }

    /// <summary>The tensor or NumPy array that a pickled value stands for, or null when it is neither. Nothing is read yet.</summary>
    /// <param name="value">A value of <see cref="Root"/>.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="FileFormatException">It is one, but damaged.</exception>
    public ArrayEntry? Find(object? value, string name, out Func<NamedArray> read)
    {
        if (TorchTensor.From(value, _storages) is { } tensor)
        {
            read = () => tensor.Read(name);
            return new ArrayEntry(name, tensor.Type, tensor.Shape);
        }

        if (value is PickleObject made && Numpy.NumpyPickle.IsArray(made))
        {
            NamedArray array = Numpy.NumpyPickle.Read(made, name, Path);
            read = () => array;
            return new ArrayEntry(name, array.Type, array.Shape);
        }

        read = () => throw new InvalidOperationException($"{name} is no array");
        return null;
    }

    /// <summary>Reads the tensor or NumPy array that a pickled value stands for, or null when it is neither.</summary>
    /// <exception cref="FileFormatException">It is one, but cut or damaged.</exception>
    public NamedArray? Read(object? value, string name) => Find(value, name, out Func<NamedArray> read) is null ? null : read();

    /// <inheritdoc/>
    public void Dispose() => _owner.Dispose();

    private static object? ReadFirst(FileReader file, ReadOnlySpan<byte> head)
    {
        const int Start = 64;
        bool marked = head.Length > 0 && head[0] == PickleOpcode.Protocol;
        try
        {
            return PickleReader.Read(file);
        }
        catch (FileFormatException error) when (!marked && error.Offset < Start)
        {
            // Almost any text starts as a pickle of protocol 0 might: what went wrong at its fifth letter would tell nobody anything.
            string found = head.Length == 0 ? "an empty file" : FileFormatException.Quote(head);
            throw new FileFormatException(file.Path, 0, "a PyTorch file or a pickle (50 4B, or 80 and the protocol)", found, error);
        }
    }

    private static ZipMember? Pickle(ZipReader zip) =>
        zip.Members.FirstOrDefault(m => m.Name == "data.pkl" || (m.Name.EndsWith("/data.pkl", StringComparison.Ordinal) && m.Name.Count(c => c == '/') == 1));

    private static string ReadText(ZipReader zip, ZipMember member)
    {
        using FileReader file = zip.Open(member, verify: false);
        var bytes = new byte[member.Length];
        file.Read(bytes, member.Name);
        return Encoding.UTF8.GetString(bytes);
    }

    private static TorchStorage Storage(ZipReader zip, ZipMember member, bool bigEndian)
    {
        if (!member.Deflated) return new TorchStorage(zip.File, zip.DataStart(member), member.Length, bigEndian);

        // PyTorch stores; someone packed the file again. A tensor may start anywhere in it, so it is inflated whole.
        using FileReader file = zip.Open(member, verify: false);
        if (member.Length > Array.MaxLength) throw new FileFormatException(zip.Path, $"storages of at most {Array.MaxLength} deflated bytes", $"{member.Length}");
        var bytes = new byte[member.Length];
        file.Read(bytes, member.Name);
        return new TorchStorage(new FileReader(new MemoryStream(bytes), zip.PathOf(member)), 0, member.Length, bigEndian);
    }
}
