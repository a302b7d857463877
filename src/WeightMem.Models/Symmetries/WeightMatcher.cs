using System.Runtime.Intrinsics;
using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;

namespace WeightMem.Models.Symmetries;

/// <summary>One network that stays as it is, and what is needed to match others with it. Serves one thread at a time.</summary>
public sealed class WeightMatcher
{
    /// <summary>A gain in inner product below this part of the networks' squared norms is rounding.</summary>
    private const double LeastGain = 1e-12;

    private readonly WeightMatching _matching;
    private readonly float[] _network, _row;
    private readonly double[][] _mine;
    private readonly double[] _theirs, _costs;
    private readonly UnitKeys _keys;
    private readonly double _squaredNorm;

    internal WeightMatcher(WeightMatching matching, float[] network)
    {
        (_matching, _network) = (matching, network);
        IReadOnlyList<PermutableLayer> layers = matching.Structure.Layers;
        _row = new float[network.Length];
        _mine = [.. layers.Select(l => new double[l.Incoming.Length * l.Units])];
        for (int layer = 0; layer < _mine.Length; layer++) Gather(layers[layer], network, layers[layer].Units, _mine[layer]);
        _theirs = new double[layers.Select(l => Math.Max(l.Incoming.Length, UnitKeys.PerUnit) * Padded(l.Units)).DefaultIfEmpty().Max()];
        _costs = new double[layers.Select(l => l.Units * l.Units).DefaultIfEmpty().Max()];
        _squaredNorm = DirectDistance.SquaredNorm(network);
        _keys = UnitKeys.Of(matching.Structure, network);
    }

    /// <summary>The orders of the other network's units, layer by layer, that bring it nearest, and the squared distance then.</summary>
    /// <param name="other">The network to re-order.</param>
    /// <param name="keys">Its <see cref="UnitKeys"/>.</param>
    public (double Squared, int[][] Orders) Match(ReadOnlySpan<float> other, UnitKeys keys) => Match(other, keys, _matching.Starts);

    /// <summary>The squared distance from the first starts alone: a fraction of the time, and near enough to tell which networks are worth a full search.</summary>
    /// <param name="other">The network to re-order.</param>
    /// <param name="keys">Its <see cref="UnitKeys"/>.</param>
    public double Estimate(ReadOnlySpan<float> other, UnitKeys keys) => Match(other, keys, Math.Min(WeightMatching.EstimateStarts, _matching.Starts)).Squared;

    private (double Squared, int[][] Orders) Match(ReadOnlySpan<float> other, UnitKeys keys, int starts)
    {
        double best = double.PositiveInfinity, least = LeastGain * (_squaredNorm + DirectDistance.SquaredNorm(other));
        int[][] orders = [];
        for (int start = 0; start < starts; start++)
        {
            RandomStream stream = _matching.Stream.At(start);
            int[][] current = Start(start, stream, keys);
            other.CopyTo(_row);
            if (start > 0)
            {
                for (int layer = 0; layer < current.Length; layer++) Reorder(_matching.Structure.Layers[layer], current[layer]);
            }

            Improve(current, least, stream);
            double squared = DirectDistance.Squared(_network, _row);
            if (squared < best) (best, orders) = (squared, current);
        }

        return (best, orders);
    }

    /// <summary>The orders that a search begins from: as it is, units of like values beside each other, then random ones.</summary>
    private int[][] Start(int start, RandomStream stream, UnitKeys keys)
    {
        IReadOnlyList<PermutableLayer> layers = _matching.Structure.Layers;
        var orders = new int[layers.Count][];
        for (int layer = 0; layer < orders.Length; layer++)
        {
            int units = layers[layer].Units;
            orders[layer] = start switch
            {
                0 => [.. Enumerable.Range(0, units)],
                1 => Alike(units, _keys.Layer(layer), keys.Layer(layer)),
                _ => stream.Sub("start", layer).Permutation(units),
            };
        }

        return orders;
    }

    /// <summary>Re-orders <see cref="_row"/> layer by layer while its inner product with the network grows; no order changes its norm.</summary>
    private void Improve(int[][] orders, double least, RandomStream stream)
    {
        IReadOnlyList<PermutableLayer> layers = _matching.Structure.Layers;
        for (int sweep = 0; sweep < WeightMatching.MostSweeps; sweep++)
        {
            bool gained = false;
            foreach (int index in stream.Sub("sweep", sweep).Permutation(layers.Count))
            {
                PermutableLayer layer = layers[index];
                if (layer.Units < 2) continue;
                Gather(layer, _row, Padded(layer.Units), _theirs);
                var order = new int[layer.Units];
                if (Assign(layer.Units, layer.Incoming.Length, _mine[index], order) <= least) continue;
                Scatter(layer, order);
                orders[index] = Array.ConvertAll(order, unit => orders[index][unit]);
                gained = true;
            }

            if (!gained) return;
        }
    }

    private int[] Alike(int units, ReadOnlySpan<double> mine, ReadOnlySpan<double> theirs)
    {
        var order = new int[units];
        int padded = Padded(units);
        for (int key = 0; key < UnitKeys.PerUnit; key++) theirs.Slice(key * units, units).CopyTo(_theirs.AsSpan(key * padded));
        Assign(units, UnitKeys.PerUnit, mine, order);
        return order;
    }

    /// <summary>The order of the gathered units that has the largest inner product with <paramref name="mine"/>, and how much larger than that of the order as it is.</summary>
    private double Assign(int units, int slots, ReadOnlySpan<double> mine, int[] order)
    {
        // Eight units of theirs beside one of mine at a time; every sum runs over the slots in order, so the bits do not depend on the vectors' width.
        int padded = Padded(units);
        double asItIs = 0;
        Span<double> lanes = stackalloc double[Vector512<double>.Count];
        for (int i = 0; i < units; i++)
        {
            for (int j = 0; j < units; j += Vector512<double>.Count)
            {
                Vector512<double> sum = default;
                for (int s = 0; s < slots; s++) sum -= Vector512.Create(mine[s * units + i]) * Vector512.LoadUnsafe(ref _theirs[s * padded + j]);
                sum.CopyTo(lanes);
                lanes[..Math.Min(lanes.Length, units - j)].CopyTo(_costs.AsSpan(i * units + j));
            }

            asItIs += _costs[i * units + i];
        }

        return asItIs - Assignment.Solve(_costs.AsSpan(0, units * units), order);
    }

    private void Reorder(PermutableLayer layer, int[] order)
    {
        Gather(layer, _row, Padded(layer.Units), _theirs);
        Scatter(layer, order);
    }

    /// <summary>The parameters of a layer's units as <c>[slots][stride]</c>, a unit a column.</summary>
    private static void Gather(PermutableLayer layer, float[] row, int stride, double[] units)
    {
        for (int unit = 0; unit < layer.Units; unit++)
        {
            int[] from = layer.Slots[unit];
            for (int s = 0; s < from.Length; s++) units[s * stride + unit] = row[from[s]];
        }
    }

    private void Scatter(PermutableLayer layer, int[] order)
    {
        int padded = Padded(layer.Units);
        for (int unit = 0; unit < layer.Units; unit++)
        {
            int[] to = layer.Slots[unit];
            for (int s = 0, from = order[unit]; s < to.Length; s++) _row[to[s]] = (float)_theirs[s * padded + from];
        }
    }

    private static int Padded(int units) => (units + Vector512<double>.Count - 1) & -Vector512<double>.Count;
}
