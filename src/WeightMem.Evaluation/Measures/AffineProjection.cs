using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Distance to the flat through all training networks (weights of any sign that sum to 1) and to their span (any weights): companions of
/// <see cref="SimplexProjection"/>. What extrapolates along training directions is outside of the mixtures and inside of these.
/// </summary>
public sealed class AffineProjection
{
    /// <summary>With more networks than this there is no such distance.</summary>
    public const int MostParents = 500;

    private readonly Population _parents;
    private readonly double[] _centre;

    /// <summary>Orthonormal directions of the centred rows.</summary>
    private readonly List<double[]> _directions = [];

    /// <summary>The flat or the span of some networks.</summary>
    /// <param name="parents">Training networks, at most <see cref="MostParents"/>.</param>
    /// <param name="span">True for the span, false for the flat.</param>
    /// <exception cref="ArgumentException">There are no parents or too many.</exception>
    public AffineProjection(Population parents, bool span = false)
    {
        if (parents.Count is 0 or > MostParents) throw new ArgumentException($"1 to {MostParents} networks span a flat, not {parents.Count}");
        _parents = parents;
        _centre = span ? new double[parents.Parameters] : SimplexProjection.Centre(parents);
        for (int i = 0; i < parents.Count && _directions.Count < parents.Parameters; i++)
        {
            // Gram-Schmidt, each row twice; a row that adds nothing new is left out.
            double[] row = Centred(parents.Row(i), _centre);
            double before = Math.Sqrt(Squares(row));
            Remove(row, _directions);
            Remove(row, _directions);
            double after = Math.Sqrt(Squares(row));
            if (after <= 1e-9 * before || after == 0) continue;
            for (int p = 0; p < row.Length; p++) row[p] /= after;
            _directions.Add(row);
        }
    }

    /// <summary>The distance of every query.</summary>
    /// <exception cref="ArgumentException">The widths differ, or a weight is not finite.</exception>
    public double[] Residuals(Population queries)
    {
        Rows.RequireComparable(queries, _parents);
        var residuals = new double[queries.Count];
        Parallel.For(0, queries.Count, i =>
        {
            double[] row = Centred(queries.Row(i), _centre);
            Remove(row, _directions);
            Remove(row, _directions);
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
