using WeightMem.Formats;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Idx;
using WeightMem.Formats.Meshes;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Safetensors;
using WeightMem.Formats.Torch;

namespace WeightMem.Models.Conversions;

/// <summary>Writes arrays as a file of the kind that its ending names.</summary>
public static class ArrayOutput
{
    /// <summary>The endings of the kinds that can be written.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".npy", ".npz", ".safetensors", ".pt", ".pth", ".h5", ".hdf5", ".idx", ".gz", .. MeshFile.Endings];

    /// <summary>Refuses an output of a kind that is not written, before anything is read.</summary>
    /// <exception cref="ArgumentException">The ending is unknown.</exception>
    public static void Check(string path)
    {
        if (!Endings.Contains(Ending(path))) throw new ArgumentException($"{path}: an output ends in {string.Join(' ', Endings)} {ShardsOutput.Ending}, not in '{Ending(path)}'");
    }

    /// <summary>Whether a path's ending is HDF5's.</summary>
    public static bool IsHdf5(string path) => Ending(path) is ".h5" or ".hdf5";

    /// <summary>Writes arrays.</summary>
    /// <returns>What was written, in one line.</returns>
    /// <exception cref="ArgumentException">The kind of file cannot hold the arrays.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static string Write(string path, IReadOnlyList<NamedArray> arrays)
    {
        string ending = Ending(path);
        NamedArray[] fitting = [.. arrays.Select(a => Fit(a, ending))];
        switch (ending)
        {
            case ".npy": NpyFile.Write(path, Single(path, fitting)); break;
            case ".npz": NpzFile.Write(path, fitting); break;
            case ".safetensors": SafetensorsFile.Write(path, fitting); break;
            case ".pt" or ".pth": TorchWriter.Write(path, fitting); break;
            case ".idx" or ".gz": IdxFile.Write(path, Single(path, fitting)); break;
            case ".obj" or ".off" or ".ply": MeshFile.Write(path, Mesh(path, fitting)); break;
            default:
                var contents = new Hdf5Contents();
                foreach (NamedArray array in fitting) contents.Add(array.Name, array);
                contents.Write(path);
                break;
        }

        string[] changed = [.. arrays.Zip(fitting).Where(p => p.First.Type != p.Second.Type).Select(p => $"{p.First.Name} as {p.Second.Type}")];
        string note = changed.Length == 0 ? "" : $" ({string.Join(", ", changed.Take(4))}{(changed.Length > 4 ? $" and {changed.Length - 4} more" : "")})";
        return $"{path}: {(fitting.Length == 1 ? fitting[0].ToString() : $"{fitting.Length} arrays")}, {fitting.Sum(a => a.ByteCount)} bytes{note}";
    }

    private static string Ending(string path) => Path.GetExtension(path).ToLowerInvariant();

    private static NamedArray Single(string path, NamedArray[] arrays) => arrays.Length == 1
        ? arrays[0]
        : throw new ArgumentException($"{path} holds one array, not {arrays.Length}: choose one with --part");

    /// <summary>The mesh of arrays <c>vertices</c> [n, 3] and <c>triangles</c> [t, 3], or the point cloud of one array [n, 3].</summary>
    private static MeshData Mesh(string path, NamedArray[] arrays)
    {
        NamedArray? vertices = arrays.Length == 1 ? arrays[0] : Array.Find(arrays, a => a.Name == "vertices"), triangles = Array.Find(arrays, a => a.Name == "triangles");
        if (vertices?.Shape is not [_, 3] || vertices.Type.IsComplex())
            throw new ArgumentException($"{path} takes one array [n, 3], or vertices [n, 3] and triangles [t, 3], not {string.Join(", ", arrays.Take(4).Select(a => a.ToString()))}");
        if (triangles is null) return new MeshData(vertices.ToDoubles(), []);
        if (triangles.Shape is not [_, 3] || triangles.Type.IsFloat() || triangles.Type.IsComplex()) throw new ArgumentException($"{triangles}: triangles are whole numbers [t, 3]");
        return new MeshData(vertices.ToDoubles(), Array.ConvertAll(triangles.ToLongs(), corner => corner is >= 0 and <= int.MaxValue ? (int)corner : -1));
    }

    /// <summary>An array in a type that the kind of file has.</summary>
    private static NamedArray Fit(NamedArray array, string ending)
    {
        bool narrow = array.Type is ElementType.BFloat16 or ElementType.Float8E4M3 or ElementType.Float8E5M2;
        return ending switch
        {
            ".npy" or ".npz" when narrow => NamedArray.Of(array.Name, array.ToFloats(), array.Shape),
            ".h5" or ".hdf5" => FitHdf5(array, narrow),
            ".safetensors" when array.Type == ElementType.Complex128 => throw new ArgumentException($"{array}: safetensors files have no such type"),
            _ => array,
        };
    }

    private static NamedArray FitHdf5(NamedArray array, bool narrow)
    {
        if (array.Type.IsComplex()) throw new ArgumentException($"{array}: HDF5 files have no such type");
        long[] shape = array.Shape.Length == 0 ? [1] : array.Shape;
        if (narrow) return NamedArray.Of(array.Name, array.ToFloats(), shape);
        return array.Type == ElementType.Boolean ? NamedArray.Of(array.Name, array.ElementsAs<byte>()!, shape) : array.As(array.Name, shape);
    }
}
