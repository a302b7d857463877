using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Checks at the door of every measure that reads weights.</summary>
internal static class Rows
{
    /// <summary>Checks that rows of two populations can be compared.</summary>
    /// <exception cref="ArgumentException">The widths or the targets differ.</exception>
    public static void RequireComparable(Population queries, Population references)
    {
        if (queries.Parameters != references.Parameters)
        {
            throw new ArgumentException(
                $"networks of {queries.Target} have {queries.Parameters} parameters and those of {references.Target} have {references.Parameters}");
        }
    }

    /// <summary>Squared norms of all rows of a matrix.</summary>
    /// <param name="values">Row-major values, whole rows.</param>
    /// <param name="columns">Length of a row.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="rowsPerNetwork">Rows that make one network, for the message.</param>
    /// <exception cref="ArgumentException">A row has a value that is not finite.</exception>
    public static double[] SquaredNorms(float[] values, int columns, int threads, int rowsPerNetwork = 1)
    {
        var norms = new double[values.Length / columns];
        Parallel.For(0, norms.Length, Threads(threads), i => norms[i] = DirectDistance.SquaredNorm(values.AsSpan(i * columns, columns)));
        for (int i = 0; i < norms.Length; i++)
        {
            if (!double.IsFinite(norms[i])) throw new ArgumentException($"network {i / rowsPerNetwork} has a weight that is not a finite number");
        }

        return norms;
    }

    /// <summary>Options for so many threads; 0 is as many as there are cores.</summary>
    public static ParallelOptions Threads(int threads) =>
        new() { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };

    /// <summary>Queries in one block of work: few enough that all threads have several, a multiple of 4, at most <paramref name="most"/>.</summary>
    public static int BlockSize(int queries, int threads, int most)
    {
        int workers = Threads(threads).MaxDegreeOfParallelism;
        int even = (queries + 4 * workers - 1) / (4 * workers);
        return Math.Clamp((even + 3) / 4 * 4, 4, most);
    }
}
