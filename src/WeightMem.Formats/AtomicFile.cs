using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
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
    // A temporary file's name has 32 hexadecimal digits: the writing process, and a number that no other file has.
    private const int UniqueLength = 32;
    private const int ProcessLength = 8;

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

    /// <summary>Deletes temporary files that killed processes left of one file. Their names tell the process: those of one that runs may be in use, and are left.</summary>
    public static void DeleteAbandonedOf(string path)
    {
        string target;
        string[] files;
        try
        {
            target = Resolve(path);
            files = Directory.GetFiles(Path.GetDirectoryName(target) ?? target, ".*");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return; // writing there will say why not
        }

        string start = $".{Path.GetFileNameWithoutExtension(target)}.", end = Path.GetExtension(target);
        foreach (string file in files.Where(IsTemporary))
        {
            string name = Path.GetFileName(file);
            if (name.Length != start.Length + UniqueLength + end.Length || !name.StartsWith(start, StringComparison.Ordinal) || !name.EndsWith(end, StringComparison.Ordinal)) continue;
            int writer = int.Parse(name.AsSpan(start.Length, ProcessLength), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (writer == Environment.ProcessId ? !s_temporaries.ContainsKey(file) : !IsWriting(writer, file)) DeleteQuietly(file);
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
            string target = Resolve(path);
            string folder = Path.GetDirectoryName(target) ?? throw new UnauthorizedAccessException();
            if (Directory.Exists(target)) throw new UnauthorizedAccessException();
            string unique = Environment.ProcessId.ToString("x8", CultureInfo.InvariantCulture) + Guid.NewGuid().ToString("N")[ProcessLength..];
            temporary = Path.Combine(folder, $".{Path.GetFileNameWithoutExtension(target)}.{unique}{Path.GetExtension(target)}");
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

    /// <summary>A symbolic link stays a link: the file it points to is replaced.</summary>
    private static string Resolve(string path) => new FileInfo(path).LinkTarget is null
        ? Path.GetFullPath(path)
        : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    /// <summary>Whether a process may be writing a file: it runs, and did when the file was last written.</summary>
    private static bool IsWriting(int process, string file)
    {
        // One that was killed a moment ago may still be ending.
        for (int left = 25; IsRunning(process, File.GetLastWriteTimeUtc(file)); left--)
        {
            if (left == 0) return true;
            Thread.Sleep(20);
        }

        return false;
    }

    private static bool IsRunning(int process, DateTime since)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            if (OperatingSystem.IsLinux())
            {
                // Numbers of threads are found too, and processes that have ended without anyone asking how.
                string[] status = File.ReadAllLines($"/proc/{process}/status");
                if (!status.Contains($"Tgid:\t{process}") || status.Any(l => l.StartsWith("State:\tZ", StringComparison.Ordinal) || l.StartsWith("State:\tX", StringComparison.Ordinal))) return false;
            }

            return found.StartTime.ToUniversalTime() < since.AddSeconds(2); // else its number was another's before
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FileNotFoundException or DirectoryNotFoundException)
        {
            return false; // there is none, or it has just ended
        }
        catch (Exception error) when (error is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return true; // another user's
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
