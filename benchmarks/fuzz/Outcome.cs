using System.Diagnostics;
using WeightMem.Formats;

namespace WeightMem.Fuzz;

/// <summary>What a reader did with one input.</summary>
/// <param name="Accepted">Whether it gave a value.</param>
/// <param name="Finding">What it did that no reader may do, in one line, or null.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Allocated">Bytes that it allocated, freed or not.</param>
/// <param name="Message">The error that it refused the input with, or null.</param>
internal sealed record Outcome(bool Accepted, string? Finding, double Seconds, long Allocated, string? Message)
{
    private const int LongestMessage = 600;

    /// <summary>Reads an input: a value, or a <see cref="FileFormatException"/> of one line that begins with the path, in time.</summary>
    public static Outcome Of(Target target, byte[] input)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        bool accepted = false;
        string? finding = null, message = null;
        try
        {
            using var stream = new MemoryStream(input, writable: false);
            target.Read(stream);
            accepted = true;
        }
        catch (FileFormatException error)
        {
            message = error.Message;
            finding = Flaw(error);
        }
        catch (BadMessageException error)
        {
            finding = error.Message;
        }
#pragma warning disable CA1031 // Any exception whatsoever is what is looked for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            finding = $"{error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")} {Place(error)}";
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (finding is null && seconds > target.LongestSeconds) finding = $"{seconds:F1} seconds";
        return new Outcome(accepted, finding, seconds, GC.GetAllocatedBytesForCurrentThread() - allocated, message);
    }

    /// <summary>Looks at the error of one part of a file.</summary>
    public static void CheckMessage(FileFormatException error)
    {
        if (Flaw(error) is { } flaw) throw new BadMessageException(flaw);
    }

    private static string? Flaw(FileFormatException error)
    {
        string message = error.Message;
        if (!message.StartsWith(Target.Path, StringComparison.Ordinal) && error is not FileReadException) return $"no path: {Short(message)}";
        if (message.Length >= LongestMessage) return $"{message.Length} characters: {Short(message)}";
        return message.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029') ? $"control characters: {Short(message)}" : null;
    }

    private static string Short(string message) =>
        string.Concat(message[..Math.Min(message.Length, 160)].Select(c => char.IsControl(c) ? '?' : c));

    private static string Place(Exception error)
    {
        IEnumerable<string> lines = (error.StackTrace ?? "").Split('\n').Select(l => l.Trim());
        return lines.FirstOrDefault(l => l.Contains("WeightMem.Formats", StringComparison.Ordinal)) ?? "";
    }

    /// <summary>An error whose message is at fault.</summary>
    private sealed class BadMessageException(string message) : Exception(message);
}
