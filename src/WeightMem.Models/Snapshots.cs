using System.Diagnostics;
using System.Globalization;
using WeightMem.Formats;

namespace WeightMem.Models;

/// <summary>
/// The snapshots of a training. One is stored at least every 15 s, more rarely where writing takes so long that it would cost more than 5 % of the time; the one before stays beside
/// it, so that a damaged one costs a quarter of a minute and not the training.
/// </summary>
public sealed class Snapshots
{
    /// <summary>Environment variable with other seconds between snapshots, for machines that end processes often.</summary>
    public const string IntervalVariable = "WEIGHTMEM_SNAPSHOT_SECONDS";

    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable(IntervalVariable), CultureInfo.InvariantCulture, out double seconds) && seconds >= 0 && seconds < 1e6 ? seconds : 15);

    private readonly string _path;
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private TimeSpan _interval = s_least;

    /// <summary>Snapshots in a file.</summary>
    public Snapshots(string path) => _path = path;

    /// <summary>The snapshot before the one in a file.</summary>
    public static string Previous(string path) => Path.ChangeExtension(path, ".previous" + Path.GetExtension(path));

    /// <summary>Reads the newest snapshot that is whole.</summary>
    /// <param name="path">Its file; the one before is looked for beside it.</param>
    /// <param name="read">Reads a file.</param>
    /// <param name="note">Told, in one line, what is damaged and what is done.</param>
    /// <returns>Null when there is none: the training begins at its start.</returns>
    /// <exception cref="FileReadException">A file is there and cannot be opened.</exception>
    public static T? Read<T>(string path, Func<string, T> read, Action<string> note)
        where T : class
    {
        string? damage = null;
        foreach (string file in new[] { path, Previous(path) })
        {
            if (!File.Exists(file)) continue;
            try
            {
                T found = read(file);
                if (damage is not null) note($"{damage}; going on from the snapshot before it");
                return found;
            }
            catch (FileFormatException error) when (error is not FileReadException)
            {
                damage = damage is null ? error.Message : $"{damage}; the snapshot before it is damaged too";
            }
        }

        if (damage is not null) note($"{damage}; this training starts anew");
        return null;
    }

    /// <summary>Stores a snapshot and keeps the one that was there.</summary>
    public static void Store(string path, Action write)
    {
        if (File.Exists(path)) AtomicFile.Keep(path, Previous(path));
        write();
    }

    /// <summary>Deletes both snapshots: their result is stored.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        DeletePrevious(path);
    }

    /// <summary>Deletes the snapshot before the one in a file: the training is done, and it is as large as its generator. Also where a kill came between.</summary>
    public static void DeletePrevious(string path) => File.Delete(Previous(path));

    /// <summary>Writes when it is time.</summary>
    /// <param name="now">Whether it is time whatever the clock says: at the end, or before stopping.</param>
    /// <param name="write">Writes the snapshot.</param>
    public void Tick(bool now, Action write)
    {
        if (!now && _since.Elapsed < _interval) return;
        var watch = Stopwatch.StartNew();
        Store(_path, write);
        _interval = TimeSpan.FromTicks(Math.Max(s_least.Ticks, 20 * watch.Elapsed.Ticks));
        _since.Restart();
    }
}
