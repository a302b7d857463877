using WeightMem.Engine.Devices.Pairs;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// References that may still be among the k nearest of one query, found from approximate squared distances with a known error.
/// Keeps everything whose lower bound does not exceed the k-th smallest upper bound, so the true k nearest are always kept.
/// </summary>
internal sealed class RankedCandidates(int k)
{
    private readonly double[] _upper = new double[k];
    private readonly int[] _upperIndex = new int[k];
    private readonly List<(double Lower, int Index)> _kept = [];
    private int _nextPrune;

    /// <summary>The k-th smallest upper bound so far: a lower bound above it cannot be among the k nearest.</summary>
    public double Limit => _upper[^1];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        new NearestList(_upper, _upperIndex).Clear();
        _kept.Clear();
        _nextPrune = 64 + 4 * k;
    }

    /// <summary>Adds a reference whose squared distance is <paramref name="approximate"/>, give or take <paramref name="error"/>.</summary>
    public void Add(double approximate, double error, int index)
    {
        double lower = approximate - error;
        if (lower > Limit) return;
        new NearestList(_upper, _upperIndex).Add(approximate + error, index);
        _kept.Add((lower, index));
        if (_kept.Count < _nextPrune) return;
        Prune();
        _nextPrune = Math.Max(64 + 4 * k, 2 * _kept.Count);
    }

    /// <summary>What is left, in increasing lower bound.</summary>
    public List<(double Lower, int Index)> Ordered()
    {
        Prune();
        _kept.Sort();
        return _kept;
    }

    private void Prune()
    {
        double limit = Limit; // captured here, and not in Add, where every call would leave an object behind
        _kept.RemoveAll(c => c.Lower > limit);
    }
}
