using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Safetensors;
using WeightMem.Formats.Torch;

namespace WeightMem.Benchmarks;

/// <summary>Reads and writes of large files of float32, beside plain reads and writes of the same bytes.</summary>
internal sealed class FileRows
{
    private const int Columns = 4096;
    private const int RowsAtATime = 256;

    private readonly string _folder;
    private readonly NamedArray _large;
    private readonly NamedArray _small;

    /// <summary>Makes the arrays; files are written when rows are asked for.</summary>
    /// <param name="folder">Where files are written, and deleted again.</param>
    /// <param name="bytes">Size of the large files; the small ones have a tenth.</param>
    public FileRows(string folder, long bytes)
    {
        _folder = folder;
        _large = Array(bytes);
        _small = Array(bytes / 10);
    }

    /// <summary>All rows. The files of one are deleted when the next is asked for.</summary>
    public IEnumerable<FileRow> All()
    {
        foreach (FileRow row in Reads()) yield return row;
        yield return Write(".npy", path => NpyFile.Write(path, _large));
        yield return Write(".safetensors", path => SafetensorsFile.Write(path, [_large]));
        yield return Write(".pt", path => TorchWriter.Write(path, [_large]));
    }

    private IEnumerable<FileRow> Reads()
    {
        using (var file = new WrittenFile(_folder, ".npy", path => NpyFile.Write(path, _large)))
            yield return Row("read .npy", file, () => NpyFile.Read(file.Path), _large);
        using (var file = new WrittenFile(_folder, ".safetensors", path => SafetensorsFile.Write(path, [_large])))
        {
            yield return Row("read .safetensors", file, () => ReadTensor(file.Path), _large);
            double sum = Sum(_large.ElementsAs<float>());
            yield return new FileRow(
                "sum of a view of .safetensors; floor: plain read, sum", file.Bytes, () => SumOfView(file.Path), () => SumOfRead(file.Path), got => (double)got! == sum);
        }

        using (var file = new WrittenFile(_folder, ".h5", WriteHdf5))
        {
            yield return Row("read .h5, contiguous", file, () => ReadDataset(file.Path), _large);
            yield return Row($"read .h5, {RowsAtATime} rows of {Columns} at a time", file, () => ReadRows(file.Path), _large);
        }

        using (var file = new WrittenFile(_folder, ".pt", path => TorchWriter.Write(path, [_small])))
            yield return Row("read .pt, zip form", file, () => ReadFirst(file.Path), _small);
        using (var file = new WrittenFile(_folder, ".pt", path => WriteTorchStream(path, _small)))
            yield return Row("read .pt, stream form", file, () => ReadFirst(file.Path), _small);
        using (var file = new WrittenFile(_folder, ".npz", path => NpzFile.Write(path, [_small])))
            yield return Row("read .npz, stored, checksum compared", file, () => NpzFile.Read(file.Path)[0], _small);
    }

    private static FileRow Row(string name, WrittenFile file, Func<NamedArray> read, NamedArray expected)
    {
        return new FileRow(
            name, file.Bytes, read, () => PlainRead(file.Path), got => ((NamedArray)got!).ElementsAs<float>().AsSpan().SequenceEqual(expected.ElementsAs<float>()));
    }

    private FileRow Write(string extension, Action<string> write)
    {
        string path = Path.Combine(_folder, "written" + extension);
        write(path);
        byte[] same = File.ReadAllBytes(path);
        File.Delete(path);
        return new FileRow($"write {extension}, to the disk", same.LongLength, () => Run(() => write(path)), () => Run(() => PlainWrite(path, same)), _ => true);

        // A file that is written anew costs the system less than one that is replaced: both write anew.
        object? Run(Action action)
        {
            action();
            File.Delete(path);
            return null;
        }
    }

    /// <summary>The least: one read into new memory, as a caller who knows the file's length and form would do it.</summary>
    private static float[] PlainRead(string path)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(handle), at = 0;
        float[] all = GC.AllocateUninitializedArray<float>((int)((length + 3) / 4));
        while (at < length)
        {
            // A span of bytes holds fewer than 2^31 of them.
            Span<float> rest = all.AsSpan((int)(at / 4));
            int got = RandomAccess.Read(handle, MemoryMarshal.AsBytes(rest[..Math.Min(rest.Length, 1 << 28)]), at);
            if (got == 0) break;
            at += got;
        }

