using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// All distances between two populations: what tests need that look further than the nearest neighbours. Direct differences in double
/// precision; equal rows give exactly 0.
/// </summary>
internal sealed class PairDistances
{
    private const int Tile = 16;

    private readonly double[] _distances;

    private PairDistances(double[] distances, int rows, int columns) => (_distances, Rows, Columns) = (distances, rows, columns);

    /// <summary>Networks of the first population.</summary>
    public int Rows { get; }

    /// <summary>Networks of the second population.</summary>
    public int Columns { get; }

    /// <summary>Distances from one network of the first population to all of the second.</summary>
    public ReadOnlySpan<double> Row(int row) => _distances.AsSpan(row * Columns, Columns);

    /// <summary>One distance.</summary>
    public double this[int row, int column] => _distances[row * Columns + column];

    /// <summary>Distance of every network of the first population to the nearest of the second.</summary>
    public double[] Nearest()
    {
        var nearest = new double[Rows];
        for (int i = 0; i < Rows; i++) nearest[i] = Least(Row(i));
        return nearest;
    }

    /// <summary>Distance of every network to the nearest other one, where both populations are the same.</summary>
    public double[] NearestOther()
    {
        var nearest = new double[Rows];
        for (int i = 0; i < Rows; i++)
        {
            nearest[i] = double.PositiveInfinity;
            for (int j = 0; j < Columns; j++)
            {
                if (j != i) nearest[i] = Math.Min(nearest[i], this[i, j]);
            }
        }

        return nearest;
    }

    /// <summary>The same with infinity between networks of equal marks, where both populations are the same networks row by row.</summary>
    public PairDistances Without(int[] marks)
    {
        double[] distances = [.. _distances];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                if (marks[i] == marks[j]) distances[i * Columns + j] = double.PositiveInfinity;
            }
        }

        return new PairDistances(distances, Rows, Columns);
    }

    /// <summary>Distances between all rows of two populations of one width.</summary>
    public static PairDistances Between(Population a, Population b)
    {
        Measures.Rows.RequireComparable(a, b);
        bool symmetric = ReferenceEquals(a.Weights, b.Weights);
        var distances = new double[checked(a.Count * b.Count)];
        Parallel.For(0, (a.Count + Tile - 1) / Tile, tile =>
        {
            // A tile of rows stays in the cache while all others pass by.
            int end = Math.Min(a.Count, (tile + 1) * Tile);
            for (int j = symmetric ? tile * Tile : 0; j < b.Count; j++)
            {
                ReadOnlySpan<float> other = b.Row(j);
                for (int i = tile * Tile; i < end; i++) distances[i * b.Count + j] = Math.Sqrt(DirectDistance.Squared(a.Row(i), other));
            }
        });
        if (symmetric)
        {
            for (int i = 0; i < a.Count; i++)
            {
                for (int j = 0; j < i / Tile * Tile; j++) distances[i * b.Count + j] = distances[j * b.Count + i];
            }
        }

        return new PairDistances(distances, a.Count, b.Count);
    }

    private static double Least(ReadOnlySpan<double> values)
    {
        double least = double.PositiveInfinity;
        foreach (double value in values) least = Math.Min(least, value);
        return least;
    }
}
