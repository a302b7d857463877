using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;

namespace WeightMem.Models.Populations;

/// <summary>
/// A population that grows: a folder of files <c>shard-00000.h5</c>, <c>shard-00001.h5</c> and so on, each a whole population of the same
/// target, layout and provenance. HDF5 files are never appended to: each addition is one more file, wholly there or not at all.
/// <see cref="PopulationReader"/> reads the folder as one population. One process writes at a time.
/// </summary>
public sealed class PopulationShards
{
    private const string Prefix = "shard-", Ending = ".h5";

    private PopulationFacts? _first;

    private PopulationShards(string folder, int count, PopulationFacts? first) => (Folder, Count, _first) = (folder, count, first);

    /// <summary>The folder; it comes into being with the first shard.</summary>
    public string Folder { get; }

    /// <summary>Number of shards.</summary>
    public int Count { get; private set; }

    /// <summary>Name of the target, or null when there are no shards.</summary>
    public string? Target => _first?.Target;

    /// <summary>The layout of a row, or null when there are no shards.</summary>
    public ParameterLayout? Layout => _first?.Layout;

    /// <summary>Where the shards come from; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Provenance => _first?.Provenance ?? [];

    /// <summary>Opens a folder, which need not be there yet, and checks its shards against each other.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="note">
    /// If given, a damaged shard is deleted with all after it, since shards have no gaps, and this is told so in one line; they are made anew by whoever appends. Without it a damaged shard is an error.
    /// </param>
    /// <exception cref="FileFormatException">It lacks a shard, one is damaged, or they are of different populations.</exception>
    public static PopulationShards Open(string folder, Action<string>? note = null)
    {
        string[] files = Files(folder);
        int count = files.Length;
        for (int i = 0; note is not null && i < count; i++)
        {
            if (Hdf5Checksum.Damage(files[i]) is not { } damage) continue;
            note($"{damage}; it and the {count - i - 1} after it are made anew");
            for (; count > i; count--) File.Delete(files[count - 1]);
        }

        if (count == 0) return new PopulationShards(folder, 0, null);
        using PopulationReader reader = PopulationReader.Open(folder);
        return new PopulationShards(folder, count, reader.Facts);
    }

    /// <summary>Deletes whatever shards a folder has, damaged or not, and the folder when nothing else is in it.</summary>
    public static void Discard(string folder) => new PopulationShards(folder, Files(folder).Length, null).Delete();

    /// <summary>Whether a path is a folder with shards.</summary>
    public static bool IsShards(string path) =>
        Directory.Exists(path) && Directory.EnumerateFiles(path, Prefix + "*" + Ending).Any();

    /// <summary>The file of a shard.</summary>
    public string PathOf(int shard) => Path.Combine(Folder, FileName(shard));

    /// <summary>Adds a population as the next shard.</summary>
    /// <exception cref="FileFormatException">It is of another target, layout or provenance than the first shard.</exception>
    /// <exception cref="FileWriteException">The disk is full, the folder is not writable, or another process has added the shard meanwhile.</exception>
    public void Append(Population population)
    {
        PopulationFacts facts = PopulationFacts.Of(population);
        string path = PathOf(Count);
        if (_first is not null) CheckFit(path, _first, facts);
        if (Count == 0) Directory.CreateDirectory(Folder);
        PopulationFile.Write(path, population);
        _first ??= facts with { Provenance = new Dictionary<string, string>(facts.Provenance) };
        Count++;
    }

    /// <summary>Deletes the shards, the last one first so that a kill leaves no gap, and the folder when nothing else is in it.</summary>
    public void Delete()
    {
        for (; Count > 0; Count--) File.Delete(PathOf(Count - 1));
        _first = null;
        if (Directory.Exists(Folder) && !Directory.EnumerateFileSystemEntries(Folder).Any()) Directory.Delete(Folder);
    }

    /// <summary>The name of a shard's file.</summary>
    internal static string FileName(int shard) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{shard:D5}{Ending}");

    /// <summary>The shards' files in order; none when there is no such folder.</summary>
    /// <exception cref="FileFormatException">One is missing before another.</exception>
    internal static string[] Files(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        string[] found;
        try
        {
            found = [.. Directory.EnumerateFiles(folder, Prefix + "*" + Ending).Select(f => Path.GetFileName(f))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileFormatException(folder, "a readable folder of shards", error.Message, error);
        }

        // Longer numbers come after shorter ones: shard 100000 after shard 99999.
        Array.Sort(found, (a, b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b));
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i] != FileName(i)) throw new FileFormatException(folder, $"shard {FileName(i)}", $"a gap before {found[i]}");
            found[i] = Path.Combine(folder, found[i]);
        }

        return found;
    }

    /// <summary>Refuses a part that is of another population than the first one.</summary>
    internal static void CheckFit(string path, PopulationFacts first, PopulationFacts part)
    {
        if (first.DifferenceTo(part) is not { } difference) return;
        (string expected, string found) = difference switch
        {
            "target" => (first.Target, part.Target),
            "parameter layout" => ($"{first.Layout.Entries.Count} parameters as there", "others"),
            _ => (Value(first), Value(part)),
        };
        throw new FileFormatException(path, $"the {difference} of the first shard ({expected})", found);

        string Value(PopulationFacts facts) => facts.Provenance.TryGetValue(difference, out string? value)
            ? value.Length > 60 ? value[..60] + "..." : value
            : "none";
    }
}
