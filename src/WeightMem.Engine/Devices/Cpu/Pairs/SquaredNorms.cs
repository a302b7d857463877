namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>Squared norms of the rows of a matrix, in double precision.</summary>
internal static unsafe class SquaredNorms
{
    private const int RowsPerPart = 16;

    /// <summary>The squared norm of every row.</summary>
    public static double[] Of(WorkerPool workers, float* rows, int count, int columns)
    {
        var norms = new double[count];
        var job = new Job(norms, rows, columns);
        workers.Run((count + RowsPerPart - 1) / RowsPerPart, ref job);
        return norms;
    }

    /// <summary>Whether products of the rows stay far from the largest single-precision number.</summary>
    public static bool FitSingle(double[] squaredNorms)
    {
        double largest = 0;
        foreach (double norm in squaredNorms) largest = Math.Max(largest, norm);
        return largest < 1e36;
    }

    private readonly struct Job(double[] norms, float* rows, int columns) : IParallelJob
    {
        public void Run(int part)
        {
            int end = Math.Min(norms.Length, (part + 1) * RowsPerPart);
            for (int i = part * RowsPerPart; i < end; i++) norms[i] = DirectDistance.SquaredNorm(new ReadOnlySpan<float>(rows + (long)i * columns, columns));
        }
    }
}
