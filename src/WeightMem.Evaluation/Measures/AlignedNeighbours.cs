namespace WeightMem.Evaluation.Measures;

/// <summary>The nearest references of each query over all orders of their hidden units, with the order that is nearest.</summary>
public sealed class AlignedNeighbours
{
    internal AlignedNeighbours(Neighbours neighbours, int hidden)
    {
        Neighbours = neighbours;
        Hidden = hidden;
        Permutations = new int[neighbours.Indices.Length * hidden];
    }

    /// <summary>Distances after alignment, and reference rows.</summary>
    public Neighbours Neighbours { get; }

    /// <summary>Number of hidden units.</summary>
    public int Hidden { get; }

    /// <summary>
    /// Orders of hidden units, <c>[queries, k, hidden]</c>: entry j is the reference's unit that stands at the query's position j.
    /// </summary>
    public int[] Permutations { get; }

    /// <summary>How many pairs the lower bound left to be solved.</summary>
    public long Solved { get; internal set; }

    /// <summary>The order of one query's neighbour of one rank (0 is the nearest).</summary>
    public ReadOnlySpan<int> Permutation(int query, int rank = 0) =>
        Permutations.AsSpan((query * Neighbours.PerQuery + rank) * Hidden, Hidden);
}
