using System.ComponentModel;
using System.Diagnostics;

namespace WeightMem.Models.Data;

/// <summary>Runs a program of the system and turns its failure into one line.</summary>
internal static class ExternalTool
{
    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="ImageSetException">It is not installed, or it fails; its own last words are in the message.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program was ended.</exception>
    public static void Run(string program, IReadOnlyList<string> arguments, string folder, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string command = $"{program} {string.Join(' ', arguments)}";
        string lastWords = "";
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (!string.IsNullOrWhiteSpace(line.Data)) lastWords = line.Data.Trim();
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            throw new ImageSetException($"{program} is not installed; install it, or give a folder of the set's IDX files", error);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using (cancellation.Register(() => End(process))) process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
            throw new ImageSetException($"'{command}' failed with code {process.ExitCode}{(lastWords.Length > 0 ? $": {lastWords}" : "")}");
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }
}
