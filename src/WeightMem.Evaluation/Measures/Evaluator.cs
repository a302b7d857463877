using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Judgements;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Measures;

/// <summary>A population and the name it has in reports.</summary>
/// <param name="Name">Name, such as <c>generated</c>, <c>heldout</c>, <c>noise-0.05</c>.</param>
/// <param name="Population">The networks.</param>
public sealed record NamedPopulation(string Name, Population Population);

/// <summary>Another set of networks that distances are measured to, beside the training population.</summary>
/// <param name="Measure">Name of the measure, such as <c>min_l2_raw</c>.</param>
/// <param name="Networks">The networks.</param>
public sealed record DistanceReference(string Measure, Population Networks);

/// <summary>What was measured of one population: one value per network, and the summaries.</summary>
public sealed record PopulationMeasures
{
    /// <summary>Name of the population.</summary>
    public required string Name { get; init; }

    /// <summary>The networks.</summary>
    public required Population Population { get; init; }

    /// <summary>The nearest training networks in plain L2, the nearest first.</summary>
    public required Neighbours MinL2 { get; init; }

    /// <summary>The nearest training networks up to permutations of hidden units, where the target has exactly one hidden layer.</summary>
    public AlignedNeighbours? MinL2Aligned { get; init; }

    /// <summary>The largest similarity of error masks to a training network, where masks have been measured.</summary>
    public Similarities? MaxSimilarity { get; init; }

    /// <summary>How well the networks do what they are for: accuracies where they have been measured, unless a method says otherwise.</summary>
    public Performance? Performance { get => field ?? Measures.Performance.Of(Population.Score); init; }

    /// <summary>Mean, median, interval and n by measure name: <c>accuracy</c>, <c>min_l2</c>, <c>min_l2_aligned</c>, <c>max_similarity</c>.</summary>
    public required IReadOnlyDictionary<string, Estimate> Summaries { get; init; }
}

/// <summary>Measures populations against a training population: the one path for studies and for foreign files.</summary>
public static class Evaluator
{
    /// <summary>Neighbours kept per network: what the heatmap shows.</summary>
    public const int KeptNeighbours = 3;

    /// <summary>
    /// Measures the training population against itself, each network without itself and its own run's other checkpoints, and every other population against it.
    /// </summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="training">The networks that distances and similarities refer to.</param>
    /// <param name="others">The populations to judge.</param>
    /// <param name="seed">Seed of the bootstrap.</param>
    /// <param name="resamples">Resamples of the bootstrap.</param>
    /// <param name="references">Other networks to measure distances to; runs are those of the training population.</param>
    /// <param name="target">The networks' target, whose hidden units are put in order; without one, only weights that look like a perceptron with one hidden layer are.</param>
    /// <exception cref="ArgumentException">Two populations have the same name, or another number of parameters than the training population.</exception>
    public static IReadOnlyList<PopulationMeasures> Measure(
        Device device, Population training, IReadOnlyList<NamedPopulation> others, long seed, int resamples = Bootstrap.DefaultResamples,
        IReadOnlyList<DistanceReference>? references = null, ITarget? target = null)
    {
        var coordinates = Coordinates.Of(target, training.Layout);
        if (others.Select(o => o.Name).Append("training").GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"two populations are named {twice.Key}");
        Exclusion own = OwnExclusion(training);
        var measured = new List<PopulationMeasures> { One(device, "training", training, training, own, references ?? [], seed, resamples, coordinates) };
        foreach (NamedPopulation other in others)
            measured.Add(One(device, other.Name, other.Population, training, Exclusion.None, references ?? [], seed, resamples, coordinates));
        return measured;
    }

    /// <summary>
    /// What a training network is not compared with: its own run's checkpoints; of a single run only itself, since nothing would be left.
    /// </summary>
    internal static Exclusion OwnExclusion(Population training)
    {
        int runs = training.RunCount;
        return runs > 1 && runs < training.Count ? Exclusion.SameRun : Exclusion.SameRow;
    }

    /// <summary>What the battery needs of populations that it makes for itself: nearest neighbours and similarities, without intervals.</summary>
    internal static PopulationMeasures Trivial(
        Device device, string name, Population queries, Population training, Func<Population, AlignedNeighbours>? aligned) => new()
        {
            Name = name,
            Population = queries,
            MinL2 = MinimumDistance.Nearest(device, queries, training, Exclusion.None),
            MinL2Aligned = aligned?.Invoke(queries),
            MaxSimilarity = queries.Wrong is not null && training.Wrong is not null ? ErrorSimilarity.Maximum(device, queries, training, Exclusion.None) : null,
            Summaries = new Dictionary<string, Estimate>(),
        };

    private static PopulationMeasures One(
        Device device, string name, Population queries, Population training, Exclusion exclusion, IReadOnlyList<DistanceReference> references, long seed, int resamples,
        Coordinates? coordinates)
    {
        int candidates = exclusion == Exclusion.None ? training.Count : training.Count - 1;
        int k = Math.Clamp(candidates, 1, KeptNeighbours);
        var stream = new RandomStream(seed, "bootstrap " + name);
        int[] runs = queries.Run, steps = [.. Enumerable.Range(0, queries.Count).OrderBy(i => queries.Step[i])];
        bool isTrajectory = queries.Count > 1 && queries.RunCount == 1; // resampling runs would leave nothing to resample
        Neighbours plain = MinimumDistance.Nearest(device, queries, training, exclusion, k);
        var summaries = new Dictionary<string, Estimate>();
        if (queries.Score is { } score) Summarize("accuracy", Array.ConvertAll(score, s => (double)s), "exact count, float32 forward");
        Summarize("min_l2", plain.Nearest(), plain.Path);
        foreach (DistanceReference reference in references)
        {
            bool same = exclusion != Exclusion.None || ReferenceEquals(queries.Weights, reference.Networks.Weights);
            Neighbours nearest = MinimumDistance.Nearest(device, queries, reference.Networks, same ? Exclusion.SameRun : exclusion);
            Summarize(reference.Measure, nearest.Nearest(), nearest.Path);
        }

        AlignedNeighbours? aligned = null;
        if (coordinates is not null)
        {
            aligned = coordinates.Nearest(device, queries, training, exclusion, k);
            Summarize("min_l2_aligned", aligned.Neighbours.Nearest(), aligned.Neighbours.Path);
        }

        Similarities? similarities = null;
        if (queries.Wrong is not null && training.Wrong is not null)
        {
            similarities = ErrorSimilarity.Maximum(device, queries, training, exclusion);
            Summarize("max_similarity", similarities.Values, similarities.Path);
        }

        return new PopulationMeasures
        {
            Name = name,
            Population = queries,
            MinL2 = plain,
            MinL2Aligned = aligned,
            MaxSimilarity = similarities,
            Summaries = summaries,
        };

        void Summarize(string measure, double[] values, string path) =>
            summaries[measure] = isTrajectory ? Trajectory.Mean([.. steps.Select(i => values[i])], stream.Sub(measure), resamples, path) : Bootstrap.Mean(values, stream.Sub(measure), resamples, runs, path);
    }
}
