using System.Buffers;
using System.Runtime.InteropServices;

namespace WeightMem.Formats.Meshes;

/// <summary>
/// Wavefront OBJ: vertices and faces as lines of text.
/// <list type="table">
/// <listheader><term>statement</term><description>what is read</description></listheader>
/// <item><term><c>v x y z ...</c></term><description>a vertex; further numbers (weight, colour) are passed over</description></item>
/// <item><term><c>f a b c ...</c></term><description>a face of three corners or more, each <c>v</c>, <c>v/vt</c>, <c>v//vn</c> or
/// <c>v/vt/vn</c>; only <c>v</c> is used: from 1 up in the order of the file, or from -1 down from the last vertex so far</description></item>
/// <item><term><c>#</c>, <c>\</c></term><description>comment to the end of the line; a line that goes on in the next</description></item>
/// <item><term>other words</term><description>passed over: textures, normals, groups, materials, lines, points, curves</description></item>
/// </list>
/// The format has no counts and no end mark: a file cut after a whole line, or within the last number, may read as a smaller mesh.
/// </summary>
public static class ObjFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">A line is damaged, a corner is no vertex, or there is no vertex at all.</exception>
    public static MeshData Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return new Parser(new TextLines(file)).Read();
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static MeshData Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return new Parser(new TextLines(file)).Read();
    }

    /// <summary>Writes a mesh, atomically. Coordinates read back as the same bits.</summary>
    /// <exception cref="ArgumentException">The mesh has no vertices: such a file could not be told from one that is no OBJ file.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, MeshData mesh)
    {
        Check(mesh);
        AtomicFile.Write(path, stream => Write(stream, mesh));
    }

    /// <summary>Writes a mesh to a stream.</summary>
    /// <exception cref="ArgumentException">The mesh has no vertices.</exception>
    public static void Write(Stream stream, MeshData mesh)
    {
        Check(mesh);
        MeshText.WriteVertices(stream, mesh, "v "u8);
        MeshText.WriteTriangles(stream, mesh, "f "u8, first: 1);
    }

    private static void Check(MeshData mesh)
    {
        if (mesh.VertexCount == 0) throw new ArgumentException("an OBJ file needs a vertex");
    }

    private sealed class Parser(TextLines lines)
    {
        private readonly ArrayBufferWriter<byte> _joined = new();
        private readonly List<double> _vertices = [];
        private readonly PolygonFan _faces = new();

        // A face may name vertices that come later, so the largest number is checked at the end, where its line is still wanted.
        private int _largest;
        private FileFormatException? _largestError;

        private int VertexCount => _vertices.Count / 3;

        public MeshData Read()
        {
            while (NextStatement(out ReadOnlySpan<byte> statement))
            {
                var words = new TextWords(statement);
                if (!words.Next(out ReadOnlySpan<byte> keyword)) continue;
                if (keyword.SequenceEqual("v"u8)) Vertex(ref words, statement);
                else if (keyword.SequenceEqual("f"u8)) Face(ref words, statement);
                else if (!IsKeyword(keyword)) throw lines.Error("an OBJ statement", TextLines.Quote(statement));
            }

            if (VertexCount == 0) throw lines.Error("a vertex ('v x y z')", "the end of the file");
            if (_largest > VertexCount) throw _largestError!;
            return new MeshData(CollectionsMarshal.AsSpan(_vertices).ToArray(), _faces.Triangles());
        }

        private void Vertex(ref TextWords words, ReadOnlySpan<byte> statement)
        {
            if (VertexCount == MeshData.Most) throw lines.Error($"at most {MeshData.Most} vertices", "more");
            (double x, double y, double z) = MeshText.Point(lines, ref words, statement);
            _vertices.Add(x);
            _vertices.Add(y);
            _vertices.Add(z);
        }

        private void Face(ref TextWords words, ReadOnlySpan<byte> statement)
        {
            while (words.Next(out ReadOnlySpan<byte> word))
            {
                int number = Corner(word);
                if (number < 0) number += VertexCount + 1;
                if (number <= 0) throw lines.Error($"a corner among the {VertexCount} vertices so far", TextLines.Quote(word));
                if (number > _largest)
                {
                    _largest = number;
                    if (number > VertexCount) _largestError = lines.Error("a corner among the file's vertices", TextLines.Quote(word));
                }

                _faces.Add(number - 1);
            }

            if (!_faces.EndFace()) throw lines.Error($"3 corners or more, {MeshData.Most} triangles or fewer", TextLines.Quote(statement));
        }

        /// <summary>The vertex number of a corner; the numbers of its texture and normal only have to be numbers.</summary>
        private int Corner(ReadOnlySpan<byte> word)
        {
            int slash = word.IndexOf((byte)'/');
            ReadOnlySpan<byte> vertex = slash < 0 ? word : word[..slash];
            bool good = MeshText.TryInteger(vertex, out int number) && number is not 0 and not int.MinValue;
            if (slash >= 0)
            {
                ReadOnlySpan<byte> rest = word[(slash + 1)..];
                int second = rest.IndexOf((byte)'/');
                good &= second < 0
                    ? MeshText.TryInteger(rest, out _)
                    : (second == 0 || MeshText.TryInteger(rest[..second], out _)) && MeshText.TryInteger(rest[(second + 1)..], out _);
            }

            return good ? number : throw lines.Error("a corner v, v/vt, v//vn or v/vt/vn", TextLines.Quote(word));
        }

        /// <summary>Reads a line and those it goes on in, without comment.</summary>
        private bool NextStatement(out ReadOnlySpan<byte> statement)
        {
            _joined.ResetWrittenCount();
            while (lines.Next(out statement))
            {
                // A comment that happens to end in a backslash, such as a path, swallows no vertex.
                statement = MeshText.WithoutComment(statement);
                bool goesOn = statement is [.., (byte)'\\'];
                if (!goesOn && _joined.WrittenCount == 0) return true;
                _joined.Write(goesOn ? statement[..^1] : statement);
                _joined.Write(" "u8);
                if (_joined.WrittenCount > TextLines.LongestLine)
                    throw lines.Error($"a statement of at most {TextLines.LongestLine} bytes", "a longer one");
                if (goesOn) continue;
                statement = _joined.WrittenSpan;
                return true;
            }

            statement = _joined.WrittenSpan;
            return _joined.WrittenCount > 0;
        }

        private static bool IsKeyword(ReadOnlySpan<byte> word)
        {
            if (word.Length > 32 || !char.IsAsciiLetter((char)word[0])) return false;
            foreach (byte b in word)
            {
                if (!char.IsAsciiLetterOrDigit((char)b) && b != '_') return false;
            }

            return true;
        }
    }
}
