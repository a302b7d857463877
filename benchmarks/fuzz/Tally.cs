using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace WeightMem.Fuzz;

/// <summary>What a worker has done so far.</summary>
internal struct Counts
{
    /// <summary>The input that is being read; -1 before the first.</summary>
    public long Index;

    /// <summary>Inputs done.</summary>
    public long Inputs;

    public long Accepted;

    public long Findings;

    /// <summary>Microseconds of the slowest input.</summary>
    public long Slowest;

    public long SlowestIndex;

    /// <summary>Bytes allocated by the input that allocated the most.</summary>
    public long MostAllocated;

    public long MostAllocatedIndex;

    /// <summary>The most memory the worker ever had, in bytes; 0 where the system does not tell.</summary>
    public long PeakResident;

    /// <summary>Adds another worker's counts.</summary>
    public void Add(in Counts other)
    {
        Inputs += other.Inputs;
        Accepted += other.Accepted;
        Findings += other.Findings;
        if (other.Slowest > Slowest) (Slowest, SlowestIndex) = (other.Slowest, other.SlowestIndex);
        if (other.MostAllocated > MostAllocated) (MostAllocated, MostAllocatedIndex) = (other.MostAllocated, other.MostAllocatedIndex);
        PeakResident = Math.Max(PeakResident, other.PeakResident);
    }
}

/// <summary>
/// A worker's counts in a mapped file: they are there for the process that started it even after a stack overflow, which nothing can
/// catch and nothing can report from within.
/// </summary>
internal sealed unsafe class Tally : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Counts* _counts;

    public Tally(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, Unsafe.SizeOf<Counts>());
        _view = _file.CreateViewAccessor();
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _counts = (Counts*)start;
    }

    /// <summary>The counts in the file.</summary>
    public ref Counts Counts => ref *_counts;

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
