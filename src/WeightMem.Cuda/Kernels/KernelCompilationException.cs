namespace WeightMem.Cuda.Kernels;

/// <summary>A source did not compile. The message is one line: the source's name and the first errors.</summary>
public sealed class KernelCompilationException : Exception
{
    private const int ErrorsShown = 3;

    /// <summary>Makes the message from the compiler's log.</summary>
    /// <param name="fileName">The source's name.</param>
    /// <param name="reason">The compiler's name of the failure.</param>
    /// <param name="log">The compiler's log.</param>
    public KernelCompilationException(string fileName, string reason, string log)
        : base(Compose(fileName, reason, log))
    {
        FileName = fileName;
        Log = log;
    }

    /// <summary>The source's name.</summary>
    public string FileName { get; }

    /// <summary>The compiler's whole log.</summary>
    public string Log { get; }

    private static string Compose(string fileName, string reason, string log)
    {
        var lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.Where(line => IsError(line)).ToArray();
        if (errors.Length == 0)
            errors = lines;
        var message = $"{fileName} did not compile ({reason})";
        if (errors.Length > 0)
            message += ": " + string.Join("; ", errors.Take(ErrorsShown));
        if (errors.Length > ErrorsShown)
            message += $"; and {errors.Length - ErrorsShown} more";
        return message;
    }

    // The second is how the stand-in's linker says that a function has no body.
    private static bool IsError(string line) =>
        line.Contains("error", StringComparison.OrdinalIgnoreCase) || line.Contains("undefined reference", StringComparison.Ordinal);
}
