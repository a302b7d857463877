using System.Buffers.Binary;
using System.IO.Compression;
using WeightMem.Formats.Matlab;
using Xunit;

namespace WeightMem.Formats.Tests.Matlab;

public sealed class MatFileTests
{
    [Theory]
    [InlineData("scipy-plain.mat")]
    [InlineData("scipy-packed.mat")]
    public void Reads_what_scipy_wrote(string name)
    {
        MatContents contents = MatFile.Read(Fixture(name));
        Assert.Equal(
            "first vf8 vf4 vi1 vu1 vi2 vu2 vi4 vu4 vi8 vu8 yes none last", string.Join(' ', contents.Arrays.Select(a => a.Name)));
        Assert.Equal(
            "char text, struct record, cell things, sparse thin, complex double wave",
            string.Join(", ", contents.Skipped.Select(e => $"{e.Class} {e.Name}")));
        Assert.Equal([3L, 3L], contents.Skipped[3].Shape);
        Assert.Equal([1.5, -2.0, 3.25, 1e300], contents["first"]!.ToDoubles());
        ElementType[] types =
        [
            ElementType.Float64, ElementType.Float32, ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16,
            ElementType.Int32, ElementType.UInt32, ElementType.Int64, ElementType.UInt64,
        ];
        for (int i = 0; i < types.Length; i++)
        {
            NamedArray array = contents.Arrays[i + 1];
            Assert.Equal(types[i], array.Type);
            Assert.Equal([2L, 3L, 4L], array.Shape);
            Assert.Equal(Enumerable.Range(0, 24).Select(v => (double)v), array.ToDoubles());
        }

        Assert.Equal(ElementType.Boolean, contents["yes"]!.Type);
        Assert.Equal(Enumerable.Range(0, 24).Select(v => v % 3 == 0 ? 1.0 : 0.0), contents["yes"]!.ToDoubles());
        Assert.Equal([0L, 3L], contents["none"]!.Shape);
        Assert.Equal([7L], contents["last"]!.ToLongs());
        Assert.Null(contents["text"]);
    }

    [Theory]
    [InlineData("hand-little.mat")]
    [InlineData("hand-big.mat")]
    public void Reads_both_byte_orders_smaller_storage_and_small_elements(string name)
    {
        NamedArray array = Assert.Single(MatFile.Read(Fixture(name)).Arrays);
        Assert.Equal("ab Float64 [2, 3]", array.ToString());
        Assert.Equal([1.0, 2, 3, 4, 5, -6], array.ToDoubles());
    }

