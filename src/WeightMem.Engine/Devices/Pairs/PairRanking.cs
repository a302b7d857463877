namespace WeightMem.Engine.Devices.Pairs;

/// <summary>
/// How a search over pairs of networks found the pairs that it decided in double precision. What is reported is a direct difference accumulated in
/// double precision whichever it was, and no pair that could belong to the answer was left out.
/// </summary>
public enum PairRanking
{
    /// <summary>Every pair was decided in double precision.</summary>
    Exhaustive,

    /// <summary>By inner products in single precision, with a bound on their error relative to the norms.</summary>
    Products,

    /// <summary>By sums of squared differences in single precision, with a bound on their error relative to the distance itself.</summary>
    Differences,
}

/// <summary>What a search over pairs of networks takes on every device.</summary>
public static class PairLimits
{
    /// <summary>Neighbours per query.</summary>
    public const int MostNeighbours = 16;

    /// <summary>Hidden units of networks that are compared up to their order.</summary>
    public const int MostUnits = 64;
}
