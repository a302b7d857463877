using System.Text;
using WeightMem.Formats.Safetensors;
using Xunit;

namespace WeightMem.Formats.Tests.Safetensors;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bit_that_changed_anywhere_is_found()
    {
        string path = _folder["whole.safetensors"];
        SafetensorsFile.Write(path, [SafetensorsTensor.Of("w", new float[] { 1, 2, 3 }, 3)], new Dictionary<string, string> { ["step"] = "17" });
        SafetensorsFile.Verify(path);
        byte[] whole = File.ReadAllBytes(path);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= (byte)(1 << (i % 7));
            File.WriteAllBytes(path, changed);

            // A checksum whose name has changed is none; all else is seen.
            try
            {
                SafetensorsFile.Verify(path);
                using SafetensorsReader reader = SafetensorsReader.Open(path);
                Assert.Single(reader.Metadata.Keys, key => key != "step");
                Assert.Equal([1f, 2f, 3f], reader.Read("w").ToFloats());
            }
            catch (FileFormatException error)
            {
                Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Round_trips_tensors_metadata_and_order()
    {
        NamedArray[] arrays =
        [
            NamedArray.Of("z.weight", [1.5f, float.NaN, -0f, 4f, 5f, 6f], 2, 3),
            NamedArray.Of("a.step", [7L]),
            NamedArray.Of("doubles", [Math.E], 1),
            NamedArray.Of("halves", [(Half)0.25f], 1),
            NamedArray.OfBFloat16("bfloats", [0x3F80, 0xC000], 2),
            NamedArray.Of("ints", [-1, 2], 2),
            NamedArray.Of("bytes", new byte[] { 1, 2, 3 }, 3),
            NamedArray.Of("words", [ulong.MaxValue], 1),
            NamedArray.Of("empty", Array.Empty<float>(), 0, 4),
            NamedArray.Of("name with \"quotes\" and ü", [true, false], 2),
        ];
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["config"] = "{\"a\": 1}\nsecond line" };
        SafetensorsFile.Write(_folder["m.safetensors"], arrays, metadata);
        (IReadOnlyList<NamedArray> tensors, IReadOnlyDictionary<string, string> back) = SafetensorsFile.Read(_folder["m.safetensors"]);
        Assert.Equal(arrays.Select(a => a.Name), tensors.Select(a => a.Name));
        Assert.Equal(arrays.Select(CutFile.Text), tensors.Select(CutFile.Text));
        Assert.Equal(metadata, back);
        Assert.Equal([1f, -2f], tensors[4].ToFloats());
        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(_folder["m.safetensors"])) % 8);
    }

    [Fact]
    public unsafe void Streams_floats_from_memory_and_reads_into_memory()
    {
        // More than one part of the writer's loop.
        var values = new float[(1 << 23) + 3];
        for (int i = 0; i < values.Length; i++) values[i] = i;
        var again = new float[values.Length];
        fixed (float* pointer = values)
        {
            SafetensorsFile.Write(
                _folder["m.safetensors"],
                [SafetensorsTensor.Of("pointer", pointer, values.Length), SafetensorsTensor.Of("memory", values, values.Length)]);
        }

        using SafetensorsReader reader = SafetensorsReader.Open(_folder["m.safetensors"]);
        foreach (string name in new[] { "pointer", "memory" })
        {
            again.AsSpan().Clear();
            reader.ReadInto(again, name);
            Assert.True(values.AsSpan().SequenceEqual(again));
        }

        var error = Assert.Throws<FileFormatException>(() => reader.ReadInto(new float[3], "memory"));
        Assert.Contains("expected 3 elements in 'memory', found 8388611", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<FileFormatException>(() => reader.Read("nothing"));
        Assert.Contains("a tensor 'nothing'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_writes_too_little_leaves_no_file()
    {
        SafetensorsTensor bad = SafetensorsTensor.Of("bad", ElementType.Float32, [2], stream => stream.WriteByte(1));
        Assert.Throws<InvalidOperationException>(() => SafetensorsFile.Write(_folder["m.safetensors"], [bad]));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        SafetensorsTensor twice = SafetensorsTensor.Of("a", new float[1], 1);
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(_folder["m.safetensors"], [twice, twice]));
    }

    [Fact]
    public void Reads_a_file_cut_at_every_byte()
    {
        using var stream = new MemoryStream();
        SafetensorsFile.Write(
            stream,
            [SafetensorsTensor.Of("a", new float[] { 1, 2, 3 }, 3), SafetensorsTensor.Of("b", new float[] { 4 }, 1, 1)],
            new Dictionary<string, string> { ["k"] = "v" });
        byte[] whole = stream.ToArray();
        (int refused, int equal) = CutFile.AtEveryByte(whole, s =>
        {
            using var reader = new SafetensorsReader(s, "cut.bin");
            return string.Join(";", reader.Entries.Select(e => e.Name + CutFile.Text(reader.Read(e.Name))));
        });
        Assert.Equal((whole.Length, 0), (refused, equal));
    }

    [Theory]
    [InlineData("{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}", 8, "twice")]
    [InlineData("{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[4],'data_offsets':[8,12]}}", 12, "to start at data byte 4")]
    [InlineData("{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}", 8, "to start at data byte 8")]
    [InlineData("{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}", 5, "5 to the end")]
    [InlineData("{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}", 3, "3 to the end")]
    [InlineData("{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}", 4, "to fill its data_offsets")]
    [InlineData("{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}", 4, "0 or more")]
    [InlineData("{'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,4]}}", 4, "0 or more")]
    [InlineData("{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}", 4, "to fill its data_offsets")]
    [InlineData("{'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}}", 4, "two data_offsets")]
    [InlineData("{'a':{'dtype':'F32','shape':[1]}}", 4, "without one of them")]
    [InlineData("{'a':{'dtype':'Q8','shape':[1],'data_offsets':[0,4]}}", 4, "'Q8'")]
    [InlineData("{'a':{'dtype':'F32','shape':[4611686018427387904,4611686018427387904],'data_offsets':[0,4]}}", 4, "to fill")]
    [InlineData("{'a':{'dtype':'F32','shape':[2305843009213693951],'data_offsets':[0,9223372036854775804]}}", 4, "4 to the end")]
    [InlineData("{'a':{'dtype':'F32','shape':[500000000],'data_offsets':[0,2000000000]}}", 4, "4 to the end")]
    [InlineData("{'__metadata__':{'k':1}}", 0, "a JSON String")]
    [InlineData("{'__metadata__':{'k':'1','k':'2'}}", 0, "twice")]
    [InlineData("{'__metadata__':{},'__metadata__':{}}", 0, "twice")]
    [InlineData("{'a':[[[[[[[[", 0, "")]
    [InlineData("[]", 0, "a JSON object")]
    [InlineData("{}{}", 0, "")]
    public void Refuses_hostile_headers_before_allocating(string header, int dataBytes, string said)
    {
        byte[] json = Encoding.UTF8.GetBytes(header.Replace('\'', '"'));
        byte[] file = [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. new byte[dataBytes]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<FileFormatException>(() => new SafetensorsReader(new MemoryStream(file), "bad.safetensors").Dispose());
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("bad.safetensors, byte ", error.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Views_show_every_tensor_as_the_file_has_it()
    {
        NamedArray[] arrays =
        [
            NamedArray.Of("floats", [1.5f, float.NaN, -0f], 3),
            NamedArray.Of("none", Array.Empty<double>(), 0, 2),
            NamedArray.Of("truths", [true, false, true], 3),
            NamedArray.OfBFloat16("halves", [0x3F80, 0x7FC1], 2),
            NamedArray.Of("longs", [long.MinValue, 7L], 2, 1),
        ];
        SafetensorsFile.Write(_folder["a.safetensors"], arrays);
        using SafetensorsReader reader = SafetensorsReader.Open(_folder["a.safetensors"]);
        Assert.True(reader.View<float>("floats").SequenceEqual(arrays[0].ElementsAs<float>()));
        Assert.True(reader.View<double>("none").IsEmpty);
        Assert.True(reader.View<byte>("truths").SequenceEqual(arrays[2].ElementsAs<byte>()));
        Assert.True(reader.View<ushort>("halves").SequenceEqual(arrays[3].ElementsAs<ushort>()));
        Assert.True(reader.View<long>("longs").SequenceEqual(arrays[4].ElementsAs<long>()));

        // Reading beside the views goes on as before.
        Assert.Equal(CutFile.Text(arrays[4]), CutFile.Text(reader.Read("longs")));
    }

    [Fact]
    public void Views_of_another_type_another_name_or_a_mere_stream_are_refused()
    {
        NamedArray[] arrays = [NamedArray.Of("a", [1f, 2f], 2), NamedArray.OfBFloat16("b", [1], 1), NamedArray.Of("c", [true], 1)];
        SafetensorsFile.Write(_folder["a.safetensors"], arrays);
        using SafetensorsReader reader = SafetensorsReader.Open(_folder["a.safetensors"]);
        string message = Assert.Throws<FileFormatException>(() => reader.View<int>("a").Length).Message;
        Assert.Contains("expected Int32 in 'a', found Float32 [2]", message, StringComparison.Ordinal);
        Assert.Throws<FileFormatException>(() => reader.View<Half>("b").Length);
        Assert.Throws<FileFormatException>(() => reader.View<bool>("c").Length);
        Assert.Throws<FileFormatException>(() => reader.View<float>("absent").Length);
        Assert.Throws<NotSupportedException>(() => reader.View<Guid>("a").Length);

        using var inMemory = new SafetensorsReader(new MemoryStream(File.ReadAllBytes(_folder["a.safetensors"])), "memory.safetensors");
        Assert.Throws<InvalidOperationException>(() => inMemory.View<float>("a").Length);
    }

    [Fact]
    public void A_view_of_a_file_that_was_cut_after_it_was_opened_is_refused()
    {
        SafetensorsFile.Write(_folder["a.safetensors"], [NamedArray.Of("a", new float[1000], 1000)]);
        using FileStream writable = new(_folder["a.safetensors"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var reader = new SafetensorsReader(new FileStream(_folder["a.safetensors"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite), "a.safetensors");
        writable.SetLength(2000);
        string message = Assert.Throws<FileFormatException>(() => reader.View<float>("a").Length).Message;
        Assert.Contains("to the end of the file", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'a':t\u001B[2Jx}")]
    [InlineData("{'a':f\u0000\u0007\r\u0085\u202Ex}")]
    public void Errors_show_nothing_that_would_steer_a_terminal(string header)
    {
        // The JSON reader's own messages quote the header.
        byte[] json = Encoding.UTF8.GetBytes(header.Replace('\'', '"') + new string('x', 5000));
        byte[] file = [.. BitConverter.GetBytes((ulong)json.Length), .. json];
        var error = Assert.Throws<FileFormatException>(() => new SafetensorsReader(new MemoryStream(file), "bad.safetensors").Dispose());
        Assert.DoesNotContain(error.Message, c => char.IsControl(c) || c == '\u202E');
        Assert.InRange(error.Message.Length, 20, 599);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(50_000_000UL)]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    public void Refuses_impossible_header_lengths(ulong length)
    {
        byte[] file = [.. BitConverter.GetBytes(length), .. "{}"u8];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<FileFormatException>(() => new SafetensorsReader(new MemoryStream(file), "bad.safetensors").Dispose());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }
}
