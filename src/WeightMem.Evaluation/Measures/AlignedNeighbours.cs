namespace WeightMem.Evaluation.Measures;

/// <summary>The nearest references of each query over all orders of their hidden units, with the order that is nearest.</summary>
public sealed class AlignedNeighbours
{
    internal AlignedNeighbours(Neighbours neighbours, int hidden, int[] permutations)
    {
        Neighbours = neighbours;
        Hidden = hidden;
        Permutations = permutations;
    }

    /// <summary>Distances after alignment, and reference rows.</summary>
    public Neighbours Neighbours { get; }

    /// <summary>Number of hidden units.</summary>
    public int Hidden { get; }

    /// <summary>
    /// Orders of hidden units, <c>[queries, k, hidden]</c>: entry j is the reference's unit that stands at the query's position j; -1 where
    /// there is no reference.
    /// </summary>
    public int[] Permutations { get; }

    /// <summary>The order of one query's neighbour of one rank (0 is the nearest).</summary>
    public ReadOnlySpan<int> Permutation(int query, int rank = 0) =>
        Permutations.AsSpan((query * Neighbours.PerQuery + rank) * Hidden, Hidden);
}
