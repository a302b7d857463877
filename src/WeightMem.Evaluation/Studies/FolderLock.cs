using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using WeightMem.Formats;

namespace WeightMem.Evaluation.Studies;

/// <summary>
/// Holds a folder for one process at a time, by a lock on its file <c>run.lock</c>, which says which process has it. The system lets go of the lock when the process ends, however it ends.
/// </summary>
public sealed partial class FolderLock : IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "run.lock";

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes a folder, which comes into being, and clears it of what killed processes were writing.</summary>
    /// <exception cref="RunFolderException">Another process has it, or it cannot be written.</exception>
    public static FolderLock Take(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            Directory.CreateDirectory(folder);

            // Elsewhere, sharing for reading would also let the second process in; there, readers need no leave.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            AtomicFile.DeleteAbandoned(folder);
            return new FolderLock(file);
        }
        catch (UnauthorizedAccessException)
        {
            throw new RunFolderException($"{folder} cannot be written: no permission");
        }
        catch (IOException error)
        {
            throw new RunFolderException(Holder(path) is { } holder ? $"{folder} is in use by {holder}" : $"{folder} cannot be written: {error.Message.Split(" : '", 2)[0].TrimEnd('.')}");
        }
    }

    /// <summary>Lets go and removes the file; for a folder that goes away with the work.</summary>
    public void Delete()
    {
        _file.Dispose();
        File.Delete(_file.Name);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Who has the lock; null when nobody has.</summary>
    private static string? Holder(string path)
    {
        try
        {
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) return null;
        }
        catch (IOException) when (File.Exists(path))
        {
            return long.TryParse(Text(path), CultureInfo.InvariantCulture, out long id) ? $"process {id}" : "another process";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Text(string path)
    {
        var bytes = new byte[32];
        if (OperatingSystem.IsWindows())
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return Encoding.ASCII.GetString(bytes, 0, stream.Read(bytes));
        }

        // The framework's own files ask for a lock even when they are only read.
        int descriptor = Open(path, 0);
        if (descriptor < 0) return "";
        nint length = Read(descriptor, bytes, bytes.Length);
        _ = Close(descriptor);
        return Encoding.ASCII.GetString(bytes, 0, (int)Math.Max(0, length));
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, [Out] byte[] bytes, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
