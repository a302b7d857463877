using System.Text;
using PureHDF;
using PureHDF.VOL.Native;

namespace WeightMem.Formats.Hdf5;

/// <summary>One dataset of an HDF5 file.</summary>
/// <param name="Path">Its path from the root, such as <c>layout/shapes</c>.</param>
/// <param name="Type">What the elements are, or null when they are no numbers that can be read here.</param>
/// <param name="Shape">The sizes; empty for a scalar.</param>
public sealed record Hdf5Dataset(string Path, ElementType? Type, long[] Shape);

/// <summary>
/// An HDF5 file open for reading: numbers of either byte order in any layout, deflate, shuffle and checksum filters, texts, attributes. Links out of
/// the file are not followed. Not safe for several threads at once.
/// </summary>
public sealed class Hdf5Reader : IDisposable
{
    private const int DeepestGroup = 16;
    private const int MostDatasets = 10_000;
    private const int MostMissingChunks = 1 << 16;

    /// <summary>Bytes that any chunk takes at least: its address.</summary>
    private const int SmallestChunkRecord = 8;

    private readonly NativeFile _file;
    private readonly long _length;
    private readonly Dictionary<string, (Hdf5Dataset Info, IH5Dataset Data)> _datasets = [];

    private Hdf5Reader(string path, NativeFile file, long length) => (Path, _file, _length) = (path, file, length);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>All datasets, by path.</summary>
    public IReadOnlyList<Hdf5Dataset> Datasets => [.. _datasets.Values.Select(d => d.Info).OrderBy(d => d.Path, StringComparer.Ordinal)];

    /// <summary>Opens a file and lists its datasets.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">This is no HDF5 file, or it is cut or damaged.</exception>
    public static Hdf5Reader Open(string path) => Open(FileReader.OpenStream(path), path);

