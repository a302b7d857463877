using System.Globalization;
using System.Text;
using WeightMem.Formats;

namespace WeightMem.Cli.Commands;

/// <summary>The table that <c>inspect</c> prints: one line for each thing in a file.</summary>
internal sealed class InspectTable
{
    private const int WidestName = 72;

    private readonly List<string[]> _rows = [];

    public void Add(FileItem item, ArrayStatistics? statistics, string? refused)
    {
        string name = item.Name.Length == 0 ? "(the whole)" : Clean(item.Name);
        if (item.Array is not { } entry)
        {
            _rows.Add([name, Clean(item.Text ?? "")]);
            return;
        }

        string odd = refused is null ? "" : $"not read: {Clean(refused)}";
        if (statistics is { NaN: > 0 }) odd = $"{statistics.NaN} NaN";
        if (statistics is { Infinite: > 0 }) odd += $"{(odd.Length > 0 ? ", " : "")}{statistics.Infinite} infinite";
        _rows.Add([name, entry.Type.ToString(), $"[{string.Join(", ", entry.Shape)}]", Number(statistics?.Minimum), Number(statistics?.Mean), Number(statistics?.Maximum), odd]);
    }

    public void AddAlike(int count, string last) => _rows.Add([$"  ... {count} more alike, to {Clean(last)}"]);

    /// <summary>The lines, columns aligned.</summary>
    public string ToString(bool values)
    {
        string[] head = ["name", "type", "shape", "min", "mean", "max", ""];
        string[][] arrays = [.. _rows.Where(r => r.Length == head.Length)];
        int columns = values ? head.Length : 3;
        var widths = new int[head.Length];
        for (int c = 0; c < columns; c++) widths[c] = arrays.Select(r => r[c].Length).Append(head[c].Length).Max();
        widths[0] = Math.Min(WidestName, _rows.Where(r => r.Length > 1).Select(r => r[0].Length).DefaultIfEmpty(0).Max());
        widths[0] = Math.Max(widths[0], head[0].Length);
        var text = new StringBuilder();
        if (arrays.Length > 0) Line(text, head, widths, columns);
        foreach (string[] row in _rows)
        {
            if (row.Length == head.Length) Line(text, row, widths, columns);
            else text.Append(row.Length == 1 ? row[0] : $"{row[0].PadRight(widths[0])}  {row[1]}").Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Items that follow each other and differ only in one number of their name become the first of them and how many more there are.</summary>
    public static IEnumerable<(FileItem Item, int Alike, string Last)> Collapse(IReadOnlyList<FileItem> items)
    {
        const int Shown = 2;
        for (int i = 0; i < items.Count;)
        {
            int end = i + 1;
            while (end < items.Count && Alike(items[i], items[end])) end++;
            int shown = end - i > Shown + 1 ? Shown : end - i;
            for (int k = i; k < i + shown; k++)
            {
                int more = k == i + shown - 1 ? end - i - shown : 0;
                yield return (items[k], more, items[end - 1].Name);
            }

            i = end;
        }
    }

    public static string Bytes(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB"];
        double size = bytes;
        int unit = 0;
        for (; size >= 1000 && unit < units.Length - 1; unit++) size /= 1000;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.##} {units[unit]}");
    }

    private static bool Alike(FileItem a, FileItem b)
    {
        if (a.Array is { } one && b.Array is { } other)
        {
            if (one.Type != other.Type || !one.Shape.SequenceEqual(other.Shape)) return false;
        }
        else if (a.Array is not null || b.Array is not null)
        {
            return false;
        }

        ReadOnlySpan<char> x = a.Name, y = b.Name;
        int start = x.CommonPrefixLength(y);

        // The number may begin within the common beginning: 10 and 11 share the 1.
        while (start > 0 && char.IsAsciiDigit(x[start - 1])) start--;
        int i = Digits(x, start), j = Digits(y, start);
        return i > start && j > start && x[i..].SequenceEqual(y[j..]);
    }

    private static int Digits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at;
    }

    private static string Number(double? value) => value is { } number ? number.ToString("G5", CultureInfo.InvariantCulture) : "";

    /// <summary>Names come from files of strangers: control characters could rewrite the terminal.</summary>
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (char c in text) clean.Append(char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '.' : c);
        return clean.ToString();
    }

    private static void Line(StringBuilder text, string[] row, int[] widths, int columns)
    {
        int start = text.Length;
        for (int c = 0; c < columns; c++)
        {
            // Numbers to the right, words to the left.
            text.Append(c is >= 3 and <= 5 ? row[c].PadLeft(widths[c]) : row[c].PadRight(widths[c])).Append("  ");
        }

        while (text.Length > start && text[^1] == ' ') text.Length--;
        text.Append('\n');
    }
}
