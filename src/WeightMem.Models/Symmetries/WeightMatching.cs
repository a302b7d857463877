using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;

namespace WeightMem.Models.Symmetries;

/// <summary>
/// Orders of hidden units that bring one network near to another: weight matching of Git Re-Basin (Ainsworth et al. 2023). Layer by layer, in random order, the best order
/// of a layer's units with all other layers held is found by exact assignment, until no layer gains; from the order as it is and from random ones. Exact for one hidden layer; for
/// more a good order, not surely the best.
/// </summary>
public sealed class WeightMatching
{
    /// <summary>Starts by default: the order as it is, that of like values, and random ones.</summary>
    public const int DefaultStarts = 5;

    private const int MostSweeps = 50;

    private readonly PermutationStructure _structure;
    private readonly RandomStream _stream;
    private readonly int _starts;

    /// <summary>Matching of networks of one structure.</summary>
    /// <param name="structure">Which parameters move together.</param>
    /// <param name="seed">Seed of the orders of layers and of the random starts.</param>
    /// <param name="starts">How many starts, from 1.</param>
    public WeightMatching(PermutationStructure structure, long seed = 0, int starts = DefaultStarts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(starts, 1);
        (_structure, _stream) = (structure, new RandomStream(seed, "weight matching"));
        _starts = structure.Layers.Count(l => l.Units > 1) > 1 ? starts : 1; // one layer's assignment is exact from anywhere
    }

    /// <summary>Multiply-adds of one sweep over all layers, about.</summary>
    public double SweepCost => _structure.Layers.Sum(l => (double)l.Units * l.Units * (l.Incoming.Length + l.Units));

    /// <summary>The orders of <paramref name="other"/>'s units, layer by layer, that bring it nearest to <paramref name="network"/>, and the squared distance then.</summary>
    public (double Squared, int[][] Orders) Match(ReadOnlySpan<float> network, ReadOnlySpan<float> other)
    {
        float[] fixedRow = network.ToArray(), moving = other.ToArray();
        double best = double.PositiveInfinity;
        int[][] orders = [];
        for (int start = 0; start < _starts; start++)
        {
            RandomStream own = _stream.At(start);
            int[][] current = [.. _structure.Layers.Select((l, i) => start switch
            {
                0 => [.. Enumerable.Range(0, l.Units)],
                1 => Alike(l, fixedRow, moving),
                _ => own.Sub("start", i).Permutation(l.Units),
            })];
            float[] row = start == 0 ? moving : _structure.Permuted(moving, current);
            double squared = Improve(fixedRow, ref row, current, own);
            if (squared < best) (best, orders) = (squared, current);
        }

        return (best, orders);
    }

    private double Improve(float[] network, ref float[] row, int[][] orders, RandomStream stream)
    {
        double squared = DirectDistance.Squared(network, row);
        int layers = _structure.Layers.Count;
        for (int sweep = 0; sweep < MostSweeps; sweep++)
        {
            bool gained = false;
            foreach (int layer in stream.Sub("sweep", sweep).Permutation(layers))
            {
                if (_structure.Layers[layer].Units < 2) continue;
                int[] order = Assign(_structure.Layers[layer], network, row);
                if (order.AsSpan().SequenceEqual(Enumerable.Range(0, order.Length).ToArray())) continue;
                float[] moved = PermutationStructure.Reordered(row, _structure.Layers[layer], order);
                double now = DirectDistance.Squared(network, moved);
                if (now >= squared * (1 - 1e-12)) continue;
                (squared, row, gained) = (now, moved, true);
                orders[layer] = [.. order.Select(unit => orders[layer][unit])];
            }

            if (!gained) break;
        }

        return squared;
    }

    /// <summary>Pairs units by their sorted values, which no order of the layers around them changes.</summary>
    private static int[] Alike(PermutableLayer layer, float[] network, float[] row)
    {
        int slots = layer.Incoming.Length;
        float[] mine = Gather(layer, network), theirs = Gather(layer, row);
        for (int unit = 0; unit < layer.Units && slots > 0; unit++)
        {
            Array.Sort(mine, unit * slots, slots);
            Array.Sort(theirs, unit * slots, slots);
        }

        return Assign(layer.Units, slots, mine, theirs);
    }

    private static int[] Assign(PermutableLayer layer, float[] network, float[] row) => Assign(layer.Units, layer.Incoming.Length, Gather(layer, network), Gather(layer, row));

    /// <summary>The order of the second side's units that has the largest inner product with the first side.</summary>
    private static int[] Assign(int units, int slots, float[] mine, float[] theirs)
    {
        var costs = new double[units * units];
        for (int i = 0; i < units; i++)
        {
            for (int j = 0; j < units; j++) costs[i * units + j] = -DirectDistance.Inner(mine.AsSpan(i * slots, slots), theirs.AsSpan(j * slots, slots));
        }

        var order = new int[units];
        Assignment.Solve(costs, order);
        return order;
    }

    private static float[] Gather(PermutableLayer layer, float[] row)
    {
        int slots = layer.Incoming.Length;
        var values = new float[layer.Units * slots];
        for (int unit = 0; unit < layer.Units; unit++)
        {
            int[] from = layer.Slots[unit];
            for (int s = 0; s < slots; s++) values[unit * slots + s] = row[from[s]];
        }

        return values;
    }
}
