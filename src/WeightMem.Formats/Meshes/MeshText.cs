using System.Globalization;

namespace WeightMem.Formats.Meshes;

/// <summary>Numbers and comments of the text formats of meshes.</summary>
internal static class MeshText
{
    /// <summary>The line without what follows a '#'.</summary>
    public static ReadOnlySpan<byte> WithoutComment(ReadOnlySpan<byte> line)
    {
        int at = line.IndexOf((byte)'#');
        return at < 0 ? line : line[..at];
    }

    /// <summary>Reads the next line that holds more than blanks and a comment; the comment is left out.</summary>
    /// <exception cref="FileFormatException">There is none.</exception>
    public static ReadOnlySpan<byte> NextLine(TextLines lines, string expected) =>
        TryNextLine(lines, out ReadOnlySpan<byte> line) ? line : throw lines.Error(expected, "the end of the file");

    /// <summary>Reads the next line that holds more than blanks and a comment; false at the end of the file.</summary>
    public static bool TryNextLine(TextLines lines, out ReadOnlySpan<byte> line)
    {
        while (lines.Next(out line))
        {
            line = WithoutComment(line);
            var words = new TextWords(line);
            if (words.Next(out _)) return true;
        }

        return false;
    }

    /// <summary>Reads x, y and z from the next three words of a line.</summary>
    /// <exception cref="FileFormatException">They are fewer, no numbers, or not finite.</exception>
    public static (double X, double Y, double Z) Point(TextLines lines, ref TextWords words, ReadOnlySpan<byte> line) =>
        (Coordinate(lines, ref words, line), Coordinate(lines, ref words, line), Coordinate(lines, ref words, line));

    /// <summary>Reads a whole number.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> word, out int value) =>
        int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary>Reads a finite number.</summary>
    public static bool TryFinite(ReadOnlySpan<byte> word, out double value) =>
        double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>Writes a number so that it reads back as the same bits.</summary>
    public static void Write(Stream stream, double value)
    {
        Span<byte> text = stackalloc byte[32];
        _ = value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        stream.Write(text[..length]);
    }

    /// <summary>Writes a whole number.</summary>
    public static void Write(Stream stream, int value)
    {
        Span<byte> text = stackalloc byte[16];
        _ = value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        stream.Write(text[..length]);
    }

    /// <summary>Writes the vertices, one a line: a word before each, then its three coordinates.</summary>
    public static void WriteVertices(Stream stream, MeshData mesh, ReadOnlySpan<byte> before)
    {
        for (int i = 0; i < mesh.Vertices.Length; i++)
        {
            if (i % 3 == 0) stream.Write(before);
            Write(stream, mesh.Vertices[i]);
            stream.WriteByte(i % 3 == 2 ? (byte)'\n' : (byte)' ');
        }
    }

    /// <summary>Writes the triangles, one a line: a word before each, then its three corners counted from the given number.</summary>
    public static void WriteTriangles(Stream stream, MeshData mesh, ReadOnlySpan<byte> before, int first)
    {
        for (int i = 0; i < mesh.Triangles.Length; i++)
        {
            if (i % 3 == 0) stream.Write(before);
            Write(stream, mesh.Triangles[i] + first);
            stream.WriteByte(i % 3 == 2 ? (byte)'\n' : (byte)' ');
        }
    }

    private static double Coordinate(TextLines lines, ref TextWords words, ReadOnlySpan<byte> line)
    {
        if (!words.Next(out ReadOnlySpan<byte> word)) throw lines.Error("three coordinates", TextLines.Quote(line));
        return TryFinite(word, out double value) ? value : throw lines.Error("a finite coordinate", TextLines.Quote(word));
    }
}
