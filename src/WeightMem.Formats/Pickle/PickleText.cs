using System.Globalization;
using System.Numerics;
using System.Text;

namespace WeightMem.Formats.Pickle;

/// <summary>Texts of protocol 0, and what values are called.</summary>
internal static class PickleText
{
    private const int MostArguments = 6;

    /// <summary>What a value is, in a few words, for trees and errors.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        bool truth => truth ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        BigInteger => "a large whole number",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        string text => FileFormatException.Quote(text),
        byte[] bytes => $"{bytes.Length} bytes",
        PickleGlobal global => FileFormatException.Clean(global.ToString()),
        PickleSequence { Kind: PickleSequenceKind.Tuple, Items: var items } => $"tuple of {items.Count}",
        PickleSequence { Kind: PickleSequenceKind.List, Items: var items } => $"list of {items.Count}",
        PickleSequence { Items: var items } => $"set of {items.Count}",
        PickleDictionary dictionary => $"dict of {dictionary.Entries.Count}",
        PickleObject { Global: { } global } made => $"object {FileFormatException.Clean(global.ToString())}{(IsSimple(made) ? Arguments(made) : "")}",
        PickleObject => "object of an unnamed class",
        _ => "a reference to the container",
    };

    /// <summary>Whether an object is known by a few plain arguments, such as a path or a device, and has nothing else.</summary>
    public static bool IsSimple(PickleObject made) =>
        made is { State: null, Items: null, Entries: null, Arguments: PickleSequence { Items: { Count: > 0 and <= MostArguments } arguments } }
        && arguments.TrueForAll(a => a is null or bool or long or double or string);

    private static string Arguments(PickleObject made) => $"({string.Join(", ", ((PickleSequence)made.Arguments!).Items.Select(Describe))})";

    /// <summary>A text in quotes with Python's escapes.</summary>
    public static string Quoted(string line, string path, long at)
    {
        string text = line.Trim();
        if (text.Length < 2 || text[0] is not ('\'' or '"') || text[^1] != text[0])
            throw new FileFormatException(path, at, "a text in quotes", FileFormatException.Quote(line));
        return Unescape(text.AsSpan(1, text.Length - 2), unicodeOnly: false);
    }

    /// <summary>A text with only <c>\u</c> and <c>\U</c> escapes.</summary>
    public static string Escaped(string line) => Unescape(line, unicodeOnly: true);

    private static string Unescape(ReadOnlySpan<char> text, bool unicodeOnly)
    {
        var to = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                to.Append(text[i]);
                continue;
            }

            char kind = text[i + 1];
            int digits = kind switch { 'u' => 4, 'U' => 8, 'x' when !unicodeOnly => 2, _ => 0 };
            if (digits > 0 && i + 2 + digits <= text.Length
                && int.TryParse(text.Slice(i + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code))
            {
                if (Rune.IsValid(code)) to.Append(new Rune(code).ToString());
                else to.Append('\uFFFD');
                i += 1 + digits;
                continue;
            }

            if (unicodeOnly)
            {
                to.Append('\\');
                continue;
            }

            to.Append(kind switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '0' => '\0', _ => kind });
            i++;
        }

        return to.ToString();
    }
}
