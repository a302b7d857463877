using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Formats;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary>The files that <c>evaluate</c> judges, as populations that fit into memory, and what a report must say of them.</summary>
/// <param name="device">Whose memory it is.</param>
/// <param name="target">Target of the networks, if it is known.</param>
/// <param name="limit">Networks of a file to keep at most; 0 for as many as fit.</param>
/// <param name="seed">Seed of what is drawn where not all fit.</param>
internal sealed class EvaluationInputs(Device device, ITarget? target, int limit, long seed)
{
    private readonly Dictionary<string, string> _provenance = [];

    /// <summary>Checksums, and what was left out.</summary>
    public IReadOnlyDictionary<string, string> Provenance => _provenance;

    /// <summary>What was left out, in a sentence for the report; null where nothing was.</summary>
    public string? Remark { get; private set; }

    /// <summary>Reads networks to be judged: all, or a random sample of more than fit into memory.</summary>
    /// <param name="role">Name in the report.</param>
    /// <param name="path">The file or folder.</param>
    /// <param name="finals">Of a population only the last step of every run.</param>
    public Population Judged(string role, string path, bool finals)
    {
        using StoredRows? stored = StoredRows.Open(path, finals);
        if (stored is null) return ReadWhole(role, path, finals);
        int most = TrainingReduction.Fitting(device, stored.Parameters, limit);
        if (stored.Count <= most) return Recorded(role, path, stored.ReadAll());
        most = Math.Min(most, TrainingReduction.Kept);
        int[] drawn = [.. new RandomStream(seed, "sample of " + role).Choose(stored.Count, most).Order()];
        Population sample = OfTarget(stored.Read(drawn));
        Say(role, path, string.Create(CultureInfo.InvariantCulture, $"{most} of {stored.Count} networks, drawn at random"));
        return sample;
    }

    /// <summary>Reads the training networks: all, or those that matter of more than fit.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="finals">Of a population only the last step of every run.</param>
    /// <param name="judged">What will be judged.</param>
    public Population Training(string path, bool finals, IReadOnlyList<NamedPopulation> judged)
    {
        using StoredRows? stored = StoredRows.Open(path, finals);
        if (stored is null) return ReadWhole("training", path, finals);
        int most = TrainingReduction.Fitting(device, stored.Parameters, limit, [.. judged.Select(j => j.Population)]);
        if (stored.Count <= most) return Recorded("training", path, stored.ReadAll());
        if (judged.All(j => j.Name != "heldout"))
        {
            throw new UsageException(
                $"{path} has {stored.Count} networks and {most} can be kept in memory: judging by a part of them takes --heldout, since distances among training networks would be too long");
        }

        RequireWidth(judged, stored.Parameters);
        ReducedTraining reduced = TrainingReduction.Reduce(
            device, stored, OfTarget, [.. judged.Select(j => j.Population)], Math.Min(most, TrainingReduction.Kept), new RandomStream(seed, "sample of training"));
        Say("training", path, reduced.Description);
        return reduced.Networks;
    }

    /// <summary>Refuses judged networks of another width than the training networks'.</summary>
    /// <exception cref="ArgumentException">There are some.</exception>
    public static void RequireWidth(IReadOnlyList<NamedPopulation> judged, int parameters)
    {
        foreach (NamedPopulation other in judged.Where(o => o.Population.Parameters != parameters))
            throw new ArgumentException($"{other.Name} has networks of {other.Population.Parameters} parameters, and training of {parameters}");
    }

    /// <summary>A file of a kind that cannot be read in parts.</summary>
    private Population ReadWhole(string role, string path, bool finals)
    {
        WeightRows rows = WeightRows.Read(path);
        FiniteRows.Check(path, rows.Values, rows.Parameters);
        Population all = Recorded(role, path, rows);
        return finals ? all.Finals() : all;
    }

    private Population Recorded(string role, string path, WeightRows rows)
    {
        Population population = OfTarget(rows);
        _provenance[$"sha256 of {role}"] = Directory.Exists(path) ? Hash(rows.Values) : Hash(path);
        return population.Count > 0 ? population : throw new FileFormatException(path, "at least one network", "none");
    }

    private Population OfTarget(WeightRows rows) => target is null
        ? rows.Population ?? rows.ToPopulation(WeightRows.UnknownTarget, new ParameterLayout(("weights", rows.Parameters)))
        : rows.ToPopulation(target.Name, target.Layout);

    private void Say(string role, string path, string what)
    {
        _provenance[$"{role} networks"] = what;
        if (File.Exists(path)) _provenance[$"sha256 of {role}"] = Hash(path);
        Remark = (Remark is null ? "" : Remark + " ") + $"Not all networks fit into memory; {role}: {what}.".Replace("..", ".", StringComparison.Ordinal);
        Console.Error.WriteLine($"{path}: {what}");
    }

    private static string Hash(string path)
    {
        using FileStream content = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    /// <summary>The checksum of the weights read from a folder.</summary>
    private static string Hash(float[] values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int at = 0; at < values.Length; at += 1 << 20) hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan(at, Math.Min(1 << 20, values.Length - at))));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
