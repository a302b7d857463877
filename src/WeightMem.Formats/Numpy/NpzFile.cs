using WeightMem.Formats.Zip;

namespace WeightMem.Formats.Numpy;

/// <summary>
/// NumPy's <c>.npz</c>: a zip file of <c>.npy</c> members, stored or deflated, zip64 where they are large. An array is named as its member without
/// <c>.npy</c>. Checksums are compared.
/// </summary>
public static class NpzFile
{
    private const string Extension = ".npy";

    /// <summary>Reads all arrays in the order of the file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no <c>.npz</c> file, is cut or damaged, or holds arrays that are no numbers.</exception>
    public static IReadOnlyList<NamedArray> Read(string path) => Read(FileReader.OpenStream(path), path);

    /// <summary>Reads from a seekable stream, which is closed; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static IReadOnlyList<NamedArray> Read(Stream stream, string path)
    {
        using (stream)
        using (var zip = new ZipReader(stream, path))
            return [.. ArrayMembers(zip).Select(member => Read(zip, member))];
    }

    /// <summary>Writes arrays, stored, each array's elements at a multiple of 64 bytes.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    /// <exception cref="NotSupportedException">An array is of a type that NumPy does not have.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, IReadOnlyList<NamedArray> arrays) => AtomicFile.Write(path, stream => Write(stream, arrays));

    /// <summary>Writes arrays to a seekable stream.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    /// <exception cref="NotSupportedException">An array is of a type that NumPy does not have.</exception>
    public static void Write(Stream stream, IReadOnlyList<NamedArray> arrays)
    {
        var names = new HashSet<string>();
        var zip = new ZipWriter(stream);
        foreach (NamedArray array in arrays)
        {
            if (!names.Add(array.Name)) throw new ArgumentException($"array name {array.Name} occurs twice");
            byte[] header = NpyHeader.Bytes(array);
            zip.Add(array.Name + Extension, header.Length + array.ByteCount, member =>
            {
                member.Write(header);
                ArrayBytes.WriteLittleEndian(member, array);
            });
        }

        zip.Finish();
    }

    /// <summary>The members that are arrays.</summary>
    /// <exception cref="FileFormatException">Another file is among them.</exception>
    internal static IReadOnlyList<ZipMember> ArrayMembers(ZipReader zip)
    {
        foreach (ZipMember member in zip.Members)
        {
            if (!member.Name.EndsWith(Extension, StringComparison.Ordinal))
                throw new FileFormatException(zip.Path, "members that end in .npy", FileFormatException.Quote(member.Name));
        }

        return zip.Members;
    }

    /// <summary>The name of a member's array.</summary>
    internal static string NameOf(ZipMember member) => member.Name[..^Extension.Length];

    /// <summary>Reads one member.</summary>
    internal static NamedArray Read(ZipReader zip, ZipMember member)
    {
        using FileReader file = zip.Open(member, verify: true);
        return NpyFile.Read(file, NameOf(member));
    }

    /// <summary>Reads one member's header only: what its elements are, and the sizes.</summary>
    internal static ArrayEntry ReadEntry(ZipReader zip, ZipMember member)
    {
        using FileReader file = zip.Open(member, verify: false);
        NpyHeader header = NpyHeader.Read(file);
        return new ArrayEntry(NameOf(member), header.Type, header.Shape);
    }
}
