using TorchSharp;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Benchmarks;

/// <summary>Networks and error masks to compare in pairs, and how the public code of the paper does it, on libtorch.</summary>
internal static class PairProblem
{
    /// <summary>Nearest distances as the published code has them: cdist in float32, by its matrix-product path, then the row minimum.</summary>
    public static double[] Distances(Population queries, Population references)
    {
        using torch.Tensor a = torch.tensor(queries.Weights, [queries.Count, queries.Parameters]), b = torch.tensor(references.Weights, [references.Count, references.Parameters]);
        using torch.Tensor all = torch.cdist(a, b);
        (torch.Tensor least, torch.Tensor index) = all.min(1);
        using (index)
        using (least) return Array.ConvertAll(least.data<float>().ToArray(), v => (double)v);
    }

    /// <summary>Largest similarities by and, or and sums of boolean tensors, a query at a time.</summary>
    public static double[] Similarities(ErrorMasks queries, ErrorMasks references)
    {
        using torch.Tensor a = Booleans(queries), b = Booleans(references);
        var best = new double[queries.Count];
        for (int i = 0; i < best.Length; i++)
        {
            using var all = torch.NewDisposeScope(); // 100 MB a step, which the collector would not see
            torch.Tensor row = a[i].unsqueeze(0), common = row.logical_and(b).sum(1).to_type(torch.ScalarType.Float64), either = row.logical_or(b).sum(1).to_type(torch.ScalarType.Float64) + 1e-8;
            best[i] = (common / either).max().item<double>();
        }

        return best;
    }

    private static torch.Tensor Booleans(ErrorMasks masks)
    {
        var values = new bool[(long)masks.Count * masks.Images];
        for (int i = 0; i < masks.Count; i++)
        {
            ReadOnlySpan<ulong> row = masks.Row(i);
            for (int k = 0; k < masks.Images; k++) values[(long)i * masks.Images + k] = (row[k / 64] >> (k % 64) & 1) != 0;
        }

        return torch.tensor(values, [masks.Count, masks.Images]);
    }

    /// <summary>Nearest distances over orders of hidden units: cdist of two networks' units and one assignment, a pair at a time.</summary>
    public static double[] Assignments(Population queries, Population references)
    {
        const int hidden = 10, inputs = 784, outputs = 10;
        var costs = new double[hidden * hidden];
        var order = new int[hidden];
        var best = new double[queries.Count];
        torch.Tensor[] units = [.. Enumerable.Range(0, references.Count).Select(i => Units(references.Row(i)))];
        for (int q = 0; q < best.Length; q++)
        {
            best[q] = double.PositiveInfinity;
            using torch.Tensor own = Units(queries.Row(q));
            for (int r = 0; r < references.Count; r++)
            {
                using torch.Tensor distance = torch.cdist(own, units[r]), squared = distance * distance;
                ReadOnlySpan<float> values = squared.data<float>().ToArray();
                for (int i = 0; i < costs.Length; i++) costs[i] = values[i];
                double total = Assignment.Solve(costs, order);
                ReadOnlySpan<float> mine = queries.Row(q)[^outputs..], theirs = references.Row(r)[^outputs..];
                for (int o = 0; o < outputs; o++) total += (mine[o] - theirs[o]) * (mine[o] - theirs[o]);
                best[q] = Math.Min(best[q], Math.Sqrt(total));
            }
        }

        foreach (torch.Tensor tensor in units) tensor.Dispose();
        return best;

        static torch.Tensor Units(ReadOnlySpan<float> row)
        {
            var values = new float[hidden * (inputs + 1 + outputs)];
            for (int h = 0; h < hidden; h++)
            {
                Span<float> unit = values.AsSpan(h * (inputs + 1 + outputs), inputs + 1 + outputs);
                row.Slice(h * inputs, inputs).CopyTo(unit);
                unit[inputs] = row[hidden * inputs + h];
                for (int o = 0; o < outputs; o++) unit[inputs + 1 + o] = row[hidden * (inputs + 1) + o * hidden + h];
            }

            return torch.tensor(values, [hidden, inputs + 1 + outputs]);
        }
    }

    /// <summary>Untrained networks.</summary>
    public static Population Networks(Mlp target, int networks, long seed)
    {
        var population = new Population(target.Name, target.Layout, new float[(long)networks * target.Parameters]);
        Parallel.For(0, networks, i => target.Initialize(population.Row(i), new RandomStream(seed, "scale").Sub("network", i)));
        return population;
    }

    /// <summary>Random masks with 8 % errors.</summary>
    public static ErrorMasks Masks(int networks, int images, long seed)
    {
        int words = ErrorMasks.WordsFor(images);
        var bits = new ulong[networks * words];
        Parallel.For(0, networks, i =>
        {
            var stream = new RandomStream(seed, "masks").At(i);
            for (int k = 0; k < images; k++)
            {
                if (stream.Double(k) < 0.08) bits[i * words + k / 64] |= 1UL << (k % 64);
            }
        });
        return new ErrorMasks(bits, networks, images);
    }
}