        return all;
    }

    private static void PlainWrite(string path, byte[] bytes)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    private static NamedArray ReadTensor(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return reader.Read("weights");
    }

    private static double SumOfView(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return Sum(reader.View<float>("weights"));
    }

    private double SumOfRead(string path)
    {
        // What comes before the elements is a few words long; here they are left out at the end.
        float[] all = PlainRead(path);
        return Sum(all.AsSpan(0, (int)_large.Count));
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        // As fast as memory allows: four sums side by side.
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<float> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i + 3 < vectors.Length; i += 4) (a, b, c, d) = (a + vectors[i], b + vectors[i + 1], c + vectors[i + 2], d + vectors[i + 3]);
        double sum = Vector.Sum(a + b + c + d);
        foreach (float value in values[(i * Vector<float>.Count)..]) sum += value;
        return sum;
    }

    private static NamedArray ReadDataset(string path)
    {
        using Hdf5Reader reader = Hdf5Reader.Open(path);
        return reader.Read("weights");
    }

    private NamedArray ReadRows(string path)
    {
        using Hdf5Reader reader = Hdf5Reader.Open(path);
        float[] all = GC.AllocateUninitializedArray<float>((int)_large.Count);
        for (long row = 0; row < _large.Shape[0]; row += RowsAtATime)
        {
            int rows = (int)Math.Min(RowsAtATime, _large.Shape[0] - row);
            reader.ReadRows<float>("weights", row, all.AsMemory((int)(row * Columns), rows * Columns));
        }

        return NamedArray.Of("weights", all, _large.Shape);
    }

    private static NamedArray ReadFirst(string path)
    {
        using ArrayFile file = ArrayFile.Open(path);
        return file.Read(file.Arrays.First().Name);
    }

    private void WriteHdf5(string path)
    {
        var contents = new Hdf5Contents();
        contents.Add("weights", _large);
        contents.Write(path);
    }

    /// <summary>PyTorch's form before 1.6, opcode by opcode: magic number, version, machine, one tensor, the key of its storage, then the storage.</summary>
    private static void WriteTorchStream(string path, NamedArray array)
    {
        using FileStream to = File.Create(path);
        to.Write([0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xE9, 3, (byte)'.', 0x80, 2, (byte)'}', (byte)'.']);
        to.Write([0x80, 2]);
        to.Write(Encoding.Latin1.GetBytes("ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpu"));
        WriteInt((int)array.Count);
        to.Write("NtQK\0("u8);
        foreach (long size in array.Shape) WriteInt((int)size);
        to.Write("t("u8);
        WriteInt(Columns);
        WriteInt(1);
        to.Write([(byte)'t', 0x89]);
        to.Write("ccollections\nOrderedDict\n)RtR."u8);
        to.Write(Encoding.Latin1.GetBytes("\u0080\u0002]X\u0001\0\0\00a."));
        Span<byte> count = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(count, array.Count);
        to.Write(count);
        to.Write(MemoryMarshal.AsBytes(array.ElementsAs<float>().AsSpan()));

        void WriteInt(int value)
        {
            to.WriteByte((byte)'J');
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            to.Write(bytes);
        }
    }

    private static NamedArray Array(long bytes)
    {
        int rows = (int)(bytes / sizeof(float) / Columns);
        float[] values = GC.AllocateUninitializedArray<float>(rows * Columns);
        for (int i = 0; i < values.Length; i++) values[i] = i % 1021 - 510;
        return NamedArray.Of("weights", values, rows, Columns);
    }

    /// <summary>A file that was just written, so that the system has it in memory.</summary>
    private sealed class WrittenFile : IDisposable
    {
        public WrittenFile(string folder, string extension, Action<string> write)
        {
            Path = System.IO.Path.Combine(folder, "read" + extension);
            write(Path);
            Bytes = new FileInfo(Path).Length;
        }

        public string Path { get; }

        public long Bytes { get; }

        public void Dispose() => File.Delete(Path);
    }
}
