namespace WeightMem.Formats.Matlab;

/// <summary>
/// MATLAB's MAT-files of version 5 (which versions 6 and 7 write too), in either byte order.
/// <list type="table">
/// <listheader><term>part</term><description>what is read</description></listheader>
/// <item><term>variables</term><description>plain (<c>miMATRIX</c>) and packed with zlib (<c>miCOMPRESSED</c>)</description></item>
/// <item><term>classes</term><description>double, single, int8 to int64, uint8 to uint64, logical; stored in that type or a smaller one; made
/// row-major</description></item>
/// <item><term>listed only</term><description>char, cell, struct, object, sparse, function handle, opaque and complex arrays</description></item>
/// <item><term>refused</term><description>version 4; version 7.3, which is HDF5</description></item>
/// </list>
/// Layout of the file: "MAT-File Format" (The MathWorks). The format has no count of variables and no end mark: a file cut between two
/// variables reads as a shorter one.
/// </summary>
public static class MatFile
{
    /// <summary>Reads all numeric arrays, and lists what else there is.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no such MAT-file, is cut or damaged, or unpacks to more than is let.</exception>
    public static MatContents Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return new MatReader(file).Read();
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static MatContents Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return new MatReader(file).Read();
    }
}
