using System.Runtime.InteropServices;
using WeightMem.Cuda;
using WeightMem.Evaluation.Studies;
using WeightMem.Formats;
using WeightMem.Models;
using WeightMem.Models.Data;

namespace WeightMem.Cli;

/// <summary>A command line that parses but asks for something that is not there.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Runs a command: Ctrl-C cancels it, and every failure that a user can cause ends in one line and an exit code.</summary>
internal static class Guard
{
    public static int Run(Func<CancellationToken, int> command)
    {
        using var cancellation = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            return command(cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            return Fail("stopped; what was done is kept, and the same command resumes", ExitCodes.Interrupted);
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
            return Fail(e.Message, ExitCodes.DeviceFailed);
        }
        catch (Exception e) when (e is RunFolderException or FileWriteException)
        {
            return Fail(e.Message, ExitCodes.CannotWrite);
        }
        catch (TrainingDivergedException e)
        {
            return Fail(e.Message, ExitCodes.Diverged);
        }
        catch (Exception e) when (e is InsufficientMemoryException or OutOfMemoryException)
        {
            return Fail(e.Message, ExitCodes.OutOfMemory);
        }
        catch (Exception e) when (e is FileFormatException or ImageSetException or ArgumentException or FormatException or FileNotFoundException or DirectoryNotFoundException)
        {
            return Fail(e.Message, ExitCodes.BadInput);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message, ExitCodes.CannotWrite);
        }

        void Cancel(PosixSignalContext context)
        {
            // The second signal ends the process: files are renamed whole, so nothing is lost by it.
            if (cancellation.IsCancellationRequested) return;
            context.Cancel = true;
            Console.Error.WriteLine("weightmem: stopping after the step in hand; again to stop at once");
            cancellation.Cancel();
        }
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine($"weightmem: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
