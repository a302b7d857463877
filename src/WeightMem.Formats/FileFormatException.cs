using System.Globalization;

namespace WeightMem.Formats;

/// <summary>
/// A file that is not what it should be. The message is one line naming the file, the byte offset where that helps, what was
/// expected and what was found, so that a command can print it as it stands.
/// </summary>
public class FileFormatException : Exception
{
    private const int LongestPhrase = 240;

    /// <summary>An error somewhere in a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What should be there, as a noun phrase.</param>
    /// <param name="found">What is there, as a noun phrase.</param>
    /// <param name="inner">The exception underneath, if any.</param>
    public FileFormatException(string path, string expected, string found, Exception? inner = null)
        : this(path, null, expected, found, inner)
    {
    }

    /// <summary>An error at a byte of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Bytes from the start of the file, or null when there is no such place.</param>
    /// <param name="expected">What should be there, as a noun phrase.</param>
    /// <param name="found">What is there, as a noun phrase.</param>
    /// <param name="inner">The exception underneath, if any.</param>
    public FileFormatException(string path, long? offset, string expected, string found, Exception? inner = null)
        : base(OneLine($"{path}{(offset is null ? "" : $", byte {offset}")}: expected {Fit(expected)}, found {Fit(found)}"), inner)
    {
        Path = path;
        Offset = offset;
    }

    /// <summary>An error that no "expected, found" describes.</summary>
    protected FileFormatException(string path, string message, Exception? inner)
        : base(OneLine(message), inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Bytes from the start of the file, when known.</summary>
    public long? Offset { get; }

    /// <summary>Text from a file made fit for an error message: control characters shown as dots, the end cut off.</summary>
    internal static string Quote(ReadOnlySpan<char> text)
    {
        return $"'{Clean(text)}'";
    }

    /// <summary>As <see cref="Quote(ReadOnlySpan{char})"/>, without the quotes.</summary>
    internal static string Clean(ReadOnlySpan<char> text)
    {
        const int Longest = 60;
        Span<char> clean = stackalloc char[Math.Min(text.Length, Longest)];
        for (int i = 0; i < clean.Length; i++) clean[i] = char.IsControl(text[i]) || char.IsSurrogate(text[i]) ? '.' : text[i];
        return text.Length > Longest ? $"{clean}..." : $"{clean}";
    }

    /// <summary>The first bytes as an error message shows them, such as <c>bytes 50 4B 03 04</c>.</summary>
    internal static string Quote(ReadOnlySpan<byte> bytes) =>
        $"bytes {BitConverter.ToString(bytes[..Math.Min(bytes.Length, 16)].ToArray()).Replace('-', ' ')}";

    /// <summary>What a check of a file finds wrong with it, in a line; null when nothing is. That the file cannot be opened is thrown on.</summary>
    internal static string? FoundBy(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (FileFormatException error) when (error is not FileReadException)
        {
            return error.Message;
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    /// <summary>
    /// Both halves of a message are made fit once more, as the messages of libraries quote files too: what would steer a terminal becomes points, what is
    /// long is cut.
    /// </summary>
    private static string Fit(string phrase)
    {
        if (phrase.Length > LongestPhrase) phrase = phrase[..LongestPhrase] + "...";
        if (!phrase.Any(Steers)) return phrase;
        return string.Concat(phrase.ReplaceLineEndings(" ").Select(c => Steers(c) ? '.' : c));
    }

    private static bool Steers(char c) => char.IsControl(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
