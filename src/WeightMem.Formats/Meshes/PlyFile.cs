using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace WeightMem.Formats.Meshes;

/// <summary>
/// PLY, the Stanford polygon format: a header of text that names elements and their properties, then their rows.
/// <list type="table">
/// <listheader><term>part</term><description>what is read</description></listheader>
/// <item><term>format</term><description>version 1.0 <c>ascii</c>, <c>binary_little_endian</c>, <c>binary_big_endian</c></description></item>
/// <item><term>element <c>vertex</c></term><description>properties <c>x y z</c> of any number type</description></item>
/// <item><term>element <c>face</c></term><description>a list <c>vertex_indices</c> or <c>vertex_index</c> of whole numbers, 3 or more, from
/// 0; a file without faces is a point cloud</description></item>
/// <item><term>passed over</term><description>all other properties and elements, lists too; comments; <c>obj_info</c></description></item>
/// </list>
/// The counts show where a file is cut, except within the very last number of a text file.
/// </summary>
public static class PlyFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no PLY file, is cut or too long, or a corner is no vertex.</exception>
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

    /// <summary>Writes a mesh, atomically. Coordinates are doubles and read back as the same bits.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mesh">The mesh; a point cloud gets no element <c>face</c>.</param>
    /// <param name="ascii">Text instead of little-endian numbers.</param>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, MeshData mesh, bool ascii = false) =>
        AtomicFile.Write(path, stream => Write(stream, mesh, ascii));

    /// <summary>Writes a mesh to a stream.</summary>
    public static void Write(Stream stream, MeshData mesh, bool ascii = false)
    {
        var header = new StringBuilder("ply\n");
        header.Append(CultureInfo.InvariantCulture, $"format {(ascii ? "ascii" : "binary_little_endian")} 1.0\n");
        header.Append(CultureInfo.InvariantCulture, $"element vertex {mesh.VertexCount}\n");
        header.Append("property double x\nproperty double y\nproperty double z\n");
        if (mesh.TriangleCount > 0)
        {
            header.Append(CultureInfo.InvariantCulture, $"element face {mesh.TriangleCount}\n");
            header.Append("property list uchar int vertex_indices\n");
        }

        stream.Write(Encoding.ASCII.GetBytes(header.Append("end_header\n").ToString()));
        if (ascii)
        {
            MeshText.WriteVertices(stream, mesh, default);
            MeshText.WriteTriangles(stream, mesh, "3 "u8, first: 0);
            return;
        }

        Span<byte> bytes = stackalloc byte[8];
        foreach (double coordinate in mesh.Vertices)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, coordinate);
            stream.Write(bytes);
        }

        for (int i = 0; i < mesh.Triangles.Length; i++)
        {
            if (i % 3 == 0) stream.WriteByte(3);
            BinaryPrimitives.WriteInt32LittleEndian(bytes, mesh.Triangles[i]);
            stream.Write(bytes[..4]);
        }
    }

    private static MeshData Read(FileReader file)
    {
        var lines = new TextLines(file);
        PlyHeader header = PlyHeader.Read(lines);
        PlyElement vertexElement = header.Elements.Find(e => e.Name == "vertex") ?? throw lines.Error("an element 'vertex'", "none");
        CheckElements(lines, header, vertexElement);

        PlyRows rows;
        if (header.Encoding == PlyEncoding.Ascii)
        {
            rows = new PlyTextRows(lines);
        }
        else
        {
            file.Seek(lines.Position);
            rows = new PlyBinaryRows(file, header.Encoding == PlyEncoding.BinaryBigEndian);
        }

        var vertices = new double[3 * vertexElement.Count];
        var faces = new PolygonFan();
        foreach (PlyElement element in header.Elements)
        {
            if (element == vertexElement) Vertices(rows, element, vertices);
            else if (element.Name == "face") Faces(rows, element, (int)vertexElement.Count, faces);
            else Other(rows, element);
        }

        rows.EndFile();
        return new MeshData(vertices, faces.Triangles());
    }

    private static void CheckElements(TextLines lines, PlyHeader header, PlyElement vertices)
    {
        if (vertices.Count > MeshData.Most) throw lines.Error($"at most {MeshData.Most} vertices", $"{vertices.Count}");
        foreach (string name in new[] { "x", "y", "z" })
        {
            if (!vertices.Properties.Exists(p => p.Name == name && p.LengthType is null))
                throw lines.Error($"a property '{name}' of element 'vertex'", "none");
        }

        PlyElement? faces = header.Elements.Find(e => e.Name == "face");
        if (faces?.Count > MeshData.Most) throw lines.Error($"at most {MeshData.Most} faces", $"{faces.Count}");
        int lists = faces?.Properties.Count(IsCorners) ?? 1;
        if (lists != 1 && faces!.Count > 0)
            throw lines.Error("one list 'vertex_indices' or 'vertex_index' of whole numbers in element 'face'", lists == 0 ? "none" : "both");
    }

    private static bool IsCorners(PlyProperty property) =>
        property.LengthType is not null && property.Type < PlyType.Float32 && property.Name is "vertex_indices" or "vertex_index";

    private static void Vertices(PlyRows rows, PlyElement element, double[] vertices)
    {
        int[] places = [.. element.Properties.Select(p => p.Name switch { "x" => 0, "y" => 1, "z" => 2, _ => -1 })];
        for (long row = 0; row < element.Count; row++)
        {
            rows.Start(element, row);
            for (int i = 0; i < places.Length; i++)
            {
                PlyProperty property = element.Properties[i];
                if (places[i] < 0)
                {
                    Skip(rows, property);
                    continue;
                }

                double value = rows.Number(property.Type);
                if (!double.IsFinite(value)) throw rows.Error($"a finite coordinate of vertex {row}", $"{value}");
                vertices[3 * row + places[i]] = value;
            }

            rows.End();
        }
    }

    private static void Faces(PlyRows rows, PlyElement element, int vertexCount, PolygonFan faces)
    {
        for (long row = 0; row < element.Count; row++)
        {
            rows.Start(element, row);
            foreach (PlyProperty property in element.Properties)
            {
                if (!IsCorners(property))
                {
                    Skip(rows, property);
                    continue;
                }

                long corners = rows.Length(property.LengthType!.Value);
                if (corners < 3) throw rows.Error($"3 corners or more of face {row}", $"{corners}");
                for (long i = 0; i < corners; i++)
                {
                    double corner = rows.Number(property.Type);
                    if (!(corner >= 0 && corner < vertexCount))
                        throw rows.Error($"a corner of 0 to {vertexCount - 1} in face {row}", $"{corner}");
                    faces.Add((int)corner);
                }

                if (!faces.EndFace()) throw rows.Error($"at most {MeshData.Most} triangles", "more");
            }

            rows.End();
        }
    }

    private static void Other(PlyRows rows, PlyElement element)
    {
        for (long row = 0; row < element.Count; row++)
        {
            rows.Start(element, row);
            foreach (PlyProperty property in element.Properties) Skip(rows, property);
            rows.End();
        }
    }

    private static void Skip(PlyRows rows, PlyProperty property) =>
        rows.Skip(property.Type, property.LengthType is null ? 1 : rows.Length(property.LengthType.Value));
}
