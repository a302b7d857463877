using System.Buffers.Binary;
using System.Text;
using WeightMem.Formats.TensorBoard;
using Xunit;

namespace WeightMem.Formats.Tests.TensorBoard;

/// <summary>Event files, read back as the format's definition says.</summary>
public sealed class EventFileTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>The check value of CRC-32C (RFC 3720) is E3069283; masked as TFRecords are.</summary>
    [Fact]
    public void Checksums_are_those_of_the_format() =>
        Assert.Equal(unchecked(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xA282EAD8u), EventFile.MaskedChecksum("123456789"u8));

    [Fact]
    public void Records_are_whole_and_say_what_was_added()
    {
        using var folder = new TemporaryFolder();
        string path;
        using (var file = new EventFile(folder.Path, Time, 300))
        {
            file.Add("loss/train", 301, 0.5f, Time);
            file.Add("loss/train", 302, float.NaN, Time);
            path = file.Path;
        }

        List<byte[]> records = Records(File.ReadAllBytes(path));
        Assert.Equal(4, records.Count);
        Assert.Contains("brain.Event:2", Encoding.Latin1.GetString(records[0]), StringComparison.Ordinal);
        Assert.Equal([0x3A, 0x02, 0x08, 0x01], records[1][^4..]);
        byte[] scalar = records[2];
        Assert.Equal(Time.ToUnixTimeSeconds(), BinaryPrimitives.ReadDoubleLittleEndian(scalar.AsSpan(1)), 1e-3);
        Assert.Equal([0x10, 0xAD, 0x02], scalar[9..12]); // step 301
        Assert.Equal("loss/train", Encoding.UTF8.GetString(scalar[18..28]));
        Assert.Equal(0.5f, BinaryPrimitives.ReadSingleLittleEndian(scalar.AsSpan(29)));
        Assert.True(float.IsNaN(BinaryPrimitives.ReadSingleLittleEndian(records[3].AsSpan(29))));
    }

    private static List<byte[]> Records(byte[] bytes)
    {
        var records = new List<byte[]>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(EventFile.MaskedChecksum(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            records.Add(bytes[(at + 12)..(at + 12 + length)]);
            Assert.Equal(EventFile.MaskedChecksum(records[^1]), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            at += 16 + length;
        }

        return records;
    }
}
