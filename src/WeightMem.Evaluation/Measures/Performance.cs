using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Measures;

/// <summary>How well each network of a population does what it is for.</summary>
/// <param name="Scale">What is measured.</param>
/// <param name="Values">One value per network; infinite for a network that makes nothing at all.</param>
public sealed record Performance(PerformanceScale Scale, double[] Values)
{
    /// <summary>The values with more always the better, <c>[count]</c>.</summary>
    public double[] Merits => Scale.LowerIsBetter ? Array.ConvertAll(Values, v => -v) : Values;

    /// <summary>The merit from which on a network is as good as these, the training networks.</summary>
    public double GoodMerit
    {
        get
        {
            double good = Scale.Good(Quantiles.Median(Values));
            return Scale.LowerIsBetter ? -good : good;
        }
    }

    /// <summary>Accuracies in percent, where a population has them.</summary>
    internal static Performance? Of(float[]? scores) => scores is null ? null : new(PerformanceScale.Accuracy, Array.ConvertAll(scores, s => (double)s));
}

/// <summary>A scale of performance: its name, which end of it is good, and what still is good beside a typical training network (evaluation specification, 9.9b).</summary>
public sealed record PerformanceScale
{
    /// <summary>Percent of test images right.</summary>
    public static PerformanceScale Accuracy { get; } = new() { Name = "accuracy", Gain = "Points of accuracy above", Margin = "within 1 point of the median training network's", Good = typical => typical - 1 };

    /// <summary>Chamfer distance of a field's surface to the nearest test shape.</summary>
    public static PerformanceScale ChamferToTest { get; } = new()
    {
        Name = "Chamfer distance to the nearest test shape",
        Gain = "Chamfer distance to the nearest test shape below",
        Margin = "at most a tenth worse than the median training network's",
        LowerIsBetter = true,
        Good = typical => 1.1 * typical,
    };

    /// <summary>What is measured.</summary>
    public required string Name { get; init; }

    /// <summary>What a gain on this scale is, before "what ... score".</summary>
    public required string Gain { get; init; }

    /// <summary>What still is good, in words.</summary>
    public required string Margin { get; init; }

    /// <summary>Whether small values are good ones.</summary>
    public bool LowerIsBetter { get; init; }

    /// <summary>The value that still is good where a typical training network has this one.</summary>
    public required Func<double, double> Good { get; init; }
}
