namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Do generated networks lie where training networks lie, and do they reach all of it (evaluation specification, 9.4)? Precision and recall (Kynkaanniemi et al. 2019, k = 3),
/// density and coverage (Naeem et al. 2020, k = 5), authenticity (Alaa et al. 2022). Copying: precision near 1 and authenticity near 0; contraction to the mean: recall
/// near 0 and density far above 1.
/// </summary>
/// <param name="Precision">Share of generated networks inside some training network's ball.</param>
/// <param name="Recall">Share of training networks inside some generated network's ball.</param>
/// <param name="Density">Training balls that hold a generated network, on average, over k; 1 is natural.</param>
/// <param name="Coverage">Share of training networks with a generated network in their ball.</param>
/// <param name="Authenticity">Share of generated networks farther from their nearest training network than that one is from its own nearest.</param>
public sealed record Support(double Precision, double Recall, double Density, double Coverage, double Authenticity)
{
    /// <summary>Neighbours of precision and recall.</summary>
    public const int NeighboursOfPrecision = 3;

    /// <summary>Neighbours of density and coverage.</summary>
    public const int NeighboursOfDensity = 5;

    /// <summary>Training and generated networks that the measures need.</summary>
    public const int LeastNetworks = NeighboursOfDensity + 1;

    /// <summary>All five, from distances.</summary>
    /// <param name="toTraining">From generated networks to training networks.</param>
    /// <param name="training">The five nearest other training networks of each training network: distances <c>[training, 5]</c>.</param>
    /// <param name="own">From generated networks to the third nearest other generated network.</param>
    internal static Support Of(PairDistances toTraining, Neighbours training, ReadOnlySpan<double> own)
    {
        int m = toTraining.Rows, n = toTraining.Columns, precise = 0, authentic = 0, inside = 0;
        bool[] recalled = new bool[n], covered = new bool[n];
        for (int q = 0; q < m; q++)
        {
            ReadOnlySpan<double> row = toTraining.Row(q);
            bool held = false;
            int nearest = 0;
            for (int t = 0; t < n; t++)
            {
                held |= row[t] <= training.Distance(t, NeighboursOfPrecision - 1);
                recalled[t] |= row[t] <= own[q];
                if (row[t] < row[nearest]) nearest = t;
                if (row[t] > training.Distance(t, NeighboursOfDensity - 1)) continue;
                inside++;
                covered[t] = true;
            }

            precise += held ? 1 : 0;
            authentic += row[nearest] > training.Distance(nearest) ? 1 : 0;
        }

        return new Support((double)precise / m, (double)recalled.Count(r => r) / n, (double)inside / (NeighboursOfDensity * m), (double)covered.Count(c => c) / n, (double)authentic / m);
    }
}
