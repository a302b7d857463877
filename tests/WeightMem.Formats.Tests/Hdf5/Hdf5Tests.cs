using WeightMem.Formats.Hdf5;
using Xunit;

namespace WeightMem.Formats.Tests.Hdf5;

public sealed class Hdf5Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Round_trips_arrays_texts_and_attributes()
    {
        NamedArray[] arrays =
        [
            NamedArray.Of("floats", [1.5f, float.NaN, -0f, 4f, 5f, 6f], 2, 3),
            NamedArray.Of("doubles", [Math.E, 1.0], 2),
            NamedArray.Of("halves", [(Half)0.25f], 1),
            NamedArray.Of("bytes", new byte[] { 1, 2, 3 }, 3),
            NamedArray.Of("signed", new sbyte[] { -1 }, 1),
            NamedArray.Of("shorts", new short[] { -1 }, 1),
            NamedArray.Of("words", [ulong.MaxValue, 1UL], 2, 1),
            NamedArray.Of("longs", [long.MinValue], 1),
            NamedArray.Of("uints", [uint.MaxValue], 1),
            NamedArray.Of("ushorts", [ushort.MaxValue], 1),
            NamedArray.Of("deep/er/ints", [-1, 2], 1, 1, 2),
            NamedArray.Of("empty", Array.Empty<float>(), 0, 4),
        ];
        var contents = new Hdf5Contents();
        foreach (NamedArray array in arrays) contents.Add(array.Name, array, ("images", array.Count));
        contents.Add("names", ["fc1.weight", "", "ü"]);
        contents.SetAttribute("", "target", "mlp");
        contents.SetAttribute("notes", "long", new string('x', 200_000));
        contents.SetAttribute("notes", "version", 3);
        contents.Write(_folder["a.h5"]);

        using Hdf5Reader reader = Hdf5Reader.Open(_folder["a.h5"]);
        foreach (NamedArray array in arrays)
        {
            Assert.Equal(CutFile.Text(array), CutFile.Text(reader.Read(array.Name)));
            Assert.Equal(array.Count, reader.Integer(array.Name, "images"));
        }

        Assert.Equal(arrays.Length + 1, reader.Datasets.Count);
        Assert.Equal(["fc1.weight", "", "ü"], reader.ReadTexts("names"));
        Assert.Equal("mlp", reader.Text("", "target"));
        Assert.Equal(200_000, reader.Text("notes", "long")!.Length);
        Assert.Equal(3, reader.Integer("notes", "version"));
        Assert.Null(reader.Text("notes", "absent"));
        Assert.Null(reader.Text("absent", "absent"));
    }

    [Fact]
    public void Writes_and_reads_arrays_of_several_blocks()
    {
        var values = new float[(1 << 22) + 5];
        for (int i = 0; i < values.Length; i++) values[i] = i % 1000;
        var contents = new Hdf5Contents();
        contents.Add("row", NamedArray.Of("row", values, 1, values.Length));
        contents.Add("column", NamedArray.Of("column", values, values.Length));
        contents.Write(_folder["a.h5"]);
        using Hdf5Reader reader = Hdf5Reader.Open(_folder["a.h5"]);
        Assert.True(values.AsSpan().SequenceEqual(reader.Read("row").ToFloats()));
        Assert.True(values.AsSpan().SequenceEqual(reader.Read("column").ToFloats()));
    }

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    public void Reads_what_h5py_wrote_and_refuses_the_rest_clearly(string version)
    {
        using Hdf5Reader reader = Hdf5Reader.Open(Path.Combine(AppContext.BaseDirectory, "fixtures", $"foreign-{version}.h5"));
        double[] expected = [.. Enumerable.Range(0, 12).Select(i => (double)i)];
        Hdf5Dataset[] plain = [.. reader.Datasets.Where(d => d.Path.StartsWith("plain/", StringComparison.Ordinal))];
        Assert.Equal(11, plain.Length);
        string[] big = [.. new[] { "f2", "f4", "f8", "i2", "u4", "i8", "packed" }.Select(kind => $"big/{kind}")];
        foreach (string path in plain.Select(d => d.Path).Concat(big).Append("packed"))
        {
            NamedArray array = reader.Read(path);
            Assert.Equal([3L, 4L], array.Shape);
            Assert.Equal(expected, array.ToDoubles());
        }

        Assert.Equal(11, plain.Select(d => d.Type).Distinct().Count());
        Assert.Equal([3f], reader.Read("scalar").ToFloats());
        Assert.Equal([3f], reader.Read("big/scalar").ToFloats());
        Assert.Equal(["fc1.weight", "fc1.bias"], reader.ReadTexts("names"));
        Assert.Equal(["ab", "c"], reader.ReadTexts("fixed"));
        Assert.Equal("h5py", reader.Text("", "who"));
        Assert.Equal(5, reader.Integer("", "count"));
        Assert.Equal(7, reader.Integer("packed", "images"));
        foreach ((string path, string said) in new[]
        {
            ("chunky", "chunks of dataset chunky to fit its file"),
            ("complex", "numbers"),
            ("huge", "to fit its file"),
            ("names", "numbers"),
            ("nowhere", "a dataset nowhere"),
        })
        {
            Assert.Contains(said, Assert.Throws<FileFormatException>(() => reader.Read(path)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("earliest")]
    [InlineData("latest")]
    public void Reads_rows_of_what_h5py_wrote_wherever_chunks_end(string version)
    {
        using Hdf5Reader reader = Hdf5Reader.Open(Path.Combine(AppContext.BaseDirectory, "fixtures", $"foreign-{version}.h5"));
        Assert.Equal(3, reader.RowsPerChunk("rows"));
        Assert.Equal(1, reader.RowsPerChunk("plain/f4"));
        for (int first = 0; first <= 20; first++)
        {
            for (int count = 0; count <= 20 - first; count++)
            {
                var into = new float[count * 6];
                reader.ReadRows<float>("rows", first, into);
                Assert.Equal(Enumerable.Range(first * 6, count * 6).Select(i => (float)i), into);
            }
        }

        foreach (string path in new[] { "plain/f8", "big/f8", "big/packed" })
        {
            var last = new double[8];
            reader.ReadRows<double>(path, 1, last);
            Assert.Equal([4.0, 5, 6, 7, 8, 9, 10, 11], last);
        }

        reader.CheckSize("rows", "plain/f8");
        Assert.Contains("dataset huge to fit", Assert.Throws<FileFormatException>(() => reader.CheckSize("rows", "huge")).Message, StringComparison.Ordinal);
        string sum = Assert.Throws<FileFormatException>(() => reader.CheckSize("half", "rows", "half")).Message;
        Assert.Contains("dataset half to fit", sum, StringComparison.Ordinal);
        reader.ReadRows("empty", 0, Memory<float>.Empty);
        Assert.Throws<ArgumentException>(() => reader.ReadRows<float>("rows", 0, new float[7]));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadRows<float>("rows", 20, new float[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadRows<float>("rows", -1, new float[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadRows<float>("empty", 0, new float[4]));
        foreach ((string path, string said) in new[]
        {
            ("plain/f8", "rows of Float32 in dataset plain/f8, found Float64 [3, 4]"),
            ("scalar", "found Float32 []"),
            ("names", "found VariableLength [2]"),
            ("chunky", "chunks of dataset chunky"),
            ("nowhere", "a dataset nowhere"),
        })
        {
            string message = Assert.Throws<FileFormatException>(() => reader.ReadRows<float>(path, 0, new float[4])).Message;
            Assert.Contains(said, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_cut_at_every_byte_is_refused()
    {
        var contents = new Hdf5Contents();
        contents.Add("weights", NamedArray.Of("w", new float[] { 1, 2, 3, 4 }, 2, 2));
        contents.SetAttribute("", "target", "mlp");
        contents.Write(_folder["whole.h5"]);
        byte[] whole = File.ReadAllBytes(_folder["whole.h5"]);
        Assert.InRange(whole.Length, 100, 20_000);
        for (int length = 0; length < whole.Length - 16; length++) // the data are all there when only the checksum after them is cut
        {
            File.WriteAllBytes(_folder["cut.h5"], whole[..length]);
            var error = Assert.Throws<FileFormatException>(() => Hdf5Reader.Open(_folder["cut.h5"]).Dispose());
            Assert.StartsWith(_folder["cut.h5"], error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_bit_that_changed_anywhere_is_found_by_the_checksum_after_the_end()
    {
        var contents = new Hdf5Contents();
        contents.Add("weights", NamedArray.Of("w", new float[] { 1, 2, 3, 4 }, 2, 2));
        contents.Write(_folder["whole.h5"]);
        Hdf5Checksum.Verify(_folder["whole.h5"]);
        byte[] whole = File.ReadAllBytes(_folder["whole.h5"]);
        for (int i = 0; i < whole.Length - 16; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(_folder["changed.h5"], changed);
            Assert.Contains("damaged", Assert.Throws<FileFormatException>(() => Hdf5Checksum.Verify(_folder["changed.h5"])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_dataset_of_very_many_missing_chunks_is_refused()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "fixtures", "foreign-earliest.h5"));
        file[7738] = 4; // dataset packed has 3 rows, and now 262147
        using Hdf5Reader reader = Hdf5Reader.Open(new MemoryStream(file), "many.h5");
        Assert.Equal([262147, 4], reader.Find("packed")!.Shape);
        string message = Assert.Throws<FileFormatException>(() => reader.Read("packed")).Message;
        Assert.Contains("at most 65536 chunks of dataset packed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_no_memory_holds_is_damage_and_not_a_lack_of_memory()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "fixtures", "foreign-earliest.h5"));
        file[11165] = 24; // a text of 8 bytes in the heap has 24 * 2^40 now
        using Hdf5Reader reader = Hdf5Reader.Open(new MemoryStream(file), "heap.h5");
        string message = Assert.Throws<FileFormatException>(() => reader.Texts("")).Message;
        Assert.StartsWith("heap.h5: expected readable attributes", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_clear_and_a_taken_path_is_refused()
    {
        var contents = new Hdf5Contents();
        contents.Add("a", NamedArray.Of("a", new float[4], 4));
        Assert.Throws<ArgumentException>(() => contents.Add("a", NamedArray.Of("a", new float[4], 4)));
        Assert.Throws<ArgumentException>(() => contents.Add("a/b", NamedArray.Of("b", new float[4], 4)));
        string message = Assert.Throws<FileWriteException>(() => contents.Write(_folder["no/a.h5"])).Message;
        Assert.Contains("there is no folder", message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Other_files_are_named_as_what_they_are_not()
    {
        File.WriteAllText(_folder["a.h5"], "this is no HDF5 file\n");
        Assert.Contains("expected an HDF5 file", Message("a.h5"), StringComparison.Ordinal);
        File.WriteAllText(_folder["b.h5"], "");
        Assert.Contains("an empty file", Message("b.h5"), StringComparison.Ordinal);
        Assert.Contains("there is no such file", Message("c.h5"), StringComparison.Ordinal);

        string Message(string name) => Assert.ThrowsAny<FileFormatException>(() => Hdf5Reader.Open(_folder[name])).Message;
    }
}
