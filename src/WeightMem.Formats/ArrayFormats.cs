using WeightMem.Formats.Cifar;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Idx;
using WeightMem.Formats.Lmdb;
using WeightMem.Formats.Matlab;
using WeightMem.Formats.Meshes;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Safetensors;
using WeightMem.Formats.Splits;
using WeightMem.Formats.Torch;
using WeightMem.Formats.Zip;

namespace WeightMem.Formats;

/// <summary>Tells kinds of files apart by their first bytes, or by their ending where those do not tell, and opens each as an <see cref="ArrayFile"/>.</summary>
internal static class ArrayFormats
{
    private const int HeadSize = 64;

    private static readonly Format[] All =
    [
        new([".h5", ".hdf5"], (head, _) => head.StartsWith<byte>([0x89, (byte)'H', (byte)'D', (byte)'F']), OpenHdf5),
        new([".npy"], (head, _) => head.StartsWith<byte>([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']), OpenNpy),
        new([".npz"], (head, _) => head.StartsWith("PK"u8), OpenZip),
        new([".idx", ".idx1-ubyte", ".idx3-ubyte", ".gz"], (head, _) => head.StartsWith<byte>([0, 0, 8]) || head.StartsWith<byte>([0x1F, 0x8B]), OpenIdx),
        new([".safetensors"], (head, length) => head.Length > 8 && head[8] == (byte)'{' && BitConverter.ToUInt64(head) < (ulong)length, OpenSafetensors),
        new([".mat"], (head, _) => head.StartsWith("MATLAB"u8), OpenMat),
        new([".ply"], (head, _) => head.StartsWith("ply\n"u8) || head.StartsWith("ply\r"u8), path => OpenMesh("PLY", path, PlyFile.Read)),
        new([".off"], (head, _) => head.StartsWith("OFF"u8), path => OpenMesh("OFF", path, OffFile.Read)),
        new([".obj"], (_, _) => false, path => OpenMesh("OBJ", path, ObjFile.Read)),
        new([".bin"], (_, _) => false, OpenCifar),
        new([".lst"], (_, _) => false, OpenSplit),
        new([".mdb"], (head, _) => head.Length > 20 && head[16..20].SequenceEqual<byte>([0xDE, 0xC0, 0xEF, 0xBE]), OpenLmdb),
        new([".pkl", ".pickle", ".pt", ".pth", ".ckpt"], (head, _) => head.Length > 1 && head[0] == 0x80 && head[1] is >= 2 and <= 5, OpenPickle),
    ];

    private delegate bool Recognises(ReadOnlySpan<byte> head, long length);

    /// <summary>All endings that are known, for errors and help.</summary>
    public static string Endings { get; } = string.Join(' ', All.SelectMany(f => f.Endings).Distinct());

    /// <summary>Opens a file of any known kind.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is of no known kind, or cut or damaged.</exception>
    public static ArrayFile Open(string path)
    {
        var head = new byte[HeadSize];
        long length;
        using (FileStream stream = FileReader.OpenStream(path))
        {
            length = stream.Length;
            head = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }

        if (length == 0) throw new FileFormatException(path, "a file with something in it", "an empty file");
        string ending = Path.GetExtension(path).ToLowerInvariant();
        Format? format = Array.Find(All, f => f.Recognises(head, length)) ?? Array.Find(All, f => f.Endings.Contains(ending));
        if (format is null)
            throw new FileFormatException(path, $"a file of a known kind ({Endings})", FileFormatException.Quote(head.AsSpan(0, Math.Min(8, head.Length))));
        return format.Open(path);
    }

    private static ArrayFile OpenHdf5(string path)
    {
        Hdf5Reader reader = Hdf5Reader.Open(path);
        var file = new ArrayFile(path, "HDF5", reader, Hdf5Checksum.Verify);
        foreach (Hdf5Dataset dataset in reader.Datasets)
        {
            if (dataset.Type is { } type) file.Add(new ArrayEntry(dataset.Path, type, dataset.Shape), () => reader.Read(dataset.Path));
            else file.Add(dataset.Path, $"{NamedArray.ShapeText(dataset.Shape)} elements that are no plain numbers");
        }

        foreach ((string name, string text) in reader.Texts("")) file.Add($"@{name}", FileFormatException.Quote(text));
        return file;
    }

    private static ArrayFile OpenNpy(string path)
    {
        var file = new ArrayFile(path, ".npy");
        file.Add(NpyFile.ReadEntry(path), () => NpyFile.Read(path));
        return file;
    }

    private static ArrayFile OpenZip(string path)
    {
        FileStream stream = FileReader.OpenStream(path);
        long length = stream.Length;
        ZipReader? zip = null;
        try
        {
            zip = new ZipReader(stream, path);
            if (TorchFile.IsArchive(zip)) return TorchTree.List(TorchFile.OpenArchive(zip), length);
            var file = new ArrayFile(path, ".npz", zip);
            foreach (ZipMember member in NpzFile.ArrayMembers(zip)) AddMember(file, zip, member);
            return file;
        }
        catch
        {
            zip?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    private static void AddMember(ArrayFile file, ZipReader zip, ZipMember member)
    {
        try
        {
            file.Add(NpzFile.ReadEntry(zip, member), () => NpzFile.Read(zip, member));
        }
        catch (FileFormatException error)
        {
            // One member of Python objects or texts does not spoil the others; reading the whole file as arrays does refuse it.
            file.Add(NpzFile.NameOf(member), $"not read: {error.Message[zip.PathOf(member).Length..].TrimStart(',', ':', ' ')}");
        }
    }

    private static ArrayFile OpenIdx(string path)
    {
        var file = new ArrayFile(path, "IDX");
        file.Add(IdxFile.Read(path));
        return file;
    }

    private static ArrayFile OpenSafetensors(string path)
    {
        SafetensorsReader reader = SafetensorsReader.Open(path);
        var file = new ArrayFile(path, "safetensors", reader, SafetensorsFile.Verify);
        foreach (SafetensorsEntry entry in reader.Entries) file.Add(new ArrayEntry(entry.Name, entry.Type, entry.Shape), () => reader.Read(entry.Name));
        foreach ((string name, string text) in reader.Metadata) file.Add($"@{name}", FileFormatException.Quote(text));
        return file;
    }

    private static ArrayFile OpenLmdb(string path)
    {
        LmdbReader reader = LmdbReader.Open(path);
        var file = new ArrayFile(path, "LMDB", reader);
        try
        {
            foreach (LmdbEntry entry in reader.Entries())
            {
                // Values are bytes without a type; G.pt's are float32, as are most whose length is a multiple of four.
                if (entry.IsDatabase) file.Add(entry.Name, "a named database: not read");
                else if (entry.Length % 4 == 0 && entry.Length > 0) file.Add(new ArrayEntry(entry.Name, ElementType.Float32, [entry.Length / 4]), () => Floats(reader, entry));
                else file.Add(entry.Name, $"{entry.Length} bytes");
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return file;
    }

    private static NamedArray Floats(LmdbReader reader, LmdbEntry entry)
    {
        byte[] bytes = reader.Read(entry);
        var values = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return NamedArray.Of(entry.Name, values, values.Length);
    }

    private static ArrayFile OpenMat(string path)
    {
        MatContents contents = MatFile.Read(path);
        var file = new ArrayFile(path, "MAT");
        foreach (NamedArray array in contents.Arrays) file.Add(array);
        foreach (MatEntry entry in contents.Skipped) file.Add(entry.Name, $"{entry.Class} {NamedArray.ShapeText(entry.Shape)}: not read");
        return file;
    }

    private static ArrayFile OpenMesh(string format, string path, Func<string, MeshData> read)
    {
        MeshData mesh = read(path);
        var file = new ArrayFile(path, format);
        file.Add(NamedArray.Of("vertices", mesh.Vertices, mesh.VertexCount, 3));
        if (mesh.TriangleCount > 0) file.Add(NamedArray.Of("triangles", mesh.Triangles, mesh.TriangleCount, 3));
        return file;
    }

    private static ArrayFile OpenCifar(string path)
    {
        CifarImages images = CifarFile.Read(path);
        var file = new ArrayFile(path, images.Kind == CifarKind.Cifar10 ? "CIFAR-10" : "CIFAR-100");
        file.Add(images.Images);
        if (images.CoarseLabels is { } coarse) file.Add(coarse);
        file.Add(images.Labels);
        return file;
    }

    private static ArrayFile OpenSplit(string path)
    {
        IReadOnlyList<string> ids = SplitFile.Read(path);
        var file = new ArrayFile(path, $"split of {ids.Count} ids");
        foreach (string id in ids) file.Add(id, "an id");
        return file;
    }

    private static ArrayFile OpenPickle(string path) => TorchTree.List(TorchFile.Open(path), new FileInfo(path).Length);

    private sealed record Format(string[] Endings, Recognises Recognises, Func<string, ArrayFile> Open);
}
