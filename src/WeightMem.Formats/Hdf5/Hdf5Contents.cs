using System.Reflection;
using System.Runtime.ExceptionServices;
using PureHDF;
using PureHDF.Selections;

namespace WeightMem.Formats.Hdf5;

/// <summary>
/// What is to be written to an HDF5 file: arrays, lists of texts, and attributes by path. Groups come into being with the paths that name
/// them. Datasets are stored contiguously, so that any reader can map or slice them.
/// </summary>
public sealed class Hdf5Contents
{
    /// <summary>Elements handed to the library at a time, so that arrays past its 2 GiB limit are written too.</summary>
    private const long BlockElements = 1 << 22;

    private readonly H5File _root = [];
    private readonly List<Action<H5NativeWriter>> _writes = [];

    /// <summary>Adds an array.</summary>
    /// <param name="path">Where, such as <c>layout/shapes</c>.</param>
    /// <param name="array">The array, of one dimension at least; its name is not used. It is not copied and must not change until written.</param>
    /// <param name="attributes">Whole numbers to attach to it.</param>
    /// <exception cref="ArgumentException">The array is a scalar, or the path is taken.</exception>
    /// <exception cref="NotSupportedException">The element type has no native HDF5 form here (Boolean, BFloat16).</exception>
    public void Add(string path, NamedArray array, params (string Name, long Value)[] attributes)
    {
        if (array.Shape.Length == 0) throw new ArgumentException($"{path}: a scalar belongs in an attribute");
        H5Dataset dataset = array.Type switch
        {
            ElementType.UInt8 => Dataset<byte>(array),
            ElementType.Int8 => Dataset<sbyte>(array),
            ElementType.UInt16 => Dataset<ushort>(array),
            ElementType.Int16 => Dataset<short>(array),
            ElementType.UInt32 => Dataset<uint>(array),
            ElementType.Int32 => Dataset<int>(array),
            ElementType.UInt64 => Dataset<ulong>(array),
            ElementType.Int64 => Dataset<long>(array),
            ElementType.Float16 => Dataset<Half>(array),
            ElementType.Float32 => Dataset<float>(array),
            ElementType.Float64 => Dataset<double>(array),
            _ => throw new NotSupportedException($"{path}: HDF5 files hold no {array.Type} here; convert it first"),
        };
        foreach ((string name, long value) in attributes) dataset.Attributes[name] = value;
        Place(path, dataset);
    }

    /// <summary>Adds a list of texts (variable-length UTF-8).</summary>
    /// <exception cref="ArgumentException">The path is taken.</exception>
    public void Add(string path, string[] texts) => Place(path, new H5Dataset<string[]>(texts));

    /// <summary>Attaches a text to a group, which comes into being; the empty path is the file itself.</summary>
    public void SetAttribute(string group, string name, string value) => Group(group).Attributes[name] = value;

    /// <summary>Attaches a whole number to a group, which comes into being; the empty path is the file itself.</summary>
    public void SetAttribute(string group, string name, long value) => Group(group).Attributes[name] = value;

    /// <summary>Makes a group, even if nothing is put into it.</summary>
    public void AddGroup(string path) => Group(path);

    /// <summary>Writes the file, atomically, with a checksum after its end.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public void Write(string path)
    {
        AtomicFile.WriteVia(path, temporary =>
        {
            try
            {
                // Data that come after the header may not be put in it: the library would lose them without a word.
                using (H5NativeWriter writer = _root.BeginWrite(temporary, new H5WriteOptions(PreferCompactDatasetLayout: false)))
                {
                    foreach (Action<H5NativeWriter> write in _writes) write(writer);
                }

                Hdf5Checksum.Append(temporary);
            }
            catch (TargetInvocationException error) when (error.InnerException is not null)
            {
                // The library writes by reflection, which wraps a full disk's IOException.
                ExceptionDispatchInfo.Throw(error.InnerException);
            }
        });
    }

    private H5Dataset<Memory<T>> Dataset<T>(NamedArray array)
        where T : unmanaged
    {
        var dataset = new H5Dataset<Memory<T>>(fileDims: [.. array.Shape.Select(s => (ulong)s)]);
        T[] elements = array.ElementsAs<T>()!;
        _writes.Add(writer =>
        {
            foreach ((HyperslabSelection block, int start, int count) in Hdf5Blocks.Of(array.Shape, 0, array.Shape[0], 1, BlockElements))
                writer.Write(dataset, elements.AsMemory(start, count), fileSelection: block);
        });
        return dataset;
    }

    private void Place(string path, object item)
    {
        int slash = path.LastIndexOf('/');
        H5Group group = Group(slash < 0 ? "" : path[..slash]);
        if (!group.TryAdd(path[(slash + 1)..], item)) throw new ArgumentException($"{path} is taken");
    }

    private H5Group Group(string path)
    {
        H5Group group = _root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!group.TryGetValue(name, out object? child)) group[name] = child = new H5Group();
            group = child as H5Group ?? throw new ArgumentException($"{path}: {name} is no group");
        }

        return group;
    }
}
