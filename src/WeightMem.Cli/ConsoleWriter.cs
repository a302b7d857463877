using System.Text;

namespace WeightMem.Cli;

/// <summary>Standard output that cannot be written: its disk is full, or it was closed. A reader that has gone away is no error.</summary>
internal sealed class OutputException(string message) : Exception(message);

/// <summary>A standard stream whose failures are the program's to judge: results that cannot be printed are an error, progress that cannot is not.</summary>
internal sealed class ConsoleWriter(TextWriter below, bool ignoreFailures) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => below.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => below.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => below.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => below.Write(value));

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => below.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(below.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!ignoreFailures) throw new OutputException($"cannot write standard output: {(error is IOException ? error.Message : "it is closed")}");
        }
    }
}
