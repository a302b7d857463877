using System.Text;
using WeightMem.Formats.Splits;
using Xunit;

namespace WeightMem.Formats.Tests.Splits;

public sealed class SplitFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1a2b.obj\n3c.obj\n", "1a2b 3c")]
    [InlineData("1a2b.obj\n3c.obj", "1a2b 3c")]
    [InlineData("1a2b.obj\r\n3c.obj\r\n", "1a2b 3c")]
    [InlineData("1a2b.obj\r3c.obj\r", "1a2b 3c")]
    [InlineData("\n  1a2b.obj.npy \t\n\n \n3c\n\n", "1a2b 3c")]
    [InlineData("1a2b", "1a2b")]
    [InlineData("1a2b.obj", "1a2b")]
    [InlineData("\u00EF\u00BB\u00BF1a2b.obj\r", "1a2b")]
    [InlineData("", "")]
    [InlineData("\n\r\n", "")]
    public void Reads_all_spellings(string text, string ids) => Assert.Equal(ids, string.Join(' ', Read(text)));

    [Theory]
    [InlineData("a.obj\nb.obj\n a.npy\n", "in line 3, found 'a'")]
    [InlineData("a\n.obj\n", "in line 2, found nothing before the first '.'")]
    [InlineData("../../etc/passwd\n", "nothing before the first '.'")]
    [InlineData("a/b.obj\n", "character 2F (hexadecimal) in 'a/b'")]
    [InlineData("a\\b.obj\n", "character 5C")]
    [InlineData("C:b\n", "character 3A")]
    [InlineData("a b.obj\n", "character 20")]
    [InlineData("a\0b.obj\n", "character 00 (hexadecimal) in 'a.b'")]
    [InlineData("\u00E9.obj\n", "character E9")]
    public void Refuses_what_is_no_id(string text, string said) =>
        Assert.Contains(said, Assert.Throws<FileFormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Ids_and_lines_have_a_longest_length()
    {
        Assert.Equal(255, Read(new string('a', 255) + ".obj")[0].Length);
        Assert.Contains("256 characters", Assert.Throws<FileFormatException>(() => Read(new string('a', 256))).Message);
        string message = Assert.Throws<FileFormatException>(() => Read("b\n" + new string(' ', 5_000_000))).Message;
        Assert.Equal("a.lst, byte 2: expected at most 1048576 bytes in line 2, found a longer line", message);
        Assert.Equal("a", Assert.Single(Read(new string(' ', 1 << 20) + "\n" + new string('\n', 100_000) + "a")));
    }

    [Fact]
    public void Round_trips()
    {
        string[] ids = [.. Enumerable.Range(0, 3000).Select(i => i.ToString("x32", System.Globalization.CultureInfo.InvariantCulture))];
        SplitFile.Write(_folder["train_split.lst"], ids);
        Assert.StartsWith(ids[0] + ".obj\n" + ids[1] + ".obj\n", File.ReadAllText(_folder["train_split.lst"]), StringComparison.Ordinal);
        Assert.Equal(ids, SplitFile.Read(_folder["train_split.lst"]));
        SplitFile.Write(_folder["problems.txt"], ["a", "b"], "");
        Assert.Equal("a\nb\n", File.ReadAllText(_folder["problems.txt"]));
        foreach (string[] bad in new[] { new[] { "a.b" }, ["a", "a"], [""], ["a/b"], [new string('a', 256)] })
            Assert.Throws<ArgumentException>(() => SplitFile.Write(_folder["bad.lst"], bad));
        Assert.Throws<ArgumentException>(() => SplitFile.Write(_folder["bad.lst"], ["a"], "obj"));
        Assert.Throws<ArgumentException>(() => SplitFile.Write(_folder["bad.lst"], ["a"], ".o\nb"));
        Assert.False(File.Exists(_folder["bad.lst"]));
    }

    [Fact]
    public void A_cut_list_reads_as_a_beginning_or_is_refused()
    {
        const string Whole = "1a2b3c.obj\nffee.obj\n0123.obj\n";
        string[] ids = ["1a2b3c", "ffee", "0123"];

        // The format has no end mark and no count: nothing tells a cut list from a shorter one, or a cut name from a shorter one.
        for (int length = 0; length < Whole.Length; length++)
        {
            IReadOnlyList<string> read = Read(Whole[..length]);
            Assert.True(read.Count <= 3);
            for (int i = 0; i < read.Count; i++)
            {
                if (i < read.Count - 1) Assert.Equal(ids[i], read[i]);
                else Assert.StartsWith(read[i], ids[i], StringComparison.Ordinal);
            }
        }

        // Cut to a name that came before, it is refused as any list with a name twice.
        Assert.Contains("line 2", Assert.Throws<FileFormatException>(() => Read("ab\nabc"[..5])).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Read(string text) => SplitFile.Read(new MemoryStream(Encoding.Latin1.GetBytes(text)), "a.lst");
}
