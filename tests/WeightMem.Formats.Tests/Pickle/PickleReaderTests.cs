using System.Numerics;
using System.Text;
using WeightMem.Formats.Pickle;
using Xunit;

namespace WeightMem.Formats.Tests.Pickle;

public sealed class PickleReaderTests
{
    [Theory]
    [InlineData("I42\n.", 42L)]
    [InlineData("I01\n.", true)]
    [InlineData("L-7L\n.", -7L)]
    [InlineData("F0.5\n.", 0.5)]
    [InlineData("S'a\\x41\\n'\n.", "aA\n")]
    [InlineData("V\\u00e9\n.", "é")]
    [InlineData("\u0080\u0002K\u0005.", 5L)]
    [InlineData("\u0080\u0002\u008A\u0002\u00FF\u00FF.", -1L)]
    [InlineData("K\u0001K\u00020.", 1L)]
    [InlineData("(K\u0001K\u00021K\u0003.", 3L)]
    public void Reads_single_values(string pickle, object expected) => Assert.Equal(expected, Read(pickle));

    [Fact]
    public void Keeps_large_numbers()
    {
        Assert.Equal(BigInteger.Pow(2, 70), Read("L1180591620717411303424L\n."));
    }

    [Fact]
    public void Calls_become_records()
    {
        var made = Assert.IsType<PickleObject>(Read("cos\nsystem\n(S'rm -rf /'\ntR."));
        Assert.Equal(new PickleGlobal("os", "system"), made.Global);
        Assert.Equal("rm -rf /", made.Argument(0));
        made = Assert.IsType<PickleObject>(Read("(S'x'\niposix\nsystem\n."));
        Assert.Equal("x", made.Argument(0));
        made = Assert.IsType<PickleObject>(Read("(cposix\nsystem\nS'x'\no."));
        Assert.Equal("x", made.Argument(0));
    }

    [Fact]
    public void A_value_may_be_its_own_argument_class_state_and_item()
    {
        // An object whose state, items and entries are the object itself; asking what it means ends.
        var made = Assert.IsType<PickleObject>(Read("ccollections\nOrderedDict\n)Rq\u0000h\u0000ah\u0000h\u0000sh\u0000b."));
        Assert.Same(made, made.State);
        Assert.NotNull(PickleConventions.AsEntries(made));
        Assert.NotNull(PickleConventions.AsItems(made));
        Assert.Null(PickleConventions.Attribute(made, "x"));

        // A class called with a list that holds the call.
        object? called = Assert.IsType<PickleSequence>(Read("]q\u0000cbuiltins\ndict\nh\u0000Ra.")).Items[0];
        Assert.Empty(PickleConventions.AsEntries(called)!);
    }

    [Theory]
    [InlineData("", "the end of the file")]
    [InlineData(".", "none")]
    [InlineData("NN.", "more")]
    [InlineData("(.", "none")]
    [InlineData("0.", "none")]
    [InlineData("t.", "a mark")]
    [InlineData("K\u0001a.", "none")]
    [InlineData("K\u0001K\u0002a.", "a list or set")]
    [InlineData("}K\u0001s.", "none")]
    [InlineData("}(K\u0001u.", "in pairs")]
    [InlineData("h\u0005.", "no value 5")]
    [InlineData("j\u00FF\u00FF\u00FF\u00FF.", "no value 4294967295")]
    [InlineData("\u0080\u0006N.", "protocol 0 to 5")]
    [InlineData("B\u00FF\u00FF\u00FF\u007Fabc", "2147483647 bytes")]
    [InlineData("\u008E\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FFabc", "bytes of bytes")]
    [InlineData("\u008D\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FFabc", "bytes of text")]
    [InlineData("\u008B\u00FF\u00FF\u00FF\u00FF.", "a number of at most")]
    [InlineData("\u0082\u0001.", "a registry")]
    [InlineData("\u0097.", "outside it")]
    [InlineData("K\u0001K\u0002\u0093.", "a module and a class")]
    [InlineData("K\u0001Nb.", "an object to give a state to")]
    [InlineData("Fabc\n.", "a number")]
    [InlineData("Ix\n.", "a whole number")]
    [InlineData("Sabc\n.", "in quotes")]
    [InlineData("\u00FE.", "an opcode")]
    public void Refuses_damage_in_one_line(string pickle, string said)
    {
        var error = Assert.Throws<FileFormatException>(() => Read(pickle));
        Assert.StartsWith("bad.pkl", error.Message, StringComparison.Ordinal);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Stops_a_pickle_whose_values_take_too_much_memory()
    {
        // Four million one-byte opcodes would make four million lists.
        var error = Assert.Throws<FileFormatException>(() => Read(new string(']', 4_000_000)));
        Assert.Contains("a pickle of values that fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_numbers_across_the_edges_of_its_buffer()
    {
        // A list of 5-byte numbers, longer than any buffer, in a frame.
        byte[] numbers = [.. Enumerable.Range(0, 20_000).SelectMany(i => (byte[])[(byte)'J', .. BitConverter.GetBytes(i * 1000)])];
        object? value = Read([0x80, 4, (byte)']', (byte)'(', .. numbers, (byte)'e', (byte)'.']);
        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => (object?)(i * 1000L)), PickleConventions.AsItems(value)!);
    }

    private static object? Read(string latin1) => Read(Encoding.Latin1.GetBytes(latin1));

    private static object? Read(byte[] bytes)
    {
        using var file = new FileReader(new MemoryStream(bytes), "bad.pkl");
        return PickleReader.Read(file);
    }
}
