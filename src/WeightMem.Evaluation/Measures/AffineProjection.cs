using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Distance to the flat through all training networks (weights of any sign that sum to 1) and to their span (any weights): companions of
/// <see cref="SimplexProjection"/>. What extrapolates along training directions is outside of the mixtures and inside of these.
/// </summary>
public static class AffineProjection
{
    /// <summary>With more networks than this there is no such distance.</summary>
    public const int MostParents = 500;

    /// <summary>The distance of every query.</summary>
    /// <param name="queries">Networks.</param>
    /// <param name="parents">Training networks, at most <see cref="MostParents"/>.</param>
    /// <param name="span">True for the span, false for the flat.</param>
    /// <exception cref="ArgumentException">There are no parents or too many.</exception>
    public static double[] Residuals(Population queries, Population parents, bool span = false)
    {
        int n = parents.Count, width = parents.Parameters;
        if (n is 0 or > MostParents) throw new ArgumentException($"1 to {MostParents} networks span a flat, not {n}");
        Rows.RequireComparable(queries, parents);
        double[] centre = span ? new double[width] : SimplexProjection.Centre(parents);

        // Orthonormal directions of the centred rows (Gram-Schmidt, each row twice): a row that adds nothing new is left out.
        var directions = new List<double[]>();
        for (int i = 0; i < n && directions.Count < width; i++)
        {
            double[] row = Centred(parents.Row(i), centre);
            double before = Math.Sqrt(Squares(row));
            Remove(row, directions);
            Remove(row, directions);
            double after = Math.Sqrt(Squares(row));
            if (after <= 1e-9 * before || after == 0) continue;
            for (int p = 0; p < width; p++) row[p] /= after;
            directions.Add(row);
        }

        var residuals = new double[queries.Count];
        Parallel.For(0, queries.Count, i =>
        {
            double[] row = Centred(queries.Row(i), centre);
            Remove(row, directions);
            Remove(row, directions);
            residuals[i] = Math.Sqrt(Squares(row));
        });
        return residuals;
    }

    private static double[] Centred(ReadOnlySpan<float> row, double[] centre)
    {
        var values = new double[row.Length];
        for (int p = 0; p < values.Length; p++) values[p] = row[p] - centre[p];
        return values;
    }

    private static void Remove(double[] row, List<double[]> directions)
    {
        foreach (double[] direction in directions)
        {
            double along = Statistics.SymmetricEigen.Dot(row, direction);
            for (int p = 0; p < row.Length; p++) row[p] -= along * direction[p];
        }
    }

    private static double Squares(double[] row) => Statistics.SymmetricEigen.Dot(row, row);
}
