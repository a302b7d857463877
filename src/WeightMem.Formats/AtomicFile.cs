using System.Runtime.InteropServices;
using System.Text;

namespace WeightMem.Formats;

/// <summary>
/// Files that are either wholly written or not at all: the bytes go to a temporary file in the same folder, reach the disk, and only then
/// take the file's name. A full disk, a kill or a power cut leaves the old file as it was.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Writes a file through a stream (buffered, seekable).</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        Replace(path, temporary =>
        {
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        });
    }

    /// <summary>Writes a text file in UTF-8 without a byte order mark.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes a file through code that needs a file name: it gets one that is not taken, with the same extension.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void WriteVia(string path, Action<string> write)
    {
        Replace(path, temporary =>
        {
            write(temporary);
            using var stream = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            stream.Flush(flushToDisk: true);
        });
    }

    private static void Replace(string path, Action<string> writeTemporary)
    {
        string temporary = "";
        try
        {
            // A symbolic link stays a link: the file it points to is replaced.
            string target = new FileInfo(path).LinkTarget is null
                ? Path.GetFullPath(path)
                : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
            string folder = Path.GetDirectoryName(target) ?? throw new UnauthorizedAccessException();
            if (Directory.Exists(target)) throw new UnauthorizedAccessException();
            temporary = Path.Combine(folder, $".{Path.GetFileNameWithoutExtension(target)}.{Guid.NewGuid():N}{Path.GetExtension(target)}");
            writeTemporary(temporary);
            File.Move(temporary, target, overwrite: true);
            temporary = "";
            FlushFolder(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, error);
        }
        finally
        {
            if (temporary.Length > 0) DeleteQuietly(temporary);
        }
    }

    private static void DeleteQuietly(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that brought us here says more than a file that cannot be deleted.
        }
    }

    /// <summary>Makes the rename itself reach the disk. Where a system has no such call, the file's content is safe all the same.</summary>
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux()) return;
        int descriptor = Open(folder, 0);
        if (descriptor < 0) return;
        _ = Sync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
