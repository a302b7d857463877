using System.Text;

namespace WeightMem.Formats.Splits;

/// <summary>
/// Lists of shapes, such as <c>train_split.lst</c> of HyperDiffusion and its list of shapes to leave out.
/// <list type="table">
/// <listheader><term>part</term><description>what is read</description></listheader>
/// <item><term>line</term><description>one file name; blanks around it and blank lines are passed over; the last line may lack its end</description></item>
/// <item><term>id</term><description>the name up to its first '.'; printable ASCII, 1 to 255 characters, no blanks, none of / \ :</description></item>
/// <item><term>refused</term><description>an id that comes twice</description></item>
/// </list>
/// The format has no end mark: a file cut after a whole line, or within the last name, reads as a shorter list.
/// </summary>
public static class SplitFile
{
    /// <summary>The longest id in characters: that of a file name.</summary>
    public const int LongestId = 255;

    /// <summary>Reads the ids in the file's order. A file of blank lines only gives none.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">A line holds no id, or one that came before.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return Read(file);
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static IReadOnlyList<string> Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return Read(file);
    }

    /// <summary>Writes ids, one a line, atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ids">Distinct ids as <see cref="Read(string)"/> gives them.</param>
    /// <param name="extension">What follows each id, such as <c>.obj</c>; empty or beginning with a point.</param>
    /// <exception cref="ArgumentException">An id is none, or comes twice, or the extension is none.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, IEnumerable<string> ids, string extension = ".obj")
    {
        if (extension.Length > 0 && (extension[0] != '.' || Flaw(extension) is not null))
            throw new ArgumentException($"'{extension}' is no extension");
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string id in ids)
        {
            if (id.Contains('.', StringComparison.Ordinal) || Flaw(id) is not null)
                throw new ArgumentException($"{FileFormatException.Quote(id)} is no id of 1 to {LongestId} printable characters");
            if (!seen.Add(id)) throw new ArgumentException($"{FileFormatException.Quote(id)} comes twice");
            text.Append(id).Append(extension).Append('\n');
        }

        AtomicFile.WriteText(path, text.ToString());
    }

    private static List<string> Read(FileReader file)
    {
        var ids = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var lines = new TextLines(file);
        while (lines.Next(out ReadOnlySpan<byte> line))
        {
            ReadOnlySpan<byte> name = line.Trim(" \t\r\v\f"u8);
            if (name.IsEmpty) continue;
            int point = name.IndexOf((byte)'.');
            string id = Encoding.Latin1.GetString(point < 0 ? name : name[..point]);
            if (Flaw(id) is { } flaw) throw lines.Error($"an id of 1 to {LongestId} printable characters", flaw);
            if (!seen.Add(id)) throw lines.Error("an id that did not come before", FileFormatException.Quote(id));
            ids.Add(id);
        }

        return ids;
    }

    /// <summary>What makes the text no id, or null. Ids become file names, so none may lead out of a folder.</summary>
    private static string? Flaw(string id)
    {
        if (id.Length == 0) return "nothing before the first '.'";
        if (id.Length > LongestId) return $"{id.Length} characters";
        int bad = id.AsSpan().IndexOfAnyExceptInRange('!', '~');
        if (bad < 0) bad = id.AsSpan().IndexOfAny('/', '\\', ':');
        return bad < 0 ? null : $"character {(int)id[bad]:X2} (hexadecimal) in {FileFormatException.Quote(id)}";
    }
}
