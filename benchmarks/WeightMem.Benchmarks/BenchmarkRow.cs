namespace WeightMem.Benchmarks;

/// <summary>One of the programs that solve the same problem.</summary>
/// <param name="Name">Name of the column.</param>
/// <param name="Prepare">Called before each burst, outside the time: sets the number of threads.</param>
/// <param name="Run">Solves the problem once.</param>
/// <param name="Error">Solves it once more and returns the largest relative error against a reference.</param>
internal sealed record Contender(string Name, Action Prepare, Action Run, Func<double> Error);

/// <summary>A problem and those who solve it; the first contender is this project.</summary>
internal sealed class BenchmarkRow : IDisposable
{
    /// <summary>What is computed, as printed.</summary>
    public required string Name { get; init; }

    /// <summary>Threads that each contender may use.</summary>
    public required int Threads { get; init; }

    /// <summary>Floating-point operations of one run.</summary>
    public required double Flops { get; init; }

    /// <summary>A contender with a larger error is not timed, and without this project's numbers there is no row.</summary>
    public required double LargestError { get; init; }

    /// <summary>This project first, then its peers.</summary>
    public required IReadOnlyList<Contender> Contenders { get; init; }

    /// <summary>Frees what the contenders hold.</summary>
    public Action Free { get; init; } = () => { };

    public void Dispose() => Free();
}

/// <summary>The times of one contender in one row, in seconds for one run.</summary>
internal sealed record ContenderResult(
    string Name, double Error, double Median, double Best, double Worst, double GigaflopsAtBest, double RatioToOurs, double BestRatioToOurs);

/// <summary>A measured row.</summary>
/// <param name="Name">What was computed.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Flops">Operations of one run.</param>
/// <param name="PeakGigaflops">The most multiply-adds seen between the bursts of this row.</param>
/// <param name="Contenders">One result each; the ratio is time of the peer over time of this project.</param>
internal sealed record RowResult(string Name, int Threads, double Flops, double PeakGigaflops, IReadOnlyList<ContenderResult> Contenders);
