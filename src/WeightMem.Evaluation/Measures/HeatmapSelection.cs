using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Measures;

/// <summary>M11: the parameters that weight heatmaps show, the same for all blocks of a figure.</summary>
public static class HeatmapSelection
{
    /// <summary>Parameters shown by default.</summary>
    public const int DefaultCount = 64;

    /// <summary>Distinct random parameter indices in increasing order; all of them when there are fewer than asked for.</summary>
    /// <param name="parameters">Parameters of a row.</param>
    /// <param name="stream">Where the choice comes from: seeded and named, so that the figure can be made again.</param>
    /// <param name="count">How many to show.</param>
    public static int[] Parameters(int parameters, RandomStream stream, int count = DefaultCount)
    {
        int[] chosen = stream.Choose(parameters, Math.Min(count, parameters));
        Array.Sort(chosen);
        return chosen;
    }
}
