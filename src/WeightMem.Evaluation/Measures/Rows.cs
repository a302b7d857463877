using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Checks at the door of every measure that reads weights, and the way to a device.</summary>
internal static class Rows
{
    /// <summary>Checks that rows of two populations can be compared.</summary>
    /// <exception cref="ArgumentException">The widths differ, or a weight is not finite.</exception>
    public static void RequireComparable(Population queries, Population references)
    {
        if (queries.Parameters != references.Parameters)
        {
            throw new ArgumentException(
                $"networks of {queries.Target} have {queries.Parameters} parameters and those of {references.Target} have {references.Parameters}");
        }

        RequireFinite(queries.Weights, queries.Parameters);
        if (!ReferenceEquals(queries.Weights, references.Weights)) RequireFinite(references.Weights, references.Parameters);
    }

    /// <summary>Checks the number of neighbours that are asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not from 1 to <see cref="PairLimits.MostNeighbours"/>.</exception>
    public static void RequireNeighbours(int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, PairLimits.MostNeighbours);
    }

    /// <summary>The marks of an exclusion on a device; none where every pair may be compared.</summary>
    public static (Tensor? Queries, Tensor? References) Marks(Device device, ExclusionTable table) => table.QueryMarks is null
        ? (null, null)
        : (device.From(table.QueryMarks, table.QueryMarks.Length), device.From(table.ReferenceMarks!, table.ReferenceMarks!.Length));

    /// <summary>How a search over pairs is named in results.</summary>
    public static string Path(PairRanking ranking) => ranking switch
    {
        PairRanking.Products => MinimumDistance.RankedPath,
        PairRanking.Differences => MinimumDistance.DifferencesPath,
        _ => MinimumDistance.DirectPath,
    };

    private static void RequireFinite(float[] values, int columns)
    {
        const int Part = 1 << 20;
        if (Parallel.For(0, (values.Length + Part - 1) / Part, (part, state) =>
        {
            if (!FiniteRows.All(values.AsSpan(part * Part, Math.Min(Part, values.Length - part * Part)))) state.Stop();
        }).IsCompleted) return;
        throw new ArgumentException($"network {FiniteRows.Bad(values, columns)[0]} has a weight that is not a finite number");
    }
}
