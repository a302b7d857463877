using WeightMem.Engine.Tensors;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// The nearest reference rows of each query row, nearest first. Equal distances are ordered by reference index. Where fewer than
/// <see cref="PerQuery"/> references may be compared, the rest have index -1 and infinite distance.
/// </summary>
public sealed class Neighbours
{
    internal Neighbours(int count, int perQuery, string path)
    {
        Count = count;
        PerQuery = perQuery;
        Path = path;
        Distances = new double[checked(count * perQuery)];
        Indices = new int[count * perQuery];
        Distances.AsSpan().Fill(double.PositiveInfinity);
        Indices.AsSpan().Fill(-1);
    }

    /// <summary>From the squared distances and indices of a device, <c>[queries, k]</c>.</summary>
    internal Neighbours(Tensor squared, Tensor index, string path)
        : this(squared.Shape[0], squared.Shape[1], path)
    {
        squared.Read<double>(Distances);
        index.Read<int>(Indices);
        foreach (ref double distance in Distances.AsSpan()) distance = Math.Sqrt(distance);
    }

    /// <summary>Number of queries.</summary>
    public int Count { get; }

    /// <summary>Neighbours kept for each query (k).</summary>
    public int PerQuery { get; }

    /// <summary>
    /// How the numbers were made: <c>direct-fp64</c>, <c>gram-f32+direct-fp64</c> when single-precision products ranked the pairs, or
    /// <c>direct-f32+direct-fp64</c> when single-precision differences did. Every reported distance is a direct difference accumulated in double precision either way.
    /// </summary>
    public string Path { get; }

    /// <summary>Distances (roots, in the units of the weights), <c>[count, perQuery]</c>.</summary>
    public double[] Distances { get; }

    /// <summary>Reference rows, <c>[count, perQuery]</c>.</summary>
    public int[] Indices { get; }

    /// <summary>Distance from one query to its neighbour of one rank (0 is the nearest).</summary>
    public double Distance(int query, int rank = 0) => Distances[query * PerQuery + rank];

    /// <summary>Reference row of one query's neighbour of one rank.</summary>
    public int Index(int query, int rank = 0) => Indices[query * PerQuery + rank];

    /// <summary>Distance of every query to its nearest reference, <c>[count]</c>.</summary>
    public double[] Nearest()
    {
        var nearest = new double[Count];
        for (int i = 0; i < Count; i++) nearest[i] = Distances[i * PerQuery];
        return nearest;
    }

    /// <summary>The nearest of these and of others with higher indices.</summary>
    internal Neighbours Nearer(Neighbours other)
    {
        var merged = new Neighbours(Count, PerQuery, Path == other.Path ? Path : $"{Path}, {other.Path}");
        for (int q = 0; q < Count; q++)
        {
            int mine = 0, theirs = 0;
            for (int rank = 0; rank < PerQuery; rank++)
            {
                bool own = Distance(q, mine) <= other.Distance(q, theirs);
                (merged.Distances[q * PerQuery + rank], merged.Indices[q * PerQuery + rank]) = own ? (Distance(q, mine), Index(q, mine)) : (other.Distance(q, theirs), other.Index(q, theirs));
                if (own) mine++;
                else theirs++;
            }
        }

        return merged;
    }
}
