using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using WeightMem.Formats.Lmdb;
using Xunit;

namespace WeightMem.Formats.Tests.Lmdb;

public sealed class LmdbTests : IDisposable
{
    private const int PageSize = 4096;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("empty", 0)]
    [InlineData("empty-fresh", 0)]
    [InlineData("small", 1)]
    [InlineData("checkpoints", 1)]
    [InlineData("checkpoints-grown", 1)]
    [InlineData("deep", 3)]
    public void Reads_what_liblmdb_wrote_as_mdb_dump_does(string name, int depth)
    {
        (byte[] Key, byte[] Value)[] expected = Dumped(Fixture($"{name}.dump"));
        using LmdbReader reader = LmdbReader.Open(new MemoryStream(Fixture($"{name}.mdb")), name);
        Assert.Equal(PageSize, reader.PageSize);
        Assert.Equal(depth, reader.Depth);
        Assert.Equal(expected.Length, reader.Count);
        LmdbEntry[] entries = [.. reader.Entries()];
        Assert.Equal(expected.Select(e => e.Key), entries.Select(e => e.Key));
        Assert.Equal(expected.Select(e => (long)e.Value.Length), entries.Select(e => e.Length));
        Assert.Equal(expected.Select(e => e.Value), entries.Select(reader.Read));
        foreach ((byte[] key, byte[] value) in expected)
        {
            LmdbEntry found = reader.Find(key)!;
            var into = new byte[value.Length];
            reader.ReadInto(found, into);
            Assert.Equal(value, into);
            Assert.Null(reader.Find([.. key, 0]));
            Assert.Null(reader.Find(key.AsSpan()[..^1]) is { } other && expected.All(e => !e.Key.SequenceEqual(other.Key)) ? other : null);
        }

        Assert.Null(reader.Find(""));
        Assert.Null(reader.Find("zz"));
    }

    [Fact]
    public void Opens_a_folder_and_a_file_and_names_what_is_missing()
    {
        File.WriteAllBytes(_folder["data.mdb"], Fixture("small.mdb"));
        foreach (string path in new[] { _folder.Path, _folder["data.mdb"] })
        {
            using LmdbReader reader = LmdbReader.Open(path);
            Assert.Equal(_folder["data.mdb"], reader.Path);
            Assert.Equal(["a", "ab", "b"], reader.Entries().Take(3).Select(e => e.Name));
            Assert.Equal("1"u8.ToArray(), reader.Read(reader.Find("b")!));
            Assert.Throws<ArgumentException>(() => reader.ReadInto(reader.Find("b")!, new byte[2]));
        }

        Assert.Contains("there is no such file", Assert.Throws<FileReadException>(() => LmdbReader.Open(_folder["no"])).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["hollow"]);
        Assert.Contains("data.mdb", Assert.Throws<FileReadException>(() => LmdbReader.Open(_folder["hollow"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_database_is_listed_and_not_read()
    {
        using LmdbReader reader = LmdbReader.Open(new MemoryStream(Fixture("databases.mdb")), "a.mdb");
        Assert.Equal([("inner", true), ("plain", false)], reader.Entries().Select(e => (e.Name, e.IsDatabase)));
        Assert.Equal("2"u8.ToArray(), reader.Read(reader.Find("plain")!));
        string message = Assert.Throws<FileFormatException>(() => reader.Read(reader.Find("inner")!)).Message;
        Assert.Contains("a named database", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("small")]
    [InlineData("checkpoints")]
    [InlineData("deep")]
    [InlineData("databases")]
    public void Reads_a_file_cut_at_every_byte(string name)
    {
        byte[] whole = Fixture($"{name}.mdb");
        (int refused, int equal) = CutFile.AtEveryByte(whole, ReadAll);
        Assert.Equal(whole.Length, refused + equal);

        // Only bytes after the last value, and free pages, may be missing.
        Assert.InRange(refused, PageSize + 100, whole.Length);
    }

    [Theory]
    [InlineData("small")]
    [InlineData("checkpoints")]
    public void A_damaged_byte_is_refused_or_read_and_nothing_else(string name)
    {
        byte[] bytes = Fixture($"{name}.mdb");
        int refused = 0;
        for (int at = 0; at < bytes.Length; at++)
        {
            byte honest = bytes[at];
            foreach (byte other in new byte[] { 0, 1, 0xFF, (byte)(honest ^ 0x10) })
            {
                if (at % PageSize > 200 && (honest == 0 || (at / PageSize > 2 && at % 8 != 0))) continue; // most are bytes of values
                bytes[at] = other;
                try
                {
                    ReadAll(new MemoryStream(bytes));
                }
                catch (FileFormatException error)
                {
                    Assert.StartsWith("cut.bin", error.Message, StringComparison.Ordinal);
                    Assert.DoesNotContain('\n', error.Message);
                    refused++;
                }
            }

            bytes[at] = honest;
        }

        Assert.True(refused > 300, $"{refused}");
    }

    [Fact]
    public void The_newer_meta_page_counts_and_a_damaged_one_is_refused()
    {
        byte[] bytes = Fixture("checkpoints-grown.mdb");
        string newer = ReadAll(new MemoryStream(bytes));
        ulong first = Transaction(0), second = Transaction(1);
        Assert.NotEqual(first, second);
        int older = first < second ? 0 : 1;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(older * PageSize + 144), Math.Max(first, second) + 1);
        Assert.NotEqual(newer, Outcome(bytes));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(older * PageSize + 144), 0);
        Assert.Equal(newer, Outcome(bytes));
        bytes[older * PageSize + 16] ^= 1;
        Assert.StartsWith("cut.bin", Outcome(bytes), StringComparison.Ordinal);

        ulong Transaction(int page) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(page * PageSize + 144));
    }

    [Fact]
    public void Every_kind_of_damage_is_named()
    {
        Assert.Contains("the first page of an LMDB file", Outcome([]), StringComparison.Ordinal);
        Assert.Contains("an LMDB file", Outcome(new byte[PageSize]), StringComparison.Ordinal);
        Assert.Contains("data version 1", Damaged("small", 20, 2), StringComparison.Ordinal);
        Assert.Contains("a page size", Damaged("small", 41, 0x11), StringComparison.Ordinal);
        Assert.Contains("several values for a key", Damaged("small", 92, 4), StringComparison.Ordinal);
        Assert.Contains("named database", Outcome(Fixture("databases.mdb"), values: true), StringComparison.Ordinal);

        // The root of the tree in the newer meta page: out of the file, and a leaf where a branch belongs.
        byte[] deep = Fixture("deep.mdb");
        int root = PageSize + 128;
        Assert.Contains("tree pages from 2", Patched(deep, root, 0xFF), StringComparison.Ordinal);
        Assert.Contains("branch page 2", Patched(deep, root, 2), StringComparison.Ordinal);
        Assert.Contains("levels", Patched(deep, PageSize + 94, 99), StringComparison.Ordinal);
        Assert.Contains("entries", Patched(deep, PageSize + 120, 1), StringComparison.Ordinal);

        // The tree's first children made the root itself: a ring; and made each other's twin: a page twice.
        int rootPage = deep[root];
        int firstNode = Node(deep, rootPage, 0), secondNode = Node(deep, rootPage, 1);
        Assert.Contains("expected", Patched(deep, firstNode, (byte)rootPage), StringComparison.Ordinal);
        Assert.Contains("keys in order", Patched(deep, secondNode, deep[firstNode]), StringComparison.Ordinal);
        Assert.Contains("within its page", Patched(deep, rootPage * PageSize + 17, 0x7F), StringComparison.Ordinal);
        Assert.Contains("node offsets", Patched(deep, rootPage * PageSize + 13, 0xFF), StringComparison.Ordinal);
        Assert.Contains("a page with nodes", Patched(deep, rootPage * PageSize + 12, 16), StringComparison.Ordinal);

        // A leaf's value: too long for its page, with several values, and its own pages out of the file or not what they should be.
        byte[] small = Fixture("small.mdb");
        int leaf = small[PageSize + 128];
        Assert.Contains("within its page", Patched(small, Node(small, leaf, 0) + 1, 0x7F), StringComparison.Ordinal);
        Assert.Contains("one value for a key", Patched(small, Node(small, leaf, 0) + 4, 4), StringComparison.Ordinal);
        byte[] runs = Fixture("checkpoints.mdb");
        leaf = runs[PageSize + 128];
        int value = Node(runs, leaf, 0) + 8 + "000000/ep000_it00000.pt".Length, own = runs[value];
        Assert.Contains("on pages 2 to", Patched(runs, value, 0xFF), StringComparison.Ordinal);
        Assert.Contains("on pages 2 to", Patched(runs, value, 1), StringComparison.Ordinal);
        Assert.Contains("on pages 2 to", Patched(runs, Node(runs, leaf, 0) + 3, 0x7F), StringComparison.Ordinal);
        Assert.Contains($"overflow page {own}", Patched(runs, own * PageSize, 0x77), StringComparison.Ordinal);
        Assert.Contains($"overflow page {own}", Patched(runs, own * PageSize + 10, 2), StringComparison.Ordinal);
        Assert.Contains($"overflow page {own}", Patched(runs, own * PageSize + 12, 0), StringComparison.Ordinal);
    }

    [Fact]
    public void Huge_sizes_do_not_allocate()
    {
        byte[] runs = Fixture("checkpoints.mdb");
        int node = Node(runs, runs[PageSize + 128], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(runs.AsSpan(node), uint.MaxValue);
        runs.AsSpan(PageSize + 104, 16).Fill(0xFF); // pages of the tree, as the meta page counts them
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("on pages 2 to", Outcome(runs), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    private static string Damaged(string name, int at, byte value) => Patched(Fixture($"{name}.mdb"), at, value);

    private static string Patched(byte[] whole, int at, byte value)
    {
        byte[] bytes = [.. whole];
        bytes[at] = value;
        return Outcome(bytes, values: true);
    }

    private static string Outcome(byte[] bytes, bool values = false)
    {
        try
        {
            return ReadAll(new MemoryStream(bytes), values);
        }
        catch (FileFormatException error)
        {
            return error.Message;
        }
    }

    private static int Node(byte[] bytes, int page, int index) =>
        page * PageSize + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(page * PageSize + 16 + 2 * index));

    private static string ReadAll(Stream stream) => ReadAll(stream, databases: false);

    /// <summary>Everything in a file as text; named databases are read too when asked, which is refused.</summary>
    private static string ReadAll(Stream stream, bool databases)
    {
        using LmdbReader reader = LmdbReader.Open(stream, "cut.bin");
        var text = new StringBuilder();
        foreach (LmdbEntry entry in reader.Entries())
        {
            byte[] value = entry.IsDatabase && !databases ? [] : reader.Read(entry);
            text.Append(Convert.ToHexString(entry.Key)).Append(' ').Append(entry.Length).Append(' ').Append(Convert.ToHexString(SHA256.HashData(value))).Append('\n');
        }

        return text.ToString();
    }

    private static byte[] Fixture(string name)
    {
        using FileStream packed = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "fixtures", $"lmdb-{name}.gz"));
        using var zip = new GZipStream(packed, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        zip.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>The pairs of a dump: after the header, lines of hexadecimal digits, a key and a value in turn.</summary>
    private static (byte[] Key, byte[] Value)[] Dumped(byte[] dump)
    {
        string[] lines = [.. Encoding.ASCII.GetString(dump).Split('\n')
            .SkipWhile(l => l != "HEADER=END").Skip(1).TakeWhile(l => l != "DATA=END").Select(l => l.Trim())];
        return [.. lines.Chunk(2).Select(pair => (Convert.FromHexString(pair[0]), Convert.FromHexString(pair[1])))];
    }
}
