using System.Runtime.InteropServices;
using WeightMem.Cuda;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using WeightMem.Models;
using WeightMem.Models.Data;

namespace WeightMem.Cli;

/// <summary>A command line that parses but asks for something that is not there.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>
/// Runs a command: Ctrl-C or SIGTERM stops it after the step in hand, or after a grace period when that takes longer; every failure that a user can cause ends in one line and an
/// exit code.
/// </summary>
internal static class Guard
{
    private const string Stopped = "stopped; what was done is kept, and the same command resumes";

    /// <summary>How long the step in hand may take after the first signal. Schedulers kill after ten seconds or more, and no file is worth more: what is there resumes to the same bits.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);

    public static int Run(Func<CancellationToken, int> command)
    {
        using var cancellation = new CancellationTokenSource();
        Timer? grace = null;
        int signals = 0;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            return command(cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            return Fail(Stopped, ExitCodes.Interrupted);
        }
        catch (UsageException e)
        {
            return Fail(e.Message, ExitCodes.Usage);
        }
        catch (CudaUnavailableException e)
        {
            return Fail($"{e.Message}; 'weightmem doctor' says more", ExitCodes.Usage);
        }
        catch (CudaException e)
        {
            return Fail(e.Message, e.ErrorName == "CUDA_ERROR_OUT_OF_MEMORY" ? ExitCodes.OutOfMemory : ExitCodes.DeviceFailed);
        }
        catch (Exception e) when (e is RunFolderException or FileWriteException or OutputException)
        {
            return Fail(e.Message, ExitCodes.CannotWrite);
        }
        catch (TrainingDivergedException e)
        {
            return Fail(e.Message, ExitCodes.Diverged);
        }
        catch (Exception e) when (e is InsufficientMemoryException or OutOfMemoryException)
        {
            // The runtime's own has no words of use.
            return Fail(e.GetType() == typeof(OutOfMemoryException) && e.Message.Contains(nameof(OutOfMemoryException), StringComparison.Ordinal) ? "there is too little memory: a smaller preset, batch or population needs less" : e.Message, ExitCodes.OutOfMemory);
        }
        catch (Exception e) when (e is FileFormatException or ImageSetException or ArgumentException or FormatException or FileNotFoundException or DirectoryNotFoundException)
        {
            return Fail(e.Message, ExitCodes.BadInput);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message, ExitCodes.CannotWrite);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"weightmem: a defect of the program: {e}");
            return ExitCodes.Defect;
        }
        finally
        {
            grace?.Dispose();
        }

        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref signals) > 1) End(waitForFiles: false); // each has a thread of its own
            Console.Error.WriteLine($"weightmem: stopping after the step in hand, or in {s_grace.TotalSeconds:F0} s; again to stop at once");
            grace = new Timer(_ => End(waitForFiles: true), null, s_grace, Timeout.InfiniteTimeSpan);
            cancellation.Cancel();
        }
    }

    /// <summary>Ends the process from outside of the work. Files are renamed whole, so nothing is lost by it but the step in hand; one that is being written may be a long training's snapshot.</summary>
    private static void End(bool waitForFiles)
    {
        AtomicFile.End(waitForFiles);
        Environment.Exit(Fail(Stopped, ExitCodes.Interrupted));
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine($"weightmem: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
