using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Statistics;

/// <summary>Cells around means (Lloyd), started by distance-weighted draws (Arthur and Vassilvitskii 2007): the cells of C_T.</summary>
internal static class KMeans
{
    private const int MostRounds = 50;

    /// <summary>Centres of cells in the rows of a population, <c>[cells, parameters]</c>.</summary>
    public static double[] Centres(Population rows, int cells, RandomStream stream)
    {
        int width = rows.Parameters;
        double[] centres = new double[cells * width], nearest = new double[rows.Count];
        nearest.AsSpan().Fill(double.PositiveInfinity);
        for (int c = 0; c < cells; c++)
        {
            int chosen = c == 0 ? stream.Integer(0, rows.Count) : Draw(nearest, stream.Double(c));
            for (int p = 0; p < width; p++) centres[c * width + p] = rows.Row(chosen)[p];
            for (int i = 0; i < rows.Count; i++) nearest[i] = Math.Min(nearest[i], Squared(rows.Row(i), centres.AsSpan(c * width, width)));
        }

        int[] before = [];
        for (int round = 0; round < MostRounds; round++)
        {
            int[] cell = Assign(rows, centres);
            if (cell.AsSpan().SequenceEqual(before)) break;
            before = cell;
            var counts = new int[cells];
            var sums = new double[cells * width];
            for (int i = 0; i < rows.Count; i++)
            {
                counts[cell[i]]++;
                Span<double> sum = sums.AsSpan(cell[i] * width, width);
                ReadOnlySpan<float> row = rows.Row(i);
                for (int p = 0; p < width; p++) sum[p] += row[p];
            }

            for (int c = 0; c < cells; c++)
            {
                for (int p = 0; p < width && counts[c] > 0; p++) centres[c * width + p] = sums[c * width + p] / counts[c];
            }
        }

        return centres;
    }

    /// <summary>The cell of every row; the first of equally near ones.</summary>
    public static int[] Assign(Population rows, double[] centres)
    {
        int width = rows.Parameters, cells = centres.Length / width;
        var assigned = new int[rows.Count];
        Parallel.For(0, rows.Count, i =>
        {
            double best = double.PositiveInfinity;
            for (int c = 0; c < cells; c++)
            {
                double distance = Squared(rows.Row(i), centres.AsSpan(c * width, width));
                if (distance < best) (best, assigned[i]) = (distance, c);
            }
        });
        return assigned;
    }

    private static int Draw(double[] weights, double share)
    {
        double left = share * weights.Sum();
        for (int i = 0; i < weights.Length; i++)
        {
            left -= weights[i];
            if (left < 0) return i;
        }

        return weights.Length - 1;
    }

    private static double Squared(ReadOnlySpan<float> row, ReadOnlySpan<double> centre)
    {
        double sum = 0;
        for (int p = 0; p < row.Length; p++) sum += (row[p] - centre[p]) * (row[p] - centre[p]);
        return sum;
    }
}
