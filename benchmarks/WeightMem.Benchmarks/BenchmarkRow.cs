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
    /// <summary>Heading of the table that it belongs to.</summary>
    public required string Section { get; init; }

    /// <summary>What is computed and where the size is from, as printed.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is a step of a study, not an op in it.</summary>
    public bool IsPipeline { get; init; }

    /// <summary>Threads that each contender may use.</summary>
    public required int Threads { get; init; }

    /// <summary>Floating-point operations of one run.</summary>
    public required double Flops { get; init; }

    /// <summary>Bytes of one run when every operand is touched once; 0 where operations decide.</summary>
    public double Bytes { get; init; }

    /// <summary>A contender with a larger error is not timed, and without this project's numbers there is no row.</summary>
    public required double LargestError { get; init; }

    /// <summary>This project first, then its peers.</summary>
    public required IReadOnlyList<Contender> Contenders { get; init; }

    /// <summary>Frees what the contenders hold.</summary>
    public Action Free { get; init; } = () => { };

    public void Dispose() => Free();
}

/// <summary>The times of one contender in one row, in seconds for one run.</summary>
/// <param name="Name">The contender.</param>
/// <param name="Error">Largest relative error of its result.</param>
/// <param name="Least">Its fastest burst.</param>
/// <param name="Median">Its middle one.</param>
/// <param name="Most">Its slowest.</param>
/// <param name="Ratio">Median over the turns of its time over this project's: above 1, this project is faster.</param>
internal sealed record ContenderResult(string Name, double Error, double Least, double Median, double Most, double Ratio);

/// <summary>A measured row.</summary>
/// <param name="Section">Heading of its table.</param>
/// <param name="Name">What was computed.</param>
/// <param name="IsPipeline">Whether it is a step of a study.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Flops">Operations of one run.</param>
/// <param name="Bytes">Bytes of one run.</param>
/// <param name="ManagedBytes">Managed memory that one warm run of this project allocates.</param>
/// <param name="Contenders">One result each, this project first.</param>
internal sealed record RowResult(string Section, string Name, bool IsPipeline, int Threads, double Flops, double Bytes, long ManagedBytes, IReadOnlyList<ContenderResult> Contenders)
{
    /// <summary>The fastest way with libtorch, if there is one.</summary>
    public ContenderResult? LibTorch => Contenders.Where(c => c.Name.StartsWith("libtorch", StringComparison.Ordinal)).MinBy(c => c.Ratio);
}
