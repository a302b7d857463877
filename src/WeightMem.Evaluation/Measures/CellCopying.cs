using WeightMem.Engine.Random;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// C_T of Meehan et al. (2020): the data-copying score inside cells around means of the training networks, weighted by the held-out networks of each. It notices copying in
/// a part of the space that the whole score averages away.
/// </summary>
/// <param name="Score">The weighted mean of the cells' scores.</param>
/// <param name="Cells">Cells that count.</param>
public sealed record CellCopying(double Score, int Cells)
{
    /// <summary>Held-out networks that a cell needs.</summary>
    public const int LeastPerCell = 20;

    private const int MostCells = 10;

    /// <summary>The score, or null with too few held-out networks for two cells.</summary>
    /// <param name="training">Training networks (T).</param>
    /// <param name="generated">Generated networks (Q).</param>
    /// <param name="heldout">Held-out networks (P).</param>
    /// <param name="stream">Where the cells start.</param>
    internal static CellCopying? Of(Population training, Population generated, Population heldout, RandomStream stream)
    {
        int cells = Math.Min(MostCells, heldout.Count / (2 * LeastPerCell));
        if (cells < 2 || training.Count < 2 * cells) return null;
        double[] centres = KMeans.Centres(training, cells, stream);
        int[] t = KMeans.Assign(training, centres), q = KMeans.Assign(generated, centres), p = KMeans.Assign(heldout, centres);
        double sum = 0, weight = 0;
        int counted = 0;
        for (int cell = 0; cell < cells; cell++)
        {
            Population inside = Part(training, t, cell), fresh = Part(heldout, p, cell), made = Part(generated, q, cell);
            if (fresh.Count < LeastPerCell || made.Count == 0 || inside.Count == 0) continue;
            MannWhitney score = MannWhitney.Compare(PairDistances.Between(made, inside).Nearest(), PairDistances.Between(fresh, inside).Nearest())!;
            sum += fresh.Count * score.Z;
            weight += fresh.Count;
            counted++;
        }

        return counted > 0 ? new CellCopying(sum / weight, counted) : null;
    }

    private static Population Part(Population rows, int[] cells, int cell) => rows.Select([.. Enumerable.Range(0, rows.Count).Where(i => cells[i] == cell)]);
}
