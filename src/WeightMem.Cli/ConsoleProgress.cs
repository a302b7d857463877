using System.Diagnostics;
using System.Globalization;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Cli;

/// <summary>
/// Progress on stderr: a line that rewrites itself on a terminal, a plain line every few seconds when piped. Rate and time left are told for every stage.
/// </summary>
internal sealed class ConsoleProgress : IStudyProgress
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10), LiveInterval = TimeSpan.FromMilliseconds(200);

    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly Stopwatch _stage = new(), _sincePrint = new();
    private double _startedAt;
    private bool _first, _lineOpen;

    public void Stage(string name)
    {
        Note(name);
        _first = true;
        _stage.Restart();
        _sincePrint.Restart();
    }

    public void Advance(double done, double total, string detail)
    {
        if (_first)
        {
            // A resumed stage starts in the middle: the time left is judged by what this session did.
            _first = false;
            _startedAt = done;
            _stage.Restart();
        }

        bool last = done >= total;
        if (!last && _sincePrint.Elapsed < (_live ? LiveInterval : PlainInterval)) return;
        _sincePrint.Restart();
        double rate = (done - _startedAt) / _stage.Elapsed.TotalSeconds;
        string left = last ? $"took {Time(_stage.Elapsed)}" : rate > 0 ? $"{Time(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
        string percent = (done / total).ToString("P0", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal);
        string line = FormattableString.Invariant($"  {percent,4} {done:F0}/{total:F0}  {detail}  {left}");
        if (!_live)
        {
            Console.Error.WriteLine(line);
            return;
        }

        int width = Math.Max(20, Console.WindowWidth - 1);
        Console.Error.Write("\r" + (line.Length > width ? line[..width] : line.PadRight(width)));
        _lineOpen = !last;
        if (last) Console.Error.WriteLine();
    }

    public void Note(string text)
    {
        if (_lineOpen) Console.Error.WriteLine();
        _lineOpen = false;
        Console.Error.WriteLine(text);
    }

    private static string Time(TimeSpan time) => time.TotalHours >= 1
        ? FormattableString.Invariant($"{(int)time.TotalHours}h {time.Minutes:D2}m")
        : time.TotalMinutes >= 1 ? FormattableString.Invariant($"{time.Minutes}m {time.Seconds:D2}s") : FormattableString.Invariant($"{time.TotalSeconds:F0}s");
}
