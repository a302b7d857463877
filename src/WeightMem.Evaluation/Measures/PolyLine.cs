using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Where networks lie beside a single training trajectory: the line through its checkpoints in the order of their steps (evaluation specification, 9.5).</summary>
public static class PolyLine
{
    /// <summary>Distance of each network to the line, and the step there.</summary>
    /// <param name="queries">Networks.</param>
    /// <param name="trajectory">Checkpoints of one run, in any order; at least two.</param>
    /// <exception cref="ArgumentException">There are fewer than two checkpoints, or the widths differ.</exception>
    public static (double[] Distances, double[] Steps) Nearest(Population queries, Population trajectory)
    {
        if (trajectory.Count < 2) throw new ArgumentException("a line takes at least two checkpoints");
        Rows.RequireComparable(queries, trajectory);
        int[] order = [.. Enumerable.Range(0, trajectory.Count).OrderBy(i => trajectory.Step[i])];
        double[] distances = new double[queries.Count], steps = new double[queries.Count];
        Parallel.For(0, queries.Count, i =>
        {
            ReadOnlySpan<float> query = queries.Row(i);
            double best = double.PositiveInfinity;
            for (int k = 0; k + 1 < order.Length; k++)
            {
                ReadOnlySpan<float> from = trajectory.Row(order[k]), to = trajectory.Row(order[k + 1]);
                double along = 0, length = 0, squared = 0;
                for (int p = 0; p < query.Length; p++)
                {
                    double edge = (double)to[p] - from[p];
                    along += edge * ((double)query[p] - from[p]);
                    length += edge * edge;
                }

                double share = length > 0 ? Math.Clamp(along / length, 0, 1) : 0;
                for (int p = 0; p < query.Length; p++)
                {
                    double difference = query[p] - (from[p] + share * ((double)to[p] - from[p]));
                    squared += difference * difference;
                }

                if (squared >= best) continue;
                best = squared;
                steps[i] = trajectory.Step[order[k]] + share * (trajectory.Step[order[k + 1]] - trajectory.Step[order[k]]);
            }

            distances[i] = Math.Sqrt(best);
        });
        return (distances, steps);
    }
}
