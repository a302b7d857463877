namespace WeightMem.Formats.Numpy;

/// <summary>A matrix in an <c>.npy</c> file of any size whose rows are read when they are asked for. Not safe for several threads at once.</summary>
public sealed class NpyMatrix : IDisposable
{
    private readonly FileReader _file;
    private readonly NpyHeader _header;
    private readonly long _start;

    private NpyMatrix(FileReader file, NpyHeader header) => (_file, _header, _start) = (file, header, file.Position);

    /// <summary>Number of rows.</summary>
    public long Rows => _header.Shape[0];

    /// <summary>Number of columns.</summary>
    public long Columns => _header.Shape[1];

    /// <summary>Opens a file if it holds a matrix of floats whose rows follow each other; null if it holds anything else.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no <c>.npy</c> file, or is cut or too long.</exception>
    public static NpyMatrix? Open(string path)
    {
        var file = FileReader.Open(path);
        try
        {
            NpyHeader header = NpyHeader.Read(file);
            if (header.Fortran || header.Shape.Length != 2 || !header.Type.IsFloat() || header.Shape[1] is < 1 or > int.MaxValue)
            {
                file.Dispose();
                return null;
            }

            long bytes = header.Shape[0] * header.Shape[1] * header.Type.Size();
            if (file.Remaining != bytes)
                throw new FileFormatException(path, file.Position, $"{bytes} bytes of {header.Type} [{header.Shape[0]}, {header.Shape[1]}]", $"{file.Remaining}");
            return new NpyMatrix(file, header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads rows that follow each other.</summary>
    /// <param name="firstRow">The first row, from 0.</param>
    /// <param name="into">Gets the values as float32, <c>[rows, columns]</c>; its length is a whole number of rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    /// <exception cref="FileFormatException">The file has changed since it was opened.</exception>
    public void ReadRows(long firstRow, Span<float> into)
    {
        long rows = into.Length / Columns;
        if (firstRow < 0 || rows * Columns != into.Length || firstRow > Rows - rows)
            throw new ArgumentOutOfRangeException(nameof(firstRow), $"{into.Length} values from row {firstRow} on, of {Rows} rows of {Columns}");
        _file.Seek(_start + firstRow * Columns * _header.Type.Size());
        NamedArray tile = _file.NewArray("rows", _header.Type, [rows, Columns]);
        _file.Read(tile, _header.BigEndian);
        tile.ToFloats().CopyTo(into);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
