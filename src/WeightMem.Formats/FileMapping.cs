using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace WeightMem.Formats;

/// <summary>A file mapped into memory for reading.</summary>
internal sealed unsafe class FileMapping : IDisposable
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _length;
    private readonly byte* _start;

    /// <summary>Maps an open file, which stays open. It must not be empty.</summary>
    /// <exception cref="FileReadException">The system does not map it.</exception>
    public FileMapping(FileStream stream, string path)
    {
        _path = path;
        try
        {
            _length = stream.Length;
            _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            _file?.Dispose();
            throw FileReadException.From(path, error);
        }

        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
    }

    /// <summary>Elements of the file.</summary>
    /// <exception cref="FileFormatException">The file ends before.</exception>
    public ReadOnlySpan<T> Span<T>(long at, int count)
        where T : unmanaged
    {
        long bytes = (long)count * Unsafe.SizeOf<T>();
        if (at > _length - bytes) throw new FileFormatException(_path, at, $"{bytes} bytes", $"{Math.Max(0, _length - at)} to the end of the file");
        return new ReadOnlySpan<T>(_start + at, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