    /// <summary>Opens a seekable stream, which is closed with the reader; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static Hdf5Reader Open(Stream stream, string path)
    {
        try
        {
            Hdf5Superblock.Check(stream, path);
            stream.Position = 0;
            long length = stream.Length;
            Hdf5Reader reader = Clean(path, "a readable HDF5 file", () => new Hdf5Reader(path, H5File.Open(stream, leaveOpen: false), length));
            Clean(path, "a readable tree of groups", () =>
            {
                reader.List(reader._file, "", 0);
                return true;
            });
            return reader;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The dataset at a path, or null.</summary>
    public Hdf5Dataset? Find(string path) => _datasets.TryGetValue(path, out (Hdf5Dataset Info, IH5Dataset) found) ? found.Info : null;

    /// <summary>Reads a dataset of numbers in its own type.</summary>
    /// <exception cref="FileFormatException">There is none at this path, it holds no numbers, is too large for its file, or is damaged.</exception>
    public NamedArray Read(string path)
    {
        CheckSize(path);
        (Hdf5Dataset info, IH5Dataset data) = Get(path);
        ElementType type = info.Type!.Value;
        NamedArray array = NamedArray.Empty(info.Path, type, info.Shape, NamedArray.CountOf(info.Shape)!.Value);
        return Clean(Path, $"readable data in dataset {path}", () =>
        {
            switch (type)
            {
                case ElementType.UInt8: Fill<byte>(array, data); break;
                case ElementType.Int8: Fill<sbyte>(array, data); break;
                case ElementType.UInt16: Fill<ushort>(array, data); break;
                case ElementType.Int16: Fill<short>(array, data); break;
                case ElementType.UInt32: Fill<uint>(array, data); break;
                case ElementType.Int32: Fill<int>(array, data); break;
                case ElementType.UInt64: Fill<ulong>(array, data); break;
                case ElementType.Int64: Fill<long>(array, data); break;
                case ElementType.Float16: Fill<Half>(array, data); break;
                case ElementType.Float32: Fill<float>(array, data); break;
                default: Fill<double>(array, data); break;
            }

            return array;
        });
    }

    /// <summary>Checks that datasets hold numbers, and together no more than their file can hold, before memory is asked for them.</summary>
    /// <exception cref="FileFormatException">There is none at a path, it holds no numbers, or they are too large for the file.</exception>
    public void CheckSize(params IEnumerable<string> paths)
    {
        long left = Inflation.Limit(_length);
        foreach (string path in paths)
        {
            (Hdf5Dataset info, IH5Dataset data) = Get(path);
            if (info.Type is not { } type) throw new FileFormatException(Path, $"numbers in dataset {path}", $"{data.Type.Class} elements");
            if (NamedArray.CountOf(info.Shape) is not { } count || count > Array.MaxLength || count * type.Size() > left)
            {
                throw new FileFormatException(
                    Path, $"dataset {path} to fit its file of {_length} bytes", $"{type} {NamedArray.ShapeText(info.Shape)}");
            }

            left -= count * type.Size();
        }
    }

    /// <summary>
    /// Reads some rows of a dataset of numbers: slices of its first dimension, one after the other. Only they are read from the file, and of a
    /// dataset in chunks every chunk that holds a part of them: then ask for <see cref="RowsPerChunk"/> at a time.
    /// </summary>
    /// <typeparam name="T">The .NET type of the elements, such as <c>float</c> for <see cref="ElementType.Float32"/>.</typeparam>
    /// <param name="path">The dataset.</param>
    /// <param name="firstRow">The first row, from 0.</param>
    /// <param name="into">Gets the elements; its length is a whole number of rows.</param>
    /// <exception cref="ArgumentException">The length is no whole number of rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    /// <exception cref="FileFormatException">There is no dataset of this path and type with rows, or it is damaged.</exception>
    public void ReadRows<T>(string path, long firstRow, Memory<T> into)
        where T : unmanaged
    {
        (Hdf5Dataset info, IH5Dataset data) = Get(path);
        ElementType wanted = ElementTypes.Of(typeof(T));
        if (info.Type != wanted || info.Shape.Length == 0 || NamedArray.CountOf(info.Shape) is null)
        {
            string found = $"{(info.Type is { } type ? $"{type}" : $"{data.Type.Class}")} {NamedArray.ShapeText(info.Shape)}";
            throw new FileFormatException(Path, $"rows of {wanted} in dataset {path}", found);
        }

        long row = NamedArray.CountOf(info.Shape.AsSpan(1))!.Value, rows = row == 0 ? 0 : into.Length / row;
        if (rows * row != into.Length) throw new ArgumentException($"{into.Length} elements are no whole number of rows of {row}");
        if (firstRow < 0 || firstRow > info.Shape[0] - rows)
            throw new ArgumentOutOfRangeException(nameof(firstRow), $"rows {firstRow} to {firstRow + rows - 1} of {info.Shape[0]}");
        Clean(Path, $"readable data in dataset {path}", () =>
        {
            Hdf5Numbers.ReadRows(data, info.Shape, firstRow, rows, into, ChunkRows(path, info, data));
            return true;
        });
    }

    /// <summary>Rows of a chunk, which are read at once: 1 when the dataset is not in chunks.</summary>
    /// <exception cref="FileFormatException">There is none at this path, or its chunks are larger than its file can hold.</exception>
    public long RowsPerChunk(string path)
    {
        (Hdf5Dataset info, IH5Dataset data) = Get(path);
        return ChunkRows(path, info, data);
    }

    /// <summary>Reads a list of texts.</summary>
    /// <exception cref="FileFormatException">There is none at this path, or it is damaged.</exception>
    public string[] ReadTexts(string path)
    {
        (Hdf5Dataset info, IH5Dataset data) = Get(path);
        if (data.Type.Class is not (H5DataTypeClass.VariableLength or H5DataTypeClass.String) || info.Shape.Length != 1)
            throw new FileFormatException(Path, $"a list of texts in dataset {path}", $"{data.Type.Class} {NamedArray.ShapeText(info.Shape)}");

        // A text takes at least its reference or its length, and never nothing.
        if (info.Shape[0] > _length) throw new FileFormatException(Path, $"dataset {path} to fit its file", NamedArray.ShapeText(info.Shape));
        return Clean(Path, $"readable texts in dataset {path}", () => data.Read<string[]>());
    }

    /// <summary>The text attributes of a group or dataset by name; those of other kinds are left out. The empty path is the file itself.</summary>
    /// <exception cref="FileFormatException">They are damaged.</exception>
    public IReadOnlyDictionary<string, string> Texts(string path)
    {
        return Clean(Path, $"readable attributes of {(path.Length == 0 ? "the file" : path)}", () =>
        {
            var texts = new Dictionary<string, string>();
            foreach (IH5Attribute attribute in Object(path)?.Attributes() ?? [])
            {
                if (attribute.Type.Class is H5DataTypeClass.VariableLength or H5DataTypeClass.String && attribute.Space.Type == H5DataspaceType.Scalar)
                    texts[attribute.Name] = attribute.Read<string>();
            }

            return texts;
        });
    }

    /// <summary>A text attribute, or null when there is none of this name.</summary>
    /// <exception cref="FileFormatException">It is damaged.</exception>
    public string? Text(string path, string name) => Texts(path).GetValueOrDefault(name);

    /// <summary>A whole-number attribute of 4 or 8 bytes, or null when there is none of this name.</summary>
    /// <exception cref="FileFormatException">It is damaged.</exception>
    public long? Integer(string path, string name)
    {
        return Clean(Path, $"a readable attribute {name}", () =>
        {
            if (Object(path) is not { } item || !item.AttributeExists(name)) return (long?)null;
            IH5Attribute attribute = item.Attribute(name);
            if (attribute.Type.Class != H5DataTypeClass.FixedPoint || attribute.Space.Type != H5DataspaceType.Scalar) return null;
            return attribute.Type.Size switch { 4 => attribute.Read<int>(), 8 => attribute.Read<long>(), _ => null };
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Fill<T>(NamedArray array, IH5Dataset data)
        where T : unmanaged
    {
        T[] elements = array.ElementsAs<T>()!;
        (Hdf5Dataset info, _) = Get(array.Name);
        if (array.Shape.Length == 0) Hdf5Numbers.ReadScalar(data, elements);
        else Hdf5Numbers.ReadRows(data, array.Shape, 0, array.Shape[0], elements.AsMemory(), ChunkRows(array.Name, info, data));
    }

    private long ChunkRows(string path, Hdf5Dataset info, IH5Dataset data)
    {
        if (data.Layout.Class != H5DataLayoutClass.Chunked || data.Layout.Chunks is not { Length: > 0 } chunks) return 1;

        // A chunk is inflated as a whole, however little of it is asked for.
        long[] sizes = [.. chunks.Select(c => (long)Math.Min(c, long.MaxValue))];
        if (NamedArray.CountOf(sizes) is not { } count || count > Inflation.Limit(_length) / (info.Type?.Size() ?? 1))
            throw new FileFormatException(Path, $"chunks of dataset {path} to fit its file of {_length} bytes", NamedArray.ShapeText(sizes));

        // Each chunk is looked up by itself, also one that the file lacks and that reads as zeros: a small file may not ask for millions.
        long most = Math.Max(MostMissingChunks, _length / SmallestChunkRecord), all = 1;
        for (int i = 0; i < Math.Min(sizes.Length, info.Shape.Length); i++)
        {
            long along = info.Shape[i] == 0 || sizes[i] == 0 ? 1 : (info.Shape[i] - 1) / sizes[i] + 1;
            if (along > most / all) throw new FileFormatException(Path, $"at most {most} chunks of dataset {path} in a file of {_length} bytes", "more");
            all *= along;
        }

        return Math.Clamp(sizes[0], 1, int.MaxValue);
    }

    private static ElementType? TypeOf(IH5DataType type) => (type.Class, type.Size) switch
    {
        (H5DataTypeClass.FloatingPoint, 2) => ElementType.Float16,
        (H5DataTypeClass.FloatingPoint, 4) => ElementType.Float32,
        (H5DataTypeClass.FloatingPoint, 8) => ElementType.Float64,
        (H5DataTypeClass.FixedPoint, 1) => type.FixedPoint.IsSigned ? ElementType.Int8 : ElementType.UInt8,
        (H5DataTypeClass.FixedPoint, 2) => type.FixedPoint.IsSigned ? ElementType.Int16 : ElementType.UInt16,
        (H5DataTypeClass.FixedPoint, 4) => type.FixedPoint.IsSigned ? ElementType.Int32 : ElementType.UInt32,
        (H5DataTypeClass.FixedPoint, 8) => type.FixedPoint.IsSigned ? ElementType.Int64 : ElementType.UInt64,
        _ => null,
    };

    /// <summary>Whatever the library throws on a damaged file becomes one line that names the file.</summary>
    private static T Clean<T>(string path, string expected, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (OutOfMemoryException error)
        {
            // What is asked for here was checked before; the library itself takes damaged sizes at their word.
            throw new FileFormatException(path, expected, "sizes that ask for more memory than there is", error);
        }
        catch (Exception error) when (error is not FileFormatException)
        {
            Exception cause = error;
            while (cause.InnerException is { } inner) cause = inner;
            string text = cause.Message.ReplaceLineEndings(" ");
            throw new FileFormatException(path, expected, $"an error of the reader: {text}", error);
        }
    }

    private (Hdf5Dataset Info, IH5Dataset Data) Get(string path) => _datasets.TryGetValue(path, out (Hdf5Dataset, IH5Dataset) found)
        ? found
        : throw new FileFormatException(Path, $"a dataset {path}", Summary());

    private string Summary()
    {
        if (_datasets.Count == 0) return "no datasets";
        var text = new StringBuilder();
        foreach (Hdf5Dataset dataset in Datasets.Take(6)) text.Append(text.Length == 0 ? "" : ", ").Append(dataset.Path);
        return _datasets.Count > 6 ? $"{text} and {_datasets.Count - 6} more" : text.ToString();
    }

    private IH5Object? Object(string path)
    {
        if (path.Length == 0) return _file;
        if (_datasets.TryGetValue(path, out (Hdf5Dataset, IH5Dataset Data) found)) return found.Data;
        return _file.LinkExists(path) ? _file.Get(path) : null;
    }

    private void List(IH5Group group, string prefix, int depth)
    {
        if (depth > DeepestGroup) throw new FileFormatException(Path, $"groups at most {DeepestGroup} deep", "deeper ones");
        foreach (IH5Object child in group.Children())
        {
            string path = prefix + child.Name;
            if (child is IH5Group inner)
            {
                List(inner, path + "/", depth + 1);
            }
            else if (child is IH5Dataset dataset)
            {
                if (_datasets.Count >= MostDatasets) throw new FileFormatException(Path, $"at most {MostDatasets} datasets", "more");
                long[] shape = [.. dataset.Space.Dimensions.Select(d => (long)Math.Min(d, long.MaxValue))];
                _datasets[path] = (new Hdf5Dataset(path, TypeOf(dataset.Type), shape), dataset);
            }
        }
    }
}
