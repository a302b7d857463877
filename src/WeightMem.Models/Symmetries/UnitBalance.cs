using WeightMem.Models.Populations;

namespace WeightMem.Models.Symmetries;

/// <summary>
/// One network of all those that rescaled units make of it: with positive scale, the one whose units' incoming (with bias) and outgoing weights have equal norms, which is unique (Stock
/// et al. 2019); with signs, the one whose units' largest incoming weight is positive. The function stays the same.
/// </summary>
public static class UnitBalance
{
    private const int MostSweeps = 200;

    private const double Tolerance = 1e-9;

    /// <summary>Whether there is anything to balance.</summary>
    public static bool Applies(IRescalableTarget target) => target.UnitSymmetries.Any(s => s != UnitSymmetry.None);

    /// <summary>A copy of the networks, each balanced.</summary>
    public static Population Balanced(Population networks, PermutationStructure structure, IReadOnlyList<UnitSymmetry> symmetries)
    {
        var weights = new float[networks.Weights.Length];
        Parallel.For(0, networks.Count, i => Balanced(networks.Row(i), structure, symmetries).CopyTo(weights.AsSpan(i * networks.Parameters)));
        return new Population(networks.Target, networks.Layout, weights, networks.Run, networks.Step)
        {
            Score = networks.Score,
            Loss = networks.Loss,
            Wrong = networks.Wrong,
        };
    }

    /// <summary>A copy of one network, balanced.</summary>
    public static float[] Balanced(ReadOnlySpan<float> row, PermutationStructure structure, IReadOnlyList<UnitSymmetry> symmetries)
    {
        double[] values = new double[row.Length];
        for (int i = 0; i < values.Length; i++) values[i] = row[i];
        double largest = 1;
        for (int sweep = 0; sweep < MostSweeps && largest > Tolerance; sweep++)
        {
            largest = 0;
            for (int layer = 0; layer < symmetries.Count; layer++)
            {
                if (symmetries[layer] != UnitSymmetry.PositiveScale) continue;
                PermutableLayer units = structure.Layers[layer];
                foreach (int[] slots in units.Slots)
                {
                    double incoming = Norm(values, slots, units.Incoming, true), outgoing = Norm(values, slots, units.Incoming, false);
                    if (incoming == 0 || outgoing == 0) continue; // a dead unit has no balance
                    double scale = Math.Sqrt(outgoing / incoming);
                    largest = Math.Max(largest, Math.Abs(Math.Log(scale)));
                    Rescale(values, slots, units.Incoming, scale);
                }
            }
        }

        for (int layer = 0; layer < symmetries.Count; layer++)
        {
            if (symmetries[layer] != UnitSymmetry.Sign) continue;
            PermutableLayer units = structure.Layers[layer];
            foreach (int[] slots in units.Slots)
            {
                int top = slots.Where((_, s) => units.Incoming[s]).MaxBy(at => Math.Abs(values[at]));
                if (values[top] < 0) Rescale(values, slots, units.Incoming, -1);
            }
        }

        return Array.ConvertAll(values, v => (float)v);
    }

    /// <summary>Incoming weights and bias of one unit times a number, outgoing weights divided by it.</summary>
    internal static void Rescale(double[] values, int[] slots, bool[] incoming, double scale)
    {
        for (int s = 0; s < slots.Length; s++) values[slots[s]] *= incoming[s] ? scale : 1 / scale;
    }

    private static double Norm(double[] values, int[] slots, bool[] incoming, bool wanted)
    {
        double sum = 0;
        for (int s = 0; s < slots.Length; s++) sum += incoming[s] == wanted ? values[slots[s]] * values[slots[s]] : 0;
        return Math.Sqrt(sum);
    }
}
