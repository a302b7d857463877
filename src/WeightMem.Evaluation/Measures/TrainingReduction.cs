using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Training networks cut down to those that an answer depends on.</summary>
/// <param name="Networks">The networks that were kept, in the order of the file.</param>
/// <param name="Of">How many there are.</param>
/// <param name="Neighbours">Nearest networks of every judged one that were kept.</param>
/// <param name="Sampled">How many of the kept ones are a random sample of the others.</param>
public sealed record ReducedTraining(Population Networks, int Of, int Neighbours, int Sampled)
{
    /// <summary>What a reader must know of it.</summary>
    public string Description =>
        $"{Networks.Count} of {Of} networks: the {Neighbours} nearest of every judged network, so their distances are those to all, and {Sampled} drawn at random. Distances among training networks are within these.";
}

/// <summary>
/// Cuts down a set of training networks that does not fit into memory. Every judged network (generated, held out, baseline) keeps its nearest training networks, which are looked for among all in
/// tiles; a random sample fills up. Distances of judged networks are then exact, and so is what follows from them: duplicates, Z_U, ratios. Distances of training networks to each other are not,
/// so the yardstick must be held-out networks.
/// </summary>
public static class TrainingReduction
{
    /// <summary>Networks that are kept where not all fit: enough for every test, and few enough for the tests that compare training networks with each other.</summary>
    public const int Kept = 10_000;

    /// <summary>How many networks of a file can be kept: a sixth of the free memory, since measures hold copies in other orders and on the device.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="parameters">Parameters of a network.</param>
    /// <param name="limit">At most so many; 0 for no limit.</param>
    /// <param name="judged">Of training networks: what will be judged beside them, pair by pair.</param>
    public static int Fitting(Device device, int parameters, int limit = 0, IReadOnlyList<Population>? judged = null)
    {
        long fitting = Math.Min(device.AvailableBytes / 6 / sizeof(float), Array.MaxLength) / parameters;
        if (judged is not null) fitting = Math.Min(fitting, Yardstick.MostPairs / Math.Max(1, judged.Max(p => p.Count)));
        return (int)Math.Max(1, limit > 0 ? Math.Min(limit, fitting) : Math.Min(fitting, int.MaxValue));
    }

    /// <summary>Cuts down.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="stored">The training networks.</param>
    /// <param name="read">Makes networks of the target of stored rows.</param>
    /// <param name="judged">All populations that will be judged, the held-out one among them.</param>
    /// <param name="most">Training networks to keep; more are kept only where <see cref="Evaluator.KeptNeighbours"/> nearest of every judged network are more.</param>
    /// <param name="stream">Where the sample comes from.</param>
    /// <param name="tileRows">Networks of a tile; 0 for as many as take 256 MB.</param>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public static ReducedTraining Reduce(
        Device device, StoredRows stored, Func<WeightRows, Population> read, IReadOnlyList<Population> judged, int most, RandomStream stream, int tileRows = 0)
    {
        int queries = Math.Max(1, judged.Sum(p => p.Count));
        int neighbours = Math.Clamp(most / (2 * queries), Evaluator.KeptNeighbours, Engine.Devices.Pairs.PairLimits.MostNeighbours);
        bool isPermutable = judged.All(p => AlignedDistance.Supports(p.Layout));
        var plain = new Neighbours?[judged.Count];
        var aligned = new Neighbours?[judged.Count];
        foreach ((int first, WeightRows rows) in stored.Tiles(tileRows))
        {
            Population tile = read(rows);
            for (int i = 0; i < judged.Count; i++)
            {
                plain[i] = Nearer(plain[i], MinimumDistance.Nearest(device, judged[i], tile, Exclusion.None, neighbours), first);
                if (isPermutable) aligned[i] = Nearer(aligned[i], AlignedDistance.Nearest(device, judged[i], tile, Exclusion.None, neighbours).Neighbours, first);
            }
        }

        var kept = new SortedSet<int>([.. plain.Concat(aligned).SelectMany(n => n?.Indices ?? []).Where(i => i >= 0)]);
        int near = kept.Count;
        foreach (int i in stream.Choose(stored.Count, Math.Min(stored.Count, most)))
        {
            if (kept.Count >= most) break;
            kept.Add(i);
        }

        return new ReducedTraining(read(stored.Read([.. kept])), stored.Count, neighbours, kept.Count - near);
    }

    /// <summary>The nearest of those of the tiles before and those of a tile that begins at a row.</summary>
    private static Neighbours Nearer(Neighbours? before, Neighbours tile, int first)
    {
        foreach (ref int index in tile.Indices.AsSpan()) index += index >= 0 ? first : 0;
        return before is null ? tile : before.Nearer(tile);
    }
}
