using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// What populations are held against: the training networks (T), and how far from them networks lie that no generator made. Those are the held-out networks (P), or, where
/// there are none, each training network beside the others of other runs. All that does not depend on the judged population is computed once.
/// </summary>
internal sealed class Yardstick
{
    /// <summary>Networks of each side in the tests that compare all pairs within one population.</summary>
    private const int MostInPairTests = 1000;

    /// <summary>Distances held in memory at a time.</summary>
    internal const long MostPairs = 1L << 27;

    private readonly Device _device;
    private readonly RandomStream _stream;
    private readonly SimplexProjection _simplex;
    private readonly Neighbours? _trainingNeighbours;
    private readonly NeighbourRatios _ratios;
    private readonly AffineProjection? _affine;
    private readonly PairDistances? _withinHeldout;
    private readonly double _trainingTrace, _trainingCentre, _affineMedian = double.NaN;
    private readonly double[] _centre;

    /// <summary>Measures the yardstick.</summary>
    /// <param name="device">Where nearest neighbours are looked for.</param>
    /// <param name="training">Training networks, at least two of different runs or of one run.</param>
    /// <param name="heldout">Held-out networks in the same coordinates; null for training networks beside each other.</param>
    /// <param name="stream">Where random choices come from.</param>
    /// <param name="own">Without held-out networks: the training networks, row by row, each in the coordinates in which it is compared with the others; null for as they are.</param>
    /// <exception cref="ArgumentException">There are fewer than two training networks, or no held-out one.</exception>
    public Yardstick(Device device, Population training, Population? heldout, RandomStream stream, Population? own = null)
    {
        if (training.Count < 2) throw new ArgumentException($"a yardstick takes at least 2 training networks, not {training.Count}");
        if (heldout is { Count: 0 }) throw new ArgumentException("a yardstick of held-out networks takes at least one");
        if ((long)training.Count * (heldout ?? training).Count > MostPairs)
            throw new ArgumentException($"{training.Count} training and {(heldout ?? training).Count} other networks are more pairs than these tests take ({MostPairs}): judge the last checkpoints only, or fewer networks");
        (_device, Training, Heldout, _stream) = (device, training, heldout, stream);
        int[]? marks = heldout is null ? Evaluator.OwnExclusion(training) == Exclusion.SameRun ? training.Run : [.. Enumerable.Range(0, training.Count)] : null;
        Population fresh = heldout ?? own ?? training;
        _simplex = new SimplexProjection(training);
        Mixtures = _simplex.Nearest(fresh, marks, marks);
        Residual = Quantiles.Median([.. Mixtures.Select(m => m?.Residual ?? double.NaN)]);

        // Where training networks are the yardstick, their own run is no neighbour of theirs.
        PairDistances toTraining = PairDistances.Between(fresh, training);
        if (marks is not null) toTraining = toTraining.Without(marks);
        _ratios = NeighbourRatios.Of(toTraining, training.Run);
        Distances = toTraining.Nearest();
        Distance = Quantiles.Median(Distances);
        DuplicateThreshold = Quantiles.Of(Distances, 0.01);
        if (training.Count >= Support.LeastNetworks) _trainingNeighbours = MinimumDistance.Nearest(device, training, training, Exclusion.SameRow, Support.NeighboursOfDensity);
        if (heldout is { Count: >= 4 and <= MostInPairTests }) _withinHeldout = PairDistances.Between(heldout, heldout);
        if (training.Count <= AffineProjection.MostParents && heldout is not null && training.Count < training.Parameters)
        {
            _affine = new AffineProjection(training);
            _affineMedian = Quantiles.Median(_affine.Residuals(heldout));
        }

        _centre = SimplexProjection.Centre(training);
        (_trainingTrace, _trainingCentre) = Spread(training, training);
    }

    /// <summary>The training networks.</summary>
    public Population Training { get; }

    /// <summary>The held-out networks; null where training networks stand for them.</summary>
    public Population? Heldout { get; }

    /// <summary>Distance of each fresh network to its nearest training network.</summary>
    public double[] Distances { get; }

    /// <summary>Their median, d0.</summary>
    public double Distance { get; }

    /// <summary>Their 1 % quantile: what lies nearer is a duplicate.</summary>
    public double DuplicateThreshold { get; }

