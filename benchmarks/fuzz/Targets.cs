using System.Text;
using WeightMem.Formats;
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

namespace WeightMem.Fuzz;

/// <summary>All readers under test.</summary>
internal static class Targets
{
    /// <summary>Opcodes of pickles with arguments, alone and in pairs that do something.</summary>
    private static readonly IReadOnlyList<byte[]> PickleTokens =
    [
        .. "(.012FIJKLMNPQRSTUVXabcd}eghijloprs)tuGBC]q"u8.ToArray().Select(b => new[] { b }),
        .. Enumerable.Range(0x80, 0x19).Select(b => new[] { (byte)b }),
        .. new byte[][]
        {
            // Numbers, also large and negative ones.
            [.. "K\x00"u8], [(byte)'K', 0xFF], [(byte)'M', 0xFF, 0xFF], [(byte)'J', 0xFF, 0xFF, 0xFF, 0x7F], [(byte)'J', 0, 0, 0, 0x80],
            [0x8A, 1, 0xFF], [0x8A, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [.. "I01\n"u8], [.. "I-1\n"u8], [.. "L99999999999999999999L\n"u8], [.. "Fnan\n"u8],

            // The memo, texts, and classes that mean something to a reader.
            [.. "h\x00"u8], [.. "h\x01"u8], [.. "h\x05"u8], [.. "q\x00"u8], [.. "q\x01"u8], [(byte)'r', 0xFF, 0xFF, 0xFF, 0xFF],
            [.. "V\\u0041\n"u8], [.. "S'a'\n"u8], [.. "cos\nsystem\n"u8], [.. "ctorch._utils\n_rebuild_tensor_v2\n"u8], [.. "cnumpy\ndtype\n"u8],
            [.. "ccollections\nOrderedDict\n"u8], [.. "c_codecs\nencode\n"u8], [.. "ctorch\nFloatStorage\n"u8],
            [.. "ctorch.storage\n_load_from_bytes\n"u8], [.. "(lp0\n"u8], [.. "(dp1\n"u8],

            // Values that hold themselves, deep nesting, lengths that no file has.
            [.. "2a"u8], [.. "]2a"u8], [.. "}2N2s"u8], [.. ")R"u8], [.. "}b"u8], [.. "Nb"u8], [.. "NNs"u8], [.. "((((((((("u8], [.. "t2t2t2t2t"u8],
            [0x86, 0x86, 0x86], [(byte)'2', 0x86, (byte)'2', 0x86, (byte)'2', 0x86],
            [0x95, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0x96, 0, 0, 0, 0x40, 0, 0, 0, 0],
        },
    ];

    private static readonly IReadOnlyList<byte[]> MeshTokens = Target.Words(
        "v f vn vt # \\n / // -1 0 1 1e308 -1e-320 nan inf 1e999 OFF COFF ply format~ascii~1.0 format~binary_little_endian~1.0 "
        + "format~binary_big_endian~1.0 element~vertex~ element~face~ property~float~ property~list~uchar~int~vertex_indices "
        + "property~list~int~double~ property~double~x end_header 4294967295 2147483648 9223372036854775807 \\\\ \\n\\n \\r\\n");

    private static readonly IReadOnlyList<byte[]> NpyTokens = Target.Words(
        "'descr' 'fortran_order' 'shape' True False (0,) (4294967296,4294967296) (9223372036854775807,) "
        + "<f8 >f4 |b1 <c16 |O <U5 [('a','<f4')] {}~ (, ) , 'descr':'<f4', L \u0093NUMPY");

    /// <summary>The readers, cheap ones first.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new("npy", () => [.. Fixtures("*.npy"), .. WrittenNpy()], s => NpyFile.Read(s, Target.Path)) { Tokens = NpyTokens },
        new("npz", () => Fixtures("*.npz"), s => NpzFile.Read(s, Target.Path)) { Tokens = NpyTokens, Container = new Container.Zip() },
        new("safetensors", WrittenSafetensors, ReadSafetensors)
        {
            Tokens = Target.Words(
                "\"dtype\" \"shape\" \"data_offsets\" \"F32\" \"BF16\" \"F8_E4M3\" \"BOOL\" "
                + "[ ] { } , : \"__metadata__\":{ [0,0] [] 1e3 -1 null true \"\\u0000\" \\ud800 \" 9223372036854775807 18446744073709551616"),
        },
        new("torch-zip", () => [.. Fixtures("torch-*.pt").Where(IsZip), .. Fixtures("torch-*.ckpt").Where(IsZip), .. WrittenTorch()], ReadTorch)
        {
            Tokens = PickleTokens, Container = new Container.Zip(),
        },
        new("torch-stream", () => [.. Fixtures("torch-*").Where(f => !IsZip(f) && f[^1] != (byte)'.')], ReadTorch) { Tokens = PickleTokens },
        new("pickle", () => [.. Fixtures("*.pkl"), .. Fixtures("torch-*").Where(f => !IsZip(f))], ReadTorch) { Tokens = PickleTokens },
        new("lmdb", () => [.. Fixtures("*.mdb.gz").Select(f => new Container.GZip().Open(f)[0].Content)], ReadLmdb),
        new("idx", WrittenIdx, s => IdxFile.Read(s, Target.Path)),
        new("idx-gz", () => [.. WrittenIdx().Select(Gzip)], s => IdxFile.Read(s, Target.Path)) { Container = new Container.GZip() },
        new("cifar", WrittenCifar, s => CifarFile.Read(s, Target.Path)),
        new("mat", () => Fixtures("*.mat"), s => MatFile.Read(s, Target.Path)) { Container = new Container.Mat() },
        new("svhn", () => Fixtures("svhn*.mat"), s => SvhnFile.Read(s, Target.Path)) { Container = new Container.Mat() },
        new("obj", WrittenObj, s => ObjFile.Read(s, Target.Path)) { Tokens = MeshTokens },
        new("off", WrittenOff, s => OffFile.Read(s, Target.Path)) { Tokens = MeshTokens },
        new("ply", () => [.. Fixtures("*.ply"), .. WrittenPly()], s => PlyFile.Read(s, Target.Path)) { Tokens = MeshTokens },
        new("lst", () => [[.. "a1.obj\nb2.obj\n\n  c3.obj \r\nd4"u8]], s => SplitFile.Read(s, Target.Path))
        {
            Tokens = Target.Words("\\n \\r\\n . .. / \\ : ~ a1"),
        },
        new("hdf5", () => Fixtures("*.h5"), ReadHdf5)
        {
            Tokens = Target.Words("TREE HEAP SNOD GCOL OHDR OCHK FRHP BTHD FADB"),

            // Any file may ask for 256 MiB, and the library fills chunks that a file lacks at 40 to 80 MB/s.
            LongestSeconds = 10,
        },
        new("any", () => [.. Fixtures("*").Where(f => f.Length < 8192), .. WrittenIdx(), .. WrittenSafetensors()], OpenAny) { Tokens = PickleTokens },
    ];

