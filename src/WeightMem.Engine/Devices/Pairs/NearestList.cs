namespace WeightMem.Engine.Devices.Pairs;

/// <summary>The k smallest values seen so far with their indices, in order; equal values are ordered by index.</summary>
internal readonly ref struct NearestList(Span<double> values, Span<int> indices)
{
    private readonly Span<double> _values = values;
    private readonly Span<int> _indices = indices;

    /// <summary>The k-th smallest value: what a new one must beat. Infinite until k were added.</summary>
    public double Worst => _values[^1];

    /// <summary>Makes the list empty.</summary>
    public void Clear()
    {
        _values.Fill(double.PositiveInfinity);
        _indices.Fill(-1);
    }

    /// <summary>The rank that a value would take, or -1 when it is not among the k smallest.</summary>
    public int RankOf(double value, int index)
    {
        int rank = _values.Length;
        while (rank > 0 && (value < _values[rank - 1] || (value == _values[rank - 1] && (uint)index < (uint)_indices[rank - 1]))) rank--;
        return rank == _values.Length ? -1 : rank;
    }

    /// <summary>Puts a value in its place if it belongs to the k smallest, and tells its rank, or -1.</summary>
    public int Add(double value, int index)
    {
        int rank = RankOf(value, index);
        if (rank < 0) return rank;
        for (int i = _values.Length - 1; i > rank; i--)
        {
            _values[i] = _values[i - 1];
            _indices[i] = _indices[i - 1];
        }

        _values[rank] = value;
        _indices[rank] = index;
        return rank;
    }
}
