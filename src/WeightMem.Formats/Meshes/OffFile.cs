namespace WeightMem.Formats.Meshes;

/// <summary>
/// The Object File Format of Geomview, the form of ModelNet's meshes: counts, then one vertex or face a line.
/// <list type="table">
/// <listheader><term>part</term><description>what is read</description></listheader>
/// <item><term>first word</term><description><c>OFF</c>; also <c>COFF</c>, <c>NOFF</c>, <c>STOFF</c> and their mixtures, whose
/// colours, normals and textures are passed over; not binary files and not those of four or more dimensions</description></item>
/// <item><term>counts</term><description>vertices, faces and, if given, edges: on the next line, on the same, or glued to the first word as
/// in a part of ModelNet (<c>OFF490 518 0</c>)</description></item>
/// <item><term>vertex</term><description>x y z; what follows in the line is passed over</description></item>
/// <item><term>face</term><description>number of corners, 3 or more, and the corners from 0; what follows is passed over</description></item>
/// <item><term><c>#</c></term><description>comment to the end of the line; blank lines are passed over</description></item>
/// </list>
/// The counts show where a file is cut, except within its very last number.
/// </summary>
public static class OffFile
{
    /// <summary>The shortest lines: <c>0 0 0</c> and <c>3 0 0 0</c> with their ends.</summary>
    private const int VertexBytes = 6, FaceBytes = 8;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no OFF file, is cut or too long, or a corner is no vertex.</exception>
    public static MeshData Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return Read(file);
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static MeshData Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return Read(file);
    }

    /// <summary>Writes a mesh, atomically. Coordinates read back as the same bits.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, MeshData mesh) => AtomicFile.Write(path, stream => Write(stream, mesh));

    /// <summary>Writes a mesh to a stream.</summary>
    public static void Write(Stream stream, MeshData mesh)
    {
        stream.Write("OFF\n"u8);
        MeshText.Write(stream, mesh.VertexCount);
        stream.WriteByte((byte)' ');
        MeshText.Write(stream, mesh.TriangleCount);
        stream.Write(" 0\n"u8);
        MeshText.WriteVertices(stream, mesh, default);
        MeshText.WriteTriangles(stream, mesh, "3 "u8, first: 0);
    }

    private static MeshData Read(FileReader file)
    {
        var lines = new TextLines(file);
        (int vertexCount, int faceCount) = Counts(lines);
        if ((long)vertexCount * VertexBytes + (long)faceCount * FaceBytes > lines.Remaining + 1)
            throw lines.Error($"{vertexCount} vertices and {faceCount} faces to follow", $"{lines.Remaining} bytes to the end of the file");

        var vertices = new double[3 * vertexCount];
        for (int i = 0; i < vertexCount; i++)
        {
            ReadOnlySpan<byte> line = MeshText.NextLine(lines, $"vertex {i} of {vertexCount}");
            var words = new TextWords(line);
            (vertices[3 * i], vertices[3 * i + 1], vertices[3 * i + 2]) = MeshText.Point(lines, ref words, line);
        }

        var faces = new PolygonFan();
        for (int i = 0; i < faceCount; i++) Face(lines, MeshText.NextLine(lines, $"face {i} of {faceCount}"), vertexCount, faces);
        if (MeshText.TryNextLine(lines, out ReadOnlySpan<byte> more))
            throw lines.Error($"the end of the file after {vertexCount} vertices and {faceCount} faces", TextLines.Quote(more));
        return new MeshData(vertices, faces.Triangles());
    }

    private static void Face(TextLines lines, ReadOnlySpan<byte> line, int vertexCount, PolygonFan faces)
    {
        var words = new TextWords(line);
        _ = words.Next(out ReadOnlySpan<byte> word);
        if (!MeshText.TryInteger(word, out int corners) || corners < 3) throw lines.Error("a face of 3 corners or more", TextLines.Quote(line));
        while (faces.CornerCount < corners)
        {
            if (!words.Next(out word)) throw lines.Error($"{corners} corners", TextLines.Quote(line));
            if (!MeshText.TryInteger(word, out int corner) || (uint)corner >= (uint)vertexCount)
                throw lines.Error($"a corner of 0 to {vertexCount - 1}", TextLines.Quote(word));
            faces.Add(corner);
        }

        if (!faces.EndFace()) throw lines.Error($"at most {MeshData.Most} triangles", "more");
    }

    /// <summary>Reads the first word and the counts, which lie in the same line or the next.</summary>
    private static (int Vertices, int Faces) Counts(TextLines lines)
    {
        const string Expected = "'OFF' and counts";
        ReadOnlySpan<byte> line = MeshText.NextLine(lines, Expected);
        var words = new TextWords(line);
        _ = words.Next(out ReadOnlySpan<byte> first);
        ReadOnlySpan<byte> rest = first;
        foreach (string prefix in new[] { "ST", "C", "N" })
        {
            if (rest.Length > prefix.Length && rest[0] == prefix[0] && (prefix.Length == 1 || rest[1] == prefix[1])) rest = rest[prefix.Length..];
        }

        if (!rest.StartsWith("OFF"u8)) throw lines.Error(Expected, TextLines.Quote(line));
        ReadOnlySpan<byte> word = rest[3..];
        if (word.IsEmpty && !words.Next(out word))
        {
            line = MeshText.NextLine(lines, Expected);
            words = new TextWords(line);
            _ = words.Next(out word);
        }

        Span<int> counts = stackalloc int[3];
        int count = 0;
        do
        {
            if (count == counts.Length || !MeshText.TryInteger(word, out counts[count]) || counts[count] is < 0 or > MeshData.Most)
                throw lines.Error($"two or three counts of 0 to {MeshData.Most}", TextLines.Quote(line));
            count++;
        }
        while (words.Next(out word));
        if (count < 2) throw lines.Error("counts of vertices and faces", TextLines.Quote(line));
        return (counts[0], counts[1]);
    }
}