    private static MeshData Tetrahedron { get; } = new([0, 0, 0, 1, 0, 0, 0, 1.5, 0, 0.25, 1e-3, 1], [0, 1, 2, 0, 3, 1, 1, 3, 2, 2, 3, 0]);

    private static bool IsZip(byte[] file) => file.AsSpan().StartsWith("PK"u8);

    private static IReadOnlyList<byte[]> Fixtures(string pattern) =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus"), pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static byte[] Written(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        return Written(s =>
        {
            using var packed = new System.IO.Compression.GZipStream(s, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true);
            packed.Write(content);
        });
    }

    private static IReadOnlyList<NamedArray> Arrays() =>
    [
        NamedArray.Of("fc1.weight", new float[] { 1, -2, 3.5f, 4, 5, 6 }, 2, 3),
        NamedArray.Of("fc1.bias", new[] { 1.0, double.NaN }, 2),
        NamedArray.Of("step", new long[] { 7 }),
        NamedArray.OfBFloat16("half", [0x3F80, 0x4000, 0x7FC0], 3, 1),
        NamedArray.Of("none", Array.Empty<byte>(), 4, 0),
    ];

    private static IReadOnlyList<byte[]> WrittenNpy() =>
        [.. Arrays().Where(a => a.Type != ElementType.BFloat16).Select(a => Written(s => NpyFile.Write(s, a)))];

    private static IReadOnlyList<byte[]> WrittenSafetensors()
    {
        SafetensorsTensor[] all = [.. Arrays().Select(SafetensorsTensor.Of)];
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["note"] = "a text\nof two lines" };
        return
        [
            Written(s => SafetensorsFile.Write(s, all, metadata)),
            Written(s => SafetensorsFile.Write(s, all[..1], null)),
            Written(s => SafetensorsFile.Write(s, [], null)),
        ];
    }

    private static IReadOnlyList<byte[]> WrittenTorch() => [Written(s => TorchWriter.Write(s, Arrays()))];

    private static IReadOnlyList<byte[]> WrittenIdx() =>
    [
        Written(s => IdxFile.Write(s, NamedArray.Of("labels", new byte[] { 3, 1, 4, 1, 5 }, 5))),
        Written(s => IdxFile.Write(s, NamedArray.Of("images", new byte[2 * 4 * 5], 2, 4, 5))),
        Written(s => IdxFile.Write(s, NamedArray.Of("deep", new byte[12], 1, 2, 1, 3, 1, 2))),
    ];

    private static IReadOnlyList<byte[]> WrittenCifar() =>
    [
        // Records: a label and the image, or two labels and the image.
        [.. Enumerable.Range(0, 2).SelectMany(i => Enumerable.Repeat((byte)i, 3073))],
        [.. Enumerable.Range(0, 3).SelectMany(i => Enumerable.Repeat((byte)i, 3074))],
    ];

    private static IReadOnlyList<byte[]> WrittenObj() =>
    [
        Written(s => ObjFile.Write(s, Tetrahedron)),
        Encoding.ASCII.GetBytes(
            "# a square\no thing\nv 0 0 0\nv 1 0 0 1\nv 1 1 0 0.5 0.5 0.5\nv 0 1 0\nvt 0 0\nvn 0 0 1\nusemtl none\ns off\nf 1/1/1 2//1 3/1 -1\nl 1 2\nf 1 2 \\\n 3\n"),
    ];

    private static IReadOnlyList<byte[]> WrittenOff() =>
    [
        Written(s => OffFile.Write(s, Tetrahedron)),
        Encoding.ASCII.GetBytes("OFF # a square\n4 1 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3 255 0 0\n"),
        Encoding.ASCII.GetBytes("OFF4 1 4\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2\n"),
    ];

    private static IReadOnlyList<byte[]> WrittenPly() =>
        [Written(s => PlyFile.Write(s, Tetrahedron)), Written(s => PlyFile.Write(s, Tetrahedron, ascii: true))];

    private static void ReadSafetensors(Stream stream)
    {
        using var reader = new SafetensorsReader(stream, Target.Path);
        foreach (SafetensorsEntry entry in reader.Entries) reader.Read(entry.Name);
    }

    private static void ReadTorch(Stream stream)
    {
        long length = stream.Length;
        using ArrayFile file = TorchTree.List(TorchFile.Open(stream, Target.Path), length);
        Target.ReadAll(file);
    }

    private static void ReadLmdb(Stream stream)
    {
        using LmdbReader reader = LmdbReader.Open(stream, Target.Path);
        foreach (LmdbEntry entry in reader.Entries())
        {
            if (!entry.IsDatabase) reader.Read(entry);
            reader.Find(entry.Key);
        }
    }

    private static void ReadHdf5(Stream stream)
    {
        using Hdf5Reader reader = Hdf5Reader.Open(stream, Target.Path);
        reader.Texts("");
        foreach (Hdf5Dataset dataset in reader.Datasets)
        {
            Refusing(() => reader.Texts(dataset.Path));
            Refusing(() => reader.Integer(dataset.Path, "gamma"));

            // The sound files hold one of 128 MiB without any data; reading it every time would leave time for nothing else.
            if (dataset is { Path: "half", Shape: [1 << 23, 4] }) continue;
            if (dataset.Type is not null) Refusing(() => reader.Read(dataset.Path));
            else if (dataset.Shape.Length == 1) Refusing(() => reader.ReadTexts(dataset.Path));
        }
    }

    /// <summary>Goes on after a refusal, which is looked at.</summary>
    private static void Refusing<T>(Func<T> read)
    {
        try
        {
            read();
        }
        catch (FileFormatException error)
        {
            Outcome.CheckMessage(error);
        }
    }

    /// <summary>As the command <c>inspect</c> opens a file: its kind is told by its bytes, and the numbers are looked at. This needs a real file.</summary>
    private static void OpenAny(Stream stream)
    {
        string folder = Directory.CreateTempSubdirectory("weightmem-fuzz-").FullName;
        string here = Directory.GetCurrentDirectory();
        try
        {
            // The path is relative, so that errors begin as those of the other targets do.
            Directory.SetCurrentDirectory(folder);
            using (FileStream copy = File.Create(Target.Path)) stream.CopyTo(copy);
            using ArrayFile file = ArrayFile.Open(Target.Path);
            foreach (ArrayEntry entry in file.Arrays) Refusing(() => ArrayStatistics.Of(file.Read(entry.Name)));
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
            Directory.Delete(folder, recursive: true);
        }
    }
}
