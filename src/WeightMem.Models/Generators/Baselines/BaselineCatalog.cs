using System.Globalization;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>Options of the baselines; each kind reads the ones it has a use for.</summary>
public sealed record BaselineOptions
{
    /// <summary>Standard deviation of the noise of <c>noise</c>, and of <c>replica</c> when it is not exact.</summary>
    public double? Amplitude { get; init; }

    /// <summary>Units of the amplitude of <c>noise</c>.</summary>
    public NoiseUnits Units { get; init; } = NoiseUnits.Raw;

    /// <summary>Normaliser constant c for normalised units; null computes it from the training population.</summary>
    public double? Scale { get; init; }

    /// <summary>Networks per mean of <c>average</c>.</summary>
    public int Networks { get; init; } = AverageBaseline.DefaultNetworks;

    /// <summary>
    /// As in the public evaluation code: the amplitude of <c>noise</c> is meant in normalised units whatever <see cref="Units"/> says, and each mean of <c>average</c>
    /// takes the place of a network that it was made of.
    /// </summary>
    public bool Reference { get; init; }

    /// <summary>The target that <c>random-init</c> initialises.</summary>
    public ITarget? Target { get; init; }
}

/// <summary>The baselines by name, for the command line and for studies.</summary>
public static class BaselineCatalog
{
    /// <summary>The kinds there are.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["noise", "average", "mean", "gaussian", "interpolation", "replica", "random-init"];

    /// <summary>
    /// Makes a baseline. Names with a number, such as <c>noise-0.05</c> and <c>average-16</c>, carry their amplitude or count; it goes before
    /// the options.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such kind, or it needs an option that is not given.</exception>
    public static IGenerator Create(string kind, BaselineOptions options)
    {
        if (Number(kind, "noise-") is { } amplitude) (kind, options) = ("noise", options with { Amplitude = amplitude });
        if (Number(kind, "average-") is { } networks && networks < int.MaxValue && networks == Math.Floor(networks))
            (kind, options) = ("average", options with { Networks = (int)networks });
        return kind switch
        {
            "noise" => new NoiseBaseline(
                options.Amplitude ?? throw new ArgumentException("baseline noise needs an amplitude, such as 0.05"),
                options.Reference ? NoiseUnits.Normalised : options.Units,
                options.Scale),
            "average" => new AverageBaseline(options.Networks, options.Reference),
            "mean" => new MeanBaseline(),
            "gaussian" => new GaussianBaseline(),
            "interpolation" => new InterpolationBaseline(),
            "replica" => new ReplicaBaseline(options.Amplitude ?? 0),
            "random-init" => new RandomInitialisationBaseline(
                options.Target ?? throw new ArgumentException("baseline random-init needs a target")),
            _ => throw new ArgumentException($"there is no baseline {kind}; there are {string.Join(", ", Kinds)}"),
        };
    }

    private static double? Number(string kind, string prefix) =>
        kind.StartsWith(prefix, StringComparison.Ordinal)
            && double.TryParse(kind.AsSpan(prefix.Length), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number)
            ? number
            : null;
}
