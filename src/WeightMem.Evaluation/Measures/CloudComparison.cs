namespace WeightMem.Evaluation.Measures;

/// <summary>
/// What a matrix of distances between shapes and references says (HyperDiffusion specification, section 4.3). Rows are shapes, columns references; an empty shape's
/// row is infinite.
/// </summary>
public static class CloudComparison
{
    /// <summary>The least distance of every shape to a reference other than its own; infinite for an empty shape.</summary>
    /// <param name="distances"><c>[shapes, references]</c></param>
    /// <param name="references">Number of references.</param>
    /// <param name="own">The reference that is the shape itself, by shape, or -1; null where no shape is a reference.</param>
    public static double[] MinimumToReferences(ReadOnlySpan<double> distances, int references, int[]? own = null)
    {
        var least = new double[distances.Length / Math.Max(1, references)];
        for (int i = 0; i < least.Length; i++) least[i] = Nearest(distances.Slice(i * references, references), own?[i] ?? -1).Distance;
        return least;
    }

    /// <summary>
    /// For every reference the least distance of a shape: their mean is the minimum matching distance. Compare populations of one size, since more shapes come nearer.
    /// </summary>
    /// <param name="distances"><c>[shapes, references]</c></param>
    /// <param name="references">Number of references.</param>
    /// <param name="own">As above: a shape does not match itself.</param>
    public static double[] Matching(ReadOnlySpan<double> distances, int references, int[]? own = null)
    {
        var least = new double[references];
        least.AsSpan().Fill(double.PositiveInfinity);
        for (int i = 0; i < distances.Length; i++)
        {
            if (own is null || own[i / references] != i % references) least[i % references] = Math.Min(least[i % references], distances[i]);
        }

        return least;
    }

    /// <summary>1 for every reference that is the nearest one of some shape, else 0: their mean is the coverage. Empty shapes cover nothing.</summary>
    public static double[] Covered(ReadOnlySpan<double> distances, int references, int[]? own = null)
    {
        var covered = new double[references];
        for (int i = 0; i < distances.Length / references; i++)
        {
            (int index, double distance) = Nearest(distances.Slice(i * references, references), own?[i] ?? -1);
            if (double.IsFinite(distance)) covered[index] = 1;
        }

        return covered;
    }

    /// <summary>
    /// For every shape and then every reference whether its nearest neighbour among all others is of its own kind: 1, or else 0; their mean is the 1-nearest-neighbour
    /// accuracy, one half where the two cannot be told apart.
    /// </summary>
    /// <param name="shapes">Distances between shapes <c>[shapes, shapes]</c>.</param>
    /// <param name="across">Distances from shapes to references <c>[shapes, references]</c>.</param>
    /// <param name="references">Distances between references <c>[references, references]</c>.</param>
    public static double[] OwnKindNearest(ReadOnlySpan<double> shapes, ReadOnlySpan<double> across, ReadOnlySpan<double> references)
    {
        int n = (int)Math.Round(Math.Sqrt(shapes.Length)), m = (int)Math.Round(Math.Sqrt(references.Length));
        if (n * n != shapes.Length || m * m != references.Length || n * m != across.Length)
            throw new ArgumentException($"{shapes.Length}, {across.Length} and {references.Length} distances are not of two populations");
        var right = new double[n + m];
        for (int i = 0; i < n; i++)
        {
            double own = Nearest(shapes.Slice(i * n, n), i).Distance, other = Nearest(across.Slice(i * m, m), -1).Distance;
            right[i] = own < other ? 1 : 0;
        }

        for (int j = 0; j < m; j++)
        {
            double own = Nearest(references.Slice(j * m, m), j).Distance, other = double.PositiveInfinity;
            for (int i = 0; i < n; i++) other = Math.Min(other, across[i * m + j]);
            right[n + j] = own < other ? 1 : 0;
        }

        return right;
    }

    private static (int Index, double Distance) Nearest(ReadOnlySpan<double> row, int without)
    {
        (int index, double least) = (-1, double.PositiveInfinity);
        for (int j = 0; j < row.Length; j++)
        {
            if (j != without && row[j] < least) (index, least) = (j, row[j]);
        }

        return (index, least);
    }
}
