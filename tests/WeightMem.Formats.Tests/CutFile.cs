using Xunit;

namespace WeightMem.Formats.Tests;

/// <summary>Cuts a file at every byte: each piece must be refused with one clear line, or read to the very same value.</summary>
internal static class CutFile
{
    /// <summary>Reads every proper beginning of the bytes.</summary>
    /// <returns>How many pieces were refused and how many read equal.</returns>
    public static (int Refused, int Equal) AtEveryByte(byte[] whole, Func<Stream, string> readToText)
    {
        string expected = readToText(new MemoryStream(whole));
        int refused = 0, equal = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                string got = readToText(new MemoryStream(whole, 0, length));
                Assert.Equal(expected, got);
                equal++;
            }
            catch (FileFormatException error)
            {
                Assert.StartsWith("cut.bin", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', error.Message);
                Assert.True(error.Message.Length < 400, error.Message);
                refused++;
            }
        }

        return (refused, equal);
    }

    /// <summary>An array as text: type, shape, every element's bits.</summary>
    public static string Text(NamedArray array) =>
        $"{array.Type} [{string.Join(",", array.Shape)}] {string.Join(",", array.ToDoubles().Select(BitConverter.DoubleToInt64Bits))}";
}
