namespace WeightMem.Formats.Numpy;

/// <summary>
/// NumPy's <c>.npy</c>: one nameless array. Versions 1 to 3, C and Fortran order, either byte order, booleans, integers and floats; arrays
/// of Python objects are refused. Layout of the file: the NumPy Enhancement Proposal 1.
/// </summary>
public static class NpyFile
{
    /// <summary>Reads a file. The array is named as the file without its extension, and is in C order whatever the file's order.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no <c>.npy</c> file, is cut or too long, or holds no numbers.</exception>
    public static NamedArray Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return Read(file);
    }

    /// <summary>Reads the header only: the array's name, what its elements are, and the sizes.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no <c>.npy</c> file, is cut or too long, or holds no numbers.</exception>
    public static ArrayEntry ReadEntry(string path)
    {
        using FileReader file = FileReader.Open(path);
        NpyHeader header = NpyHeader.Read(file);
        return new ArrayEntry(Path.GetFileNameWithoutExtension(path), header.Type, header.Shape);
    }

    /// <summary>Reads from a seekable stream; the path is for names and errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static NamedArray Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return Read(file);
    }

    /// <summary>Writes an array: C order, little-endian, version 1.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    /// <exception cref="NotSupportedException">The array is of bfloat16, which the format does not have.</exception>
    public static void Write(string path, NamedArray array) => AtomicFile.Write(path, stream => Write(stream, array));

    /// <summary>Writes an array to a stream.</summary>
    /// <exception cref="NotSupportedException">The array is of bfloat16, which the format does not have.</exception>
    public static void Write(Stream stream, NamedArray array)
    {
        stream.Write(NpyHeader.Bytes(array));
        ArrayBytes.WriteLittleEndian(stream, array);
    }

    /// <summary>Reads from a file, or a member of an archive, that holds one array and nothing else.</summary>
    internal static NamedArray Read(FileReader file, string? name = null)
    {
        NpyHeader header = NpyHeader.Read(file);
        NamedArray array = file.NewArray(name ?? Path.GetFileNameWithoutExtension(file.Path), header.Type, header.Shape);
        if (file.Remaining != array.ByteCount)
        {
            throw new FileFormatException(
                file.Path,
                file.Position + array.ByteCount,
                $"the end of the file after {array}",
                $"{file.Remaining - array.ByteCount} more bytes");
        }

        file.Read(array, header.BigEndian);
        return header.Fortran && header.Shape.Length > 1
            ? StridedCopy.ToRowMajor(array, array.Name, header.Shape, StridedCopy.Fortran(header.Shape))
            : array;
    }
}
