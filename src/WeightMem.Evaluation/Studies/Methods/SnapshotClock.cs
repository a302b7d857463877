using System.Diagnostics;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>When a training stores a snapshot: at least every 15 s, more rarely where writing takes so long that it would cost more than 5 % of the time.</summary>
internal sealed class SnapshotClock
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(15);

    private readonly Stopwatch _since = Stopwatch.StartNew();
    private TimeSpan _interval = Least;

    /// <summary>Writes when it is time.</summary>
    /// <param name="now">Whether it is time whatever the clock says: at the end, or before stopping.</param>
    /// <param name="write">Writes the snapshot.</param>
    public void Tick(bool now, Action write)
    {
        if (!now && _since.Elapsed < _interval) return;
        var watch = Stopwatch.StartNew();
        write();
        _interval = TimeSpan.FromTicks(Math.Max(Least.Ticks, 20 * watch.Elapsed.Ticks));
        _since.Restart();
    }
}
