using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using WeightMem.Formats;
using WeightMem.Formats.Lmdb;

namespace WeightMem.Models.Populations;

/// <summary>
/// The checkpoint sets that G.pt (arXiv 2209.12892) publishes and trains on: folders <c>DATASET/RUN/{data.mdb, runs.json, DONE.txt}</c>,
/// where several runs may share a folder, their names joined by <c>_</c>. A checkpoint is a headless vector of float32 at its key, and the
/// sizes of its tensors at the key plus <c>_arch</c>; its metrics are in <c>runs.json</c>.
/// </summary>
/// <remarks>
/// In the populations, the step of a checkpoint <c>epE_itI</c> is E times the largest I of its run, plus I: the training step, as the last
/// checkpoint of a run is that of its last iteration. For keys <c>itI</c> it is I, and for other keys the checkpoint's place in its run.
/// The run is the number that its name is when all names are numbers, else its place among the folders in ordinal order.
/// <c>avg_test_loss</c> becomes the loss, <c>avg_test_err</c> the score (100 less the error), other numbers metrics.
/// </remarks>
public sealed partial class GptCheckpointSet
{
    private const string DatabaseFile = "data.mdb", ListFile = "runs.json", DoneFile = "DONE.txt";

    private readonly bool _namesAreNumbers;

    private GptCheckpointSet(string path, string[] folders, string[] unfinished)
    {
        (Path, Folders, Unfinished) = (path, folders, unfinished);
        var seen = new HashSet<int>();
        _namesAreNumbers = folders.All(f => Name(f).Split('_').All(n => Number(n) is { } number && seen.Add(number)));
    }

    /// <summary>The set's folder, or that of a single run.</summary>
    public string Path { get; }

    /// <summary>The finished run folders in ordinal order of their names.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>The folders that have a database and no <c>DONE.txt</c>: their training was cut off, and they are left out.</summary>
    public IReadOnlyList<string> Unfinished { get; }

    /// <summary>Whether a folder looks like a checkpoint set or a run of one.</summary>
    public static bool IsSet(string path) =>
        Directory.Exists(path) && (IsRun(path) || Directory.EnumerateDirectories(path).Any(IsRun));

