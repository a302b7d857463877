namespace WeightMem.Formats;

/// <summary>A file that cannot be opened: it is missing, a folder, or not readable. The message is one line.</summary>
public sealed class FileReadException : FileFormatException
{
    private FileReadException(string path, string reason, Exception? inner)
        : base(path, $"cannot read {path}: {reason}", inner)
    {
    }

    internal static FileReadException From(string path, Exception error) => new(path, FileWriteException.Reason(path, error), error);

    internal static FileReadException NotAFile(string path) => new(path, "it is a folder", null);
}

/// <summary>A file that cannot be written: a full disk, an unwritable or missing folder. The message is one line.</summary>
public sealed class FileWriteException : Exception
{
    /// <summary>A path that is not written to, for a reason other than the system's.</summary>
    /// <param name="path">What was to be written.</param>
    /// <param name="reason">Why not, as part of a sentence.</param>
    public FileWriteException(string path, string reason)
        : base($"cannot write {path}: {reason}; nothing was changed") => Path = path;

    internal FileWriteException(string path, Exception error)
        : base($"cannot write {path}: {Reason(path, error)}; nothing was changed", error) => Path = path;

    /// <summary>The file that was to be written. It is as it was before.</summary>
    public string Path { get; }

    internal static string Reason(string path, Exception error) => error switch
    {
        FileNotFoundException => "there is no such file",
        DirectoryNotFoundException => $"there is no folder {System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))}",
        UnauthorizedAccessException => Directory.Exists(path) ? "it is a folder" : "permission denied",

        // The runtime appends the (temporary) file's name to the system's words; the message names the file already.
        _ => error.Message.Split(" : '", 2)[0].TrimEnd('.').ReplaceLineEndings(" "),
    };
}
