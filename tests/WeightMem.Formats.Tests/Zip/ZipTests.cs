using System.IO.Compression;
using System.Text;
using WeightMem.Formats.Zip;
using Xunit;

namespace WeightMem.Formats.Tests.Zip;

public sealed class ZipTests
{
    [Fact]
    public void Reads_what_the_frameworks_writer_writes()
    {
        byte[] bytes = Archive(("a.txt", "hello", CompressionLevel.NoCompression), ("folder/b.txt", new string('x', 1000), CompressionLevel.Optimal));
        using var zip = new ZipReader(new MemoryStream(bytes), "a.zip");
        Assert.Equal([("a.txt", false, 5L), ("folder/b.txt", true, 1000L)], zip.Members.Select(m => (m.Name, m.Deflated, m.Length)));
        Assert.Equal("hello", Text(zip, "a.txt"));
        Assert.Equal(new string('x', 1000), Text(zip, "folder/b.txt"));
    }

    [Fact]
    public void Writes_past_4_GiB()
    {
        // The member is zeros; only what is not zero is kept in memory.
        const long Large = (1L << 32) + 100;
        using var stream = new SparseStream();
        var writer = new ZipWriter(stream);
        byte[] zeros = new byte[1 << 24];
        writer.Add("large", Large, member =>
        {
            for (long left = Large; left > 0; left -= zeros.Length) member.Write(zeros, 0, (int)Math.Min(zeros.Length, left));
        });
        writer.Add("after", 2, member => member.Write("ok"u8));
        writer.Finish();

        stream.Position = 0;
        using var theirs = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        Assert.Equal([("large", Large), ("after", 2L)], theirs.Entries.Select(e => (e.FullName, e.Length)));
        using (var reader = new StreamReader(theirs.Entries[1].Open())) Assert.Equal("ok", reader.ReadToEnd());
        using var ours = new ZipReader(stream, "large.zip");
        Assert.Equal(Large, ours.Members[0].Length);
        Assert.Equal(0, ours.DataStart(ours.Members[0]) % 64);
        Assert.Equal("ok", Text(ours, "after"));
    }

    [Fact]
    public void Refuses_names_that_leave_the_archive_and_names_twice()
    {
        Assert.Contains("within the archive", Refused(Archive(("../evil", "x", CompressionLevel.NoCompression))), StringComparison.Ordinal);
        Assert.Contains("within the archive", Refused(Archive(("/etc/evil", "x", CompressionLevel.NoCompression))), StringComparison.Ordinal);
        Assert.Contains("within the archive", Refused(Archive(("a\\..\\b", "x", CompressionLevel.NoCompression))), StringComparison.Ordinal);
        Assert.Contains("it twice", Refused(Archive(("a", "x", CompressionLevel.NoCompression), ("a", "y", CompressionLevel.NoCompression))), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_bomb_before_anything_is_inflated()
    {
        var texts = new (string, string, CompressionLevel)[8];
        string zeros = new('\0', 50_000_000);
        for (int i = 0; i < texts.Length; i++) texts[i] = ($"m{i}", zeros, CompressionLevel.Optimal);
        byte[] bytes = Archive(texts);
        Assert.InRange(bytes.Length, 1, 1_000_000);
        Assert.Contains("together", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_members_that_share_bytes()
    {
        byte[] bytes = Archive(("a", "0123456789", CompressionLevel.NoCompression), ("b", "0123456789", CompressionLevel.NoCompression));

        // Point the second directory entry at the first member.
        int second = bytes.AsSpan().LastIndexOf(new byte[] { 0x50, 0x4B, 1, 2 });
        bytes.AsSpan(second + 42, 4).Clear();
        Assert.Contains("overlap", Refused(bytes), StringComparison.Ordinal);
    }

    private static string Refused(byte[] bytes) => Assert.Throws<FileFormatException>(() => new ZipReader(new MemoryStream(bytes), "bad.zip")).Message;

    private static byte[] Archive(params (string Name, string Text, CompressionLevel Level)[] members)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, string text, CompressionLevel level) in members)
            {
                using Stream member = archive.CreateEntry(name, level).Open();
                member.Write(Encoding.ASCII.GetBytes(text));
            }
        }

        return stream.ToArray();
    }

    private static string Text(ZipReader zip, string name)
    {
        ZipMember member = zip.Find(name)!;
        using FileReader file = zip.Open(member, verify: true);
        var bytes = new byte[member.Length];
        file.Read(bytes, name);
        return Encoding.ASCII.GetString(bytes);
    }

    /// <summary>A stream in memory that keeps only the blocks that are not all zero.</summary>
    private sealed class SparseStream : Stream
    {
        private const int Block = 1 << 16;
        private readonly Dictionary<long, byte[]> _blocks = [];
        private long _length;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get; set; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            ReadOnlySpan<byte> left = buffer.AsSpan(offset, count);
            while (!left.IsEmpty)
            {
                int within = (int)(Position % Block);
                ReadOnlySpan<byte> part = left[..Math.Min(left.Length, Block - within)];
                if (part.ContainsAnyExcept((byte)0) || _blocks.ContainsKey(Position / Block))
                {
                    if (!_blocks.TryGetValue(Position / Block, out byte[]? block)) _blocks[Position / Block] = block = new byte[Block];
                    part.CopyTo(block.AsSpan(within));
                }

                Position += part.Length;
                left = left[part.Length..];
            }

            _length = Math.Max(_length, Position);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int within = (int)(Position % Block);
            int part = (int)Math.Min(Math.Min(count, Block - within), _length - Position);
            if (part <= 0) return 0;
            if (_blocks.TryGetValue(Position / Block, out byte[]? block)) block.AsSpan(within, part).CopyTo(buffer.AsSpan(offset));
            else buffer.AsSpan(offset, part).Clear();
            Position += part;
            return part;
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            Position = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => _length };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => _length = value;
    }
}
