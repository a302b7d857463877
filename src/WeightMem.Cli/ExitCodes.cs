namespace WeightMem.Cli;

/// <summary>Exit codes, as the README lists them.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>A defect of the program.</summary>
    public const int Defect = 1;

    /// <summary>The command line is wrong: an unknown command, name, option or value.</summary>
    public const int Usage = 2;

    /// <summary>An input is missing, damaged or does not fit.</summary>
    public const int BadInput = 3;

    /// <summary>An output cannot be written: no permission, disk full, the folder holds another run or is in use.</summary>
    public const int CannotWrite = 4;

    /// <summary>A training diverged.</summary>
    public const int Diverged = 5;

    /// <summary>The device has too little memory.</summary>
    public const int OutOfMemory = 6;

    /// <summary>The GPU or its driver failed.</summary>
    public const int DeviceFailed = 7;

    /// <summary>The verdict is the one that <c>--fail-on</c> names.</summary>
    public const int Verdict = 8;

    /// <summary>Interrupted by Ctrl-C or SIGTERM; what was done is kept.</summary>
    public const int Interrupted = 130;
}