    /// <summary>The nearest mixtures of fresh networks.</summary>
    public Mixture?[] Mixtures { get; }

    /// <summary>Median residual of them, R0.</summary>
    public double Residual { get; }

    /// <summary>Judges a population in the coordinates of the yardstick.</summary>
    /// <exception cref="ArgumentException">It is empty or of another width.</exception>
    public WeightStatistics Judge(Population generated)
    {
        if (generated.Count == 0) throw new ArgumentException("there are no networks to judge");
        if ((long)generated.Count * Training.Count > MostPairs)
            throw new ArgumentException($"{generated.Count} networks and {Training.Count} training networks are more pairs than these tests take ({MostPairs})");
        PairDistances toTraining = PairDistances.Between(generated, Training);
        double[] distances = toTraining.Nearest();
        NeighbourRatios ratios = NeighbourRatios.Of(toTraining, Training.Run);
        Mixture?[] mixtures = _simplex.Nearest(generated);
        (double trace, double centre) = Spread(generated, Training);
        (Support? support, (double, double) own) = Surroundings(generated, toTraining);
        bool pairs = _withinHeldout is not null && generated.Count is >= 4 and <= MostInPairTests;
        PairDistances? within = pairs ? PairDistances.Between(generated, generated) : null, toHeldout = pairs ? PairDistances.Between(generated, Heldout!) : null;
        return new WeightStatistics
        {
            Distances = distances,
            Copying = MannWhitney.Compare(distances, Distances)!,
            Cells = Heldout is null ? null : CellCopying.Of(Training, generated, Heldout, _stream.Sub("cells")),
            Duplicates = distances.Count(d => d < DuplicateThreshold),
            Ratios = ratios,
            RatioFlagged = ratios.Flagged(_ratios),
            Support = support,
            NearestIsOwn = own,
            NearestIsOwnHeldout = pairs
                ? TwoSampleTests.NearestIsOwn(toHeldout!, within!.NearestOther(), _withinHeldout!.NearestOther())
                : (double.NaN, double.NaN),
            TwoSample = pairs ? TwoSampleTests.Compare(within!, toHeldout!, _withinHeldout!, _stream.Sub("relabellings")) : null,
            DistanceRatio = Ratio(Quantiles.Median(distances), Distance),
            Mixtures = mixtures,
            ResidualRatios = [.. mixtures.Select(m => Ratio(m?.Residual ?? double.NaN, Residual))],
            AffineRatios = _affine is null ? null : Array.ConvertAll(_affine.Residuals(generated), r => Ratio(r, _affineMedian)),
            TraceRatio = Ratio(trace, _trainingTrace),
            CentreRatio = Ratio(centre, _trainingCentre),
        };
    }

    private (Support? Support, (double, double) NearestIsOwn) Surroundings(Population generated, PairDistances toTraining)
    {
        if (_trainingNeighbours is null || generated.Count < Support.LeastNetworks) return (null, (double.NaN, double.NaN));
        Neighbours own = MinimumDistance.Nearest(_device, generated, generated, Exclusion.SameRow, Support.NeighboursOfPrecision);
        double[] radius = [.. Enumerable.Range(0, generated.Count).Select(i => own.Distance(i, Support.NeighboursOfPrecision - 1))];
        return (Support.Of(toTraining, _trainingNeighbours, radius), TwoSampleTests.NearestIsOwn(toTraining, own.Nearest(), _trainingNeighbours.Nearest()));
    }

    /// <summary>Total variance about the own mean, and mean distance to the training mean.</summary>
    private (double Trace, double Centre) Spread(Population rows, Population training)
    {
        double[] mean = ReferenceEquals(rows, training) ? _centre : SimplexProjection.Centre(rows);
        double trace = 0, distance = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            ReadOnlySpan<float> row = rows.Row(i);
            double own = 0, other = 0;
            for (int p = 0; p < row.Length; p++)
            {
                own += (row[p] - mean[p]) * (row[p] - mean[p]);
                other += (row[p] - _centre[p]) * (row[p] - _centre[p]);
            }

            trace += own;
            distance += Math.Sqrt(other);
        }

        return (rows.Count > 1 ? trace / (rows.Count - 1) : double.NaN, distance / rows.Count);
    }

    private static double Ratio(double value, double of) => of > 0 ? value / of : value == 0 ? 1 : double.NaN;
}
