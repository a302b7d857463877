using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace WeightMem.Formats;

/// <summary>
/// Files that are either wholly written or not at all: the bytes go to a temporary file in the same folder, reach the disk, and only then
/// take the file's name. A full disk, a kill or a power cut leaves the old file as it was.
/// </summary>
public static partial class AtomicFile
{
    private static readonly ConcurrentDictionary<string, bool> s_temporaries = [];
    private static readonly ReaderWriterLockSlim s_ending = new(LockRecursionPolicy.SupportsRecursion);

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

    /// <summary>Gives the content of a file a second name, replacing what had it, and never leaves either name without a file. Costs no space where the disk has links.</summary>
    /// <exception cref="FileWriteException">The second name cannot be given.</exception>
    public static void Keep(string path, string secondName)
    {
        Replace(secondName, temporary =>
        {
            if (!OperatingSystem.IsLinux() || Link(path, temporary) != 0) File.Copy(path, temporary);
        });
    }

    /// <summary>Deletes temporary files that killed processes left in a folder and those inside. Only for a folder that this process has to itself.</summary>
    public static void DeleteAbandoned(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, ".*", SearchOption.AllDirectories).Where(IsTemporary)) DeleteQuietly(file);
    }

    /// <summary>Deletes temporary files that killed processes left of one file. Only for a file that this process has to itself.</summary>
    public static void DeleteAbandonedOf(string path)
    {
        string start = $".{Path.GetFileNameWithoutExtension(path)}.", folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (string file in Directory.EnumerateFiles(folder, start + "*" + Path.GetExtension(path)).Where(IsTemporary))
        {
            if (Path.GetFileName(file).Length == start.Length + 32 + Path.GetExtension(path).Length) DeleteQuietly(file);
        }
    }

    /// <summary>Whether a file's name is one that this class gives to files that are being written.</summary>
    public static bool IsTemporary(string path) => TemporaryName().IsMatch(Path.GetFileName(path));

    /// <summary>
    /// Before the process ends from outside of the work: no further file is begun, by any thread, ever. Files in hand are waited for, or their temporary files deleted.
    /// </summary>
    /// <param name="wait">Whether files in hand are finished.</param>
    public static void End(bool wait)
    {
        if (wait) s_ending.EnterWriteLock();
        foreach (string temporary in s_temporaries.Keys) DeleteQuietly(temporary);
    }

    private static void Replace(string path, Action<string> writeTemporary)
    {
        string temporary = "";
        s_ending.EnterReadLock();
        try
        {
            // A symbolic link stays a link: the file it points to is replaced.
            string target = new FileInfo(path).LinkTarget is null
                ? Path.GetFullPath(path)
                : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
            string folder = Path.GetDirectoryName(target) ?? throw new UnauthorizedAccessException();
            if (Directory.Exists(target)) throw new UnauthorizedAccessException();
            temporary = Path.Combine(folder, $".{Path.GetFileNameWithoutExtension(target)}.{Guid.NewGuid():N}{Path.GetExtension(target)}");
            s_temporaries[temporary] = true;
            writeTemporary(temporary);
            File.Move(temporary, target, overwrite: true);
            FlushFolder(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, error);
        }
        finally
        {
            if (temporary.Length > 0)
            {
                DeleteQuietly(temporary); // there only where writing failed, or where it and the target were links to one file
                s_temporaries.TryRemove(temporary, out _);
            }

            s_ending.ExitReadLock();
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

    [GeneratedRegex(@"^\..*\.[0-9a-f]{32}(\.[^.]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
