using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Measures;

/// <summary>What weights alone say of a population beside the training networks and a yardstick of fresh ones (evaluation specification, 9.1 to 9.5 and 9.8). NaN is what there are too few networks for.</summary>
internal sealed record WeightStatistics
{
    /// <summary>Distance of every network to its nearest training network.</summary>
    public required double[] Distances { get; init; }

    /// <summary>The data-copying test against the yardstick's distances.</summary>
    public required MannWhitney Copying { get; init; }

    /// <summary>The same inside cells.</summary>
    public CellCopying? Cells { get; init; }

    /// <summary>Networks nearer to training than 99 % of the yardstick.</summary>
    public required int Duplicates { get; init; }

    /// <summary>Ratios to the surroundings.</summary>
    public required NeighbourRatios Ratios { get; init; }

    /// <summary>Share of those ratios below the yardstick's 1 % quantile.</summary>
    public required double RatioFlagged { get; init; }

    /// <summary>Precision, recall, density, coverage, authenticity.</summary>
    public Support? Support { get; init; }

    /// <summary>Nearest neighbour is of the own kind, against training networks: share of generated, share of training networks.</summary>
    public (double Generated, double Training) NearestIsOwn { get; init; } = (double.NaN, double.NaN);

    /// <summary>The same against held-out networks.</summary>
    public (double Generated, double Heldout) NearestIsOwnHeldout { get; init; } = (double.NaN, double.NaN);

    /// <summary>MMD^2 and energy distance to the held-out networks with their p-values.</summary>
    public (double Mmd, double MmdP, double Energy, double EnergyP)? TwoSample { get; init; }

    /// <summary>Median distance over the yardstick's.</summary>
    public required double DistanceRatio { get; init; }

    /// <summary>The nearest mixtures of training networks.</summary>
    public required Mixture?[] Mixtures { get; init; }

    /// <summary>Residual of each mixture over the yardstick's median residual.</summary>
    public required double[] ResidualRatios { get; init; }

    /// <summary>Distances to the flat through the training networks over the yardstick's median of them; null with too many training networks.</summary>
    public double[]? AffineRatios { get; init; }

    /// <summary>Total variance over that of the training networks.</summary>
    public required double TraceRatio { get; init; }

    /// <summary>Mean distance to the training mean over that of the training networks.</summary>
    public required double CentreRatio { get; init; }

    /// <summary>Share of duplicates.</summary>
    public double DuplicateRate => (double)Duplicates / Distances.Length;

    /// <summary>Median of <see cref="ResidualRatios"/>.</summary>
    public double ResidualRatio => Quantiles.Median(ResidualRatios);

    /// <summary>Effective parents of each network.</summary>
    public double[] EffectiveParents => [.. Mixtures.Select(m => m?.EffectiveParents ?? double.NaN)];

    /// <summary>Median number of effective parents.</summary>
    public double Parents => Quantiles.Median(EffectiveParents);
}