    /// <summary>Lists a set; nothing is read from its runs yet.</summary>
    /// <param name="path">The set's folder, or that of a single run.</param>
    /// <exception cref="FileFormatException">There is no such folder, or no finished run in it.</exception>
    public static GptCheckpointSet Open(string path)
    {
        if (!Directory.Exists(path)) throw new FileFormatException(path, "a folder of G.pt checkpoints", File.Exists(path) ? "a file" : "nothing");
        string[] runs;
        try
        {
            runs = IsRun(path) ? [path] : [.. Directory.EnumerateDirectories(path).Where(IsRun).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileFormatException(path, "a readable folder", error.Message, error);
        }

        ILookup<bool, string> done = runs.ToLookup(run => File.Exists(System.IO.Path.Combine(run, DoneFile)));
        if (!done[true].Any())
        {
            throw new FileFormatException(
                path,
                $"a finished run ({DatabaseFile}, {ListFile}, {DoneFile})",
                runs.Length == 0 ? "none" : $"{runs.Length} without {DoneFile}");
        }

        return new GptCheckpointSet(path, [.. done[true]], [.. done[false]]);
    }

    /// <summary>Reads the runs one after the other, each a population of its own: a set of any size passes through little memory.</summary>
    /// <param name="finalsOnly">Whether only the last checkpoint of each run is read.</param>
    /// <exception cref="FileFormatException">A database or list is damaged, or a run is of another network than the first one.</exception>
    public IEnumerable<Population> Runs(bool finalsOnly = false)
    {
        GptArchitecture? network = null;
        int place = 0;
        foreach (string folder in Folders)
        {
            string list = System.IO.Path.Combine(folder, ListFile);
            List<GptRun> runs = GptRunList.Read(list, Name(folder));
            using LmdbReader database = LmdbReader.Open(folder);
            foreach (GptRun run in runs)
            {
                int number = place++;
                if (_namesAreNumbers)
                {
                    number = Number(run.Name) is { } named && Name(folder).Split('_').Contains(run.Name)
                        ? named
                        : throw new FileFormatException(list, $"the runs of folder {Name(folder)}", $"run {GptRunList.Quote(run.Name)}");
                }

                yield return Read(database, list, run, number, finalsOnly, ref network);
            }
        }
    }

    /// <summary>Reads the first runs as one population.</summary>
    /// <param name="runs">How many at most.</param>
    /// <param name="finalsOnly">Whether only the last checkpoint of each run is read.</param>
    /// <exception cref="FileFormatException">
    /// A database or list is damaged, a run is of another network than the first one, or there are more weights than an array can hold.
    /// </exception>
    public Population Read(int runs = int.MaxValue, bool finalsOnly = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        var parts = new List<Population>();
        long weights = 0;
        foreach (Population part in Runs(finalsOnly).Take(runs))
        {
            weights += part.Weights.LongLength;
            if (weights > Array.MaxLength)
                throw new FileFormatException(Path, $"at most {Array.MaxLength} weights at a time", $"more after {parts.Count} runs: ask for fewer");
            parts.Add(part);
        }

        return Population.Join(parts);
    }

    private Population Read(LmdbReader database, string list, GptRun run, int number, bool finalsOnly, ref GptArchitecture? network)
    {
        int[] steps = Steps(list, run, out string meaning);
        int first = finalsOnly ? steps.Length - 1 : 0, count = steps.Length - first;
        GptArchitecture own = GptArchitecture.Of(Sizes(database, Key(database, run, first)));
        network ??= own;
        if (own.Target != network.Target)
            throw new FileFormatException(database.Path, $"a network {network.Target}, as in the run before", own.Target);

        int parameters = (int)own.Layout.Count;
        long weights = (long)count * parameters;
        if (weights > Array.MaxLength || weights * sizeof(float) > database.FileLength)
        {
            throw new FileFormatException(
                database.Path, $"{count} checkpoints of {parameters} weights, as its list says", $"a file of {database.FileLength} bytes");
        }

        var population = new Population(own.Target, own.Layout, new float[weights], Repeated(number, count), steps[first..]);
        for (int i = 0; i < count; i++)
            Floats(database, Key(database, run, first + i), population.Row(i));

        foreach ((string name, float[] values) in run.Metrics)
        {
            float[] kept = values[first..];
            if (name == "avg_test_loss") population.Loss = kept;
            else if (name == "avg_test_err") population.Score = Array.ConvertAll(kept, error => 100 - error);
            else population.Metrics[name] = kept;
        }

        population.Provenance["source"] = "checkpoint set of G.pt";
        population.Provenance["gpt.step"] = meaning;
        population.Provenance["gpt.run"] = _namesAreNumbers ? "the number that the run's name is" : "the run's place in the set";
        return population;
    }

    /// <summary>The key of a checkpoint in the database: as the list has it, or after the run's name.</summary>
    private static string Key(LmdbReader database, GptRun run, int index)
    {
        string key = run.Keys[index], full = $"{run.Name}/{key}";
        if (database.Find(key) is not null) return key;
        if (database.Find(full) is not null) return full;
        throw new FileFormatException(database.Path, $"a checkpoint {GptRunList.Quote(key)}, as its list says", "none");
    }

    /// <summary>The number of parameters of each tensor of a checkpoint, which are stored as floats.</summary>
    private static int[] Sizes(LmdbReader database, string key)
    {
        string name = key + "_arch";
        LmdbEntry entry = database.Find(name) ?? throw new FileFormatException(database.Path, $"sizes of tensors at {GptRunList.Quote(name)}", "none");
        long stored = (database.Find(key)?.Length ?? 0) / sizeof(float);

        // No tensor is empty, so there cannot be more of them than weights.
        if (entry.Length == 0 || entry.Length % sizeof(float) != 0 || entry.Length / sizeof(float) > stored)
        {
            throw new FileFormatException(
                database.Path, $"float32 sizes of {stored} weights at {GptRunList.Quote(name)}", $"{entry.Length} bytes");
        }

        var sizes = new float[entry.Length / sizeof(float)];
        Floats(database, name, sizes);
        long sum = 0;
        foreach (float size in sizes)
        {
            if (!(size >= 1 && size <= int.MaxValue / 2) || size != MathF.Truncate(size))
                throw new FileFormatException(database.Path, $"whole sizes of tensors at {GptRunList.Quote(name)}", $"{size}");
            sum += (int)size;
        }

        if (sum != stored)
            throw new FileFormatException(database.Path, $"{sum} weights at {GptRunList.Quote(key)}, as its sizes say", $"{stored}");
        return Array.ConvertAll(sizes, size => (int)size);
    }

    private static void Floats(LmdbReader database, string key, Span<float> into)
    {
        LmdbEntry entry = database.Find(key)!;
        if (entry.Length != (long)into.Length * sizeof(float))
            throw new FileFormatException(database.Path, $"{into.Length} float32 numbers at {GptRunList.Quote(key)}", $"{entry.Length} bytes");
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("reading needs a little-endian machine");
        database.ReadInto(entry, MemoryMarshal.AsBytes(into));
    }

    private static int[] Steps(string list, GptRun run, out string meaning)
    {
        Match[] matches = [.. run.Keys.Select(k => CheckpointKey().Match(k))];
        if (matches.Any(m => !m.Success || m.Groups["epoch"].Success != matches[0].Groups["epoch"].Success))
        {
            meaning = "the checkpoint's place in its run";
            return [.. Enumerable.Range(0, matches.Length)];
        }

        bool epochs = matches[0].Groups["epoch"].Success;
        meaning = epochs ? "epoch x iterations of an epoch + iteration" : "iteration";
        long[] iterations = [.. matches.Select(m => Value(m, "iteration"))];
        long perEpoch = iterations.Max(), before = -1;
        var steps = new int[matches.Length];
        for (int i = 0; i < steps.Length; i++)
        {
            long step = iterations[i] + (epochs ? Value(matches[i], "epoch") * perEpoch : 0);
            if (step <= before || step > int.MaxValue)
            {
                throw new FileFormatException(
                    list, $"checkpoints of run {GptRunList.Quote(run.Name)} in time order", $"step {step} after {before}");
            }

            steps[i] = (int)step;
            before = step;
        }

        return steps;

        static long Value(Match match, string group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    private static int[] Repeated(int value, int count)
    {
        var values = new int[count];
        Array.Fill(values, value);
        return values;
    }

    private static bool IsRun(string folder) => File.Exists(System.IO.Path.Combine(folder, DatabaseFile));

    private static string Name(string folder) => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));

    private static int? Number(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    [GeneratedRegex(@"(^|/)(ep(?<epoch>[0-9]{1,9})_)?it(?<iteration>[0-9]{1,9})\.pt$", RegexOptions.ExplicitCapture)]
    private static partial Regex CheckpointKey();
}
