using WeightMem.Formats;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Conversions;

/// <summary>Writes populations of any size as a folder of shards: no more than a shard is in memory at a time.</summary>
public static class ShardsOutput
{
    /// <summary>The ending of such a folder.</summary>
    public const string Ending = ".shards";

    /// <summary>About how many weights a shard has: 256 MB.</summary>
    private const long ShardWeights = 1L << 26;

    /// <summary>Whether a path is to be such a folder.</summary>
    public static bool Names(string path) => Path.GetExtension(Path.TrimEndingDirectorySeparator(path)).Equals(Ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes populations one after the other. The folder takes its name when all are written: one that is there is whole.</summary>
    /// <returns>What was written, in one line.</returns>
    /// <exception cref="FileFormatException">A population is damaged, or of another network than the first.</exception>
    /// <exception cref="FileWriteException">Something of this name is there already, the disk is full, or the folder is missing or not writable.</exception>
    public static string Write(string path, IEnumerable<Population> populations)
    {
        string folder = Path.TrimEndingDirectorySeparator(path), partial = folder + ".partial";
        if (Path.Exists(folder)) throw new FileWriteException(folder, "it is there already: remove it, or name another output");
        PopulationShards.Discard(partial); // left by a kill
        PopulationShards shards = PopulationShards.Open(partial);
        var waiting = new List<Population>();
        long networks = 0;
        foreach (Population population in populations)
        {
            waiting.Add(population);
            networks += population.Count;
            if (waiting.Sum(p => p.Weights.LongLength) >= ShardWeights) Flush();
        }

        if (waiting.Count > 0) Flush();
        Directory.Move(partial, folder);
        return $"{folder}: {shards.Count} {(shards.Count == 1 ? "shard" : "shards")}, {networks} networks of {shards.Target}";

        void Flush()
        {
            shards.Append(Population.Join(waiting));
            waiting.Clear();
        }
    }
}
