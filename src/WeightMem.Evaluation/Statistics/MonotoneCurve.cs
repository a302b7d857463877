namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// The non-increasing curve that fits points best in squares (pool adjacent violators), straight between its points and level beyond them:
/// what a score is expected to be at a given novelty.
/// </summary>
public sealed class MonotoneCurve
{
    private readonly double[] _x, _y;

    private MonotoneCurve(double[] x, double[] y) => (_x, _y) = (x, y);

    /// <summary>The least and the largest place that the curve knows.</summary>
    public (double Low, double High) Range => (_x[0], _x[^1]);

    /// <summary>Places and fitted values, in increasing place.</summary>
    public IEnumerable<(double X, double Y)> Points => _x.Zip(_y);

    /// <summary>Fits the curve.</summary>
    /// <param name="x">Places, in any order.</param>
    /// <param name="y">Values there.</param>
    /// <exception cref="ArgumentException">No points, unequal lengths, or a number that is not finite.</exception>
    public static MonotoneCurve Fit(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length == 0 || x.Length != y.Length) throw new ArgumentException($"{x.Length} places and {y.Length} values make no curve");
        double[] places = x.ToArray(), values = y.ToArray();
        Array.Sort(places, values);
        if (!double.IsFinite(places[0]) || !double.IsFinite(places[^1]) || values.Any(v => !double.IsFinite(v)))
            throw new ArgumentException("a curve goes through finite numbers");
        var blocks = new List<(double Sum, int Count)>();
        foreach (double value in values)
        {
            blocks.Add((value, 1));
            while (blocks.Count > 1 && blocks[^1].Sum / blocks[^1].Count > blocks[^2].Sum / blocks[^2].Count)
            {
                blocks[^2] = (blocks[^2].Sum + blocks[^1].Sum, blocks[^2].Count + blocks[^1].Count);
                blocks.RemoveAt(blocks.Count - 1);
            }
        }

        int at = 0;
        foreach ((double sum, int count) in blocks)
        {
            for (int i = 0; i < count; i++) values[at++] = sum / count;
        }

        return new MonotoneCurve(places, values);
    }

    /// <summary>The curve at a place.</summary>
    public double At(double place)
    {
        if (place <= _x[0]) return _y[0];
        if (place >= _x[^1]) return _y[^1];
        int right = Array.BinarySearch(_x, place);
        if (right >= 0) return _y[right];
        right = ~right;
        double share = (place - _x[right - 1]) / (_x[right] - _x[right - 1]);
        return _y[right - 1] + share * (_y[right] - _y[right - 1]);
    }
}