    [Theory]
    [InlineData("hand-little.mat", 1)]
    [InlineData("hand-big.mat", 1)]
    [InlineData("svhn.mat", 2)]
    [InlineData("scipy-plain.mat", 19)]
    [InlineData("scipy-packed.mat", 19)]
    public void Reads_a_file_cut_at_every_byte(string name, int variables)
    {
        // The format has no count of variables: only a cut between two of them (the bare header among these) reads, as a shorter file.
        byte[] whole = File.ReadAllBytes(Fixture(name));
        List<string> all = Texts(MatFile.Read(new MemoryStream(whole), "cut.mat"));
        int read = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                List<string> got = Texts(MatFile.Read(new MemoryStream(whole, 0, length), "cut.mat"));
                Assert.All(got, text => Assert.Contains(text, all));
                Assert.Equal(read, got.Count);
                read++;
            }
            catch (FileFormatException error)
            {
                Assert.StartsWith("cut.mat", error.Message, StringComparison.Ordinal);
                Assert.True(error.Message.Length < 400 && !error.Message.Contains('\n', StringComparison.Ordinal), error.Message);
            }
        }

        Assert.Equal(variables, read);
    }

    [Fact]
    public void Refuses_other_versions_with_a_word_on_what_they_are()
    {
        Assert.Contains("version 4", Message(File.ReadAllBytes(Fixture("version4.mat"))), StringComparison.Ordinal);
        byte[] hdf5 = Hand();
        "MATLAB 7.3 MAT-file"u8.CopyTo(hdf5);
        Assert.Contains("read it as HDF5", Message(hdf5), StringComparison.Ordinal);
        Assert.Contains("found 0x0200", Message(Changed(125, 2)), StringComparison.Ordinal);
        Assert.Contains("'IM' or 'MI'", Message(Changed(126, (byte)'X')), StringComparison.Ordinal);
        Assert.Contains("found 0 bytes", Message([]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, 13, "data type 13")] // the variable's type
    [InlineData(132, 200, "200 bytes of a variable")] // its length
    [InlineData(132, 84, "84 bytes of a variable")]
    [InlineData(136, 5, "array flags")]
    [InlineData(152, 0, "dimensions (data type 5)")]
    [InlineData(156, 0, "dimensions (data type 5), found data type 5, 0 bytes")]
    [InlineData(156, 6, "dimensions (data type 5), found data type 5, 6 bytes")]
    [InlineData(163, 0x80, "a dimension of 0 or more, found -2147483646")]
    [InlineData(167, 0x7F, "at most 2147483591 elements")]
    [InlineData(167, 0x01, "67108876 bytes of 'ab' Float64 [2, 16777219]")]
    [InlineData(168, 14, "name of at most")]
    [InlineData(170, 5, "at most 4 bytes in a small data element")]
    [InlineData(172, 9, "printable")]
    [InlineData(176, 16, "a smaller type")]
    [InlineData(176, 9, "48 bytes")]
    [InlineData(180, 11, "12 bytes")]
    public void Refuses_damage_before_allocating(int at, byte value, string said)
    {
        byte[] file = Changed(at, value);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(said, Message(file), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Refuses_values_that_the_class_cannot_hold_and_names_that_come_twice()
    {
        byte[] unsigned = Changed(144, 11); // class uint16, and one value is -6
        Assert.Contains("values of UInt16 in 'ab', found -6", Message(unsigned), StringComparison.Ordinal);
        Assert.Contains("or a smaller type", Message(Changed(144, 9)), StringComparison.Ordinal);
        byte[] hand = Hand();
        Assert.Contains("a new name, found 'ab'", Message([.. hand, .. hand.AsSpan(128)]), StringComparison.Ordinal);
        byte[] complex = Changed(145, 8);
        Assert.Equal("complex double", Assert.Single(MatFile.Read(new MemoryStream(complex), "a.mat").Skipped).Class);
    }

    [Fact]
    public void A_packed_variable_that_unpacks_to_too_much_is_refused_before_it_does()
    {
        // 512 MiB of zeros as float64 from a file of a few kilobytes.
        byte[] body = Hand()[128..];
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), (1 << 29) + 48 + 8);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(32), 1 << 13);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(36), 1 << 13);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(48), 9);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(52), 1 << 29);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("arrays of at most 268435456 bytes", Message(Packed([.. body, .. new byte[4096]])), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Damaged_and_overlong_packed_data_are_refused()
    {
        byte[] body = Hand()[128..];
        Assert.Equal("ab Float64 [2, 3]", Assert.Single(MatFile.Read(new MemoryStream(Packed(body)), "a.mat").Arrays).ToString());
        Assert.Contains("the end of the packed data", Message(Packed([.. body, 0])), StringComparison.Ordinal);
        Assert.Contains("data", Message(Packed(body[..^9])), StringComparison.Ordinal);
        byte[] damaged = Packed(body);
        damaged[137] ^= 0xFF;
        Assert.StartsWith("bad.mat, byte 128", Message(damaged), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_changed_byte_reads_or_is_refused()
    {
        foreach (string name in new[] { "hand-big.mat", "svhn-one.mat", "scipy-plain.mat" })
        {
            byte[] file = File.ReadAllBytes(Fixture(name));
            int read = 0, refused = 0;
            for (int at = 0; at < file.Length; at++)
            {
                byte kept = file[at];
                foreach (byte bits in new byte[] { 0xFF, 0x80, 1 })
                {
                    file[at] = (byte)(kept ^ bits);
                    try
                    {
                        MatFile.Read(new MemoryStream(file), "bad.mat");
                        read++;
                    }
                    catch (FileFormatException)
                    {
                        refused++;
                    }
                }

                file[at] = kept;
            }

            Assert.True(read > 0 && refused > 0);
        }
    }

    [Theory]
    [InlineData("svhn.mat", 2)]
    [InlineData("svhn-one.mat", 1)]
    public void Reads_SVHN_images_first_with_ten_as_the_digit_zero(string name, int count)
    {
        SvhnImages svhn = SvhnFile.Read(Fixture(name));
        Assert.Equal([count, 3L, 32L, 32L], svhn.Images.Shape);
        Assert.Equal(count == 2 ? [0L, 3L] : [0L], svhn.Labels.ToLongs());
        byte[] pixels = svhn.Images.ElementsAs<byte>()!;
        for (int i = 0; i < pixels.Length; i++)
            Assert.Equal((byte)(i / 3072 * 7 + i / 1024 % 3 * 50 + i / 32 % 32 * 2 + i % 32), pixels[i]);
    }

    [Fact]
    public void Refuses_SVHN_files_with_other_labels_shapes_or_names()
    {
        Assert.Contains("a label of 1 to 10 in y for image 0, found 11", SvhnMessage("svhn-bad-label.mat"), StringComparison.Ordinal);
        Assert.Contains("found X UInt8 [2, 3, 32, 32]", SvhnMessage("svhn-bad-shape.mat"), StringComparison.Ordinal);
        Assert.Contains("found no X", SvhnMessage("hand-big.mat"), StringComparison.Ordinal);

        static string SvhnMessage(string name) => Assert.Throws<FileFormatException>(() => SvhnFile.Read(Fixture(name))).Message;
    }

    private static List<string> Texts(MatContents contents) =>
        [.. contents.Arrays.Select(a => a.Name + CutFile.Text(a)), .. contents.Skipped.Select(e => e.ToString())];

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "fixtures", name);

    private static byte[] Hand() => File.ReadAllBytes(Fixture("hand-little.mat"));

    private static byte[] Changed(int at, byte value)
    {
        byte[] file = Hand();
        file[at] = value;
        return file;
    }

    private static byte[] Packed(byte[] body)
    {
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(body);
        var tag = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(tag, 15);
        BinaryPrimitives.WriteInt32LittleEndian(tag.AsSpan(4), (int)packed.Length);
        return [.. Hand().AsSpan(0, 128), .. tag, .. packed.ToArray()];
    }

    private static string Message(byte[] file) =>
        Assert.Throws<FileFormatException>(() => MatFile.Read(new MemoryStream(file), "bad.mat")).Message;
}
