using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>Judges weight rows on images: error bits U64 <c>[rows, words]</c> and mean losses <c>[rows]</c>.</summary>
internal delegate void PopulationKernel(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels);

/// <summary>Judging a population of any target: accuracy, loss and error masks of all rows in as few passes as memory allows.</summary>
internal static class PopulationEvaluation
{
    /// <summary>Weights on the device at a time, in floats: 256 MiB, beyond which a larger pass is not faster.</summary>
    private const long PassFloats = 1L << 26;

    /// <summary>Rows of so many parameters that go in one pass.</summary>
    public static int RowsPerPass(int parameters) => (int)Math.Clamp(PassFloats / parameters, 1, int.MaxValue);

    /// <summary>Measures every row and stores the results in the population.</summary>
    public static void Evaluate(Device device, Population population, ImageSet images, PopulationKernel kernel, int rowsPerPass)
    {
        int count = population.Count, parameters = population.Parameters, words = ErrorMasks.WordsFor(images.Count);
        var losses = new float[count];
        var wrong = new ulong[(long)count * words];
        using Scope scope = device.Scope();
        Tensor pixels = device.From(images.Pixels, (images.Count, images.Features)), labels = device.From(images.Labels, images.Count);
        for (int start = 0; start < count; start += rowsPerPass)
        {
            using Scope pass = device.Scope();
            int rows = Math.Min(rowsPerPass, count - start);
            Tensor weights = device.From(population.Weights.AsSpan(start * parameters, rows * parameters), (rows, parameters));
            Tensor errors = device.Empty((rows, words), DType.U64), loss = device.Empty(rows);
            kernel(errors, loss, weights, pixels, labels);
            errors.Read(wrong.AsSpan(start * words, rows * words));
            device.ReadFloats(loss, losses.AsSpan(start, rows));
        }

        Store(population, new ErrorMasks(wrong, count, images.Count));
        population.Loss = losses;
    }

    /// <summary>Stores score and error masks of the classes that networks gave to images, <c>[networks][images]</c>; losses of before are dropped.</summary>
    public static void Store(Population population, ImageSet images, int[][] predicted)
    {
        int words = ErrorMasks.WordsFor(images.Count);
        var wrong = new ulong[(long)population.Count * words];
        for (int network = 0; network < population.Count; network++)
        {
            for (int i = 0; i < images.Count; i++)
            {
                if (predicted[network][i] != images.Labels[i]) wrong[(long)network * words + i / 64] |= 1UL << (i % 64);
            }
        }

        Store(population, new ErrorMasks(wrong, population.Count, images.Count));
        population.Loss = null;
    }

    /// <summary>The networks without their last layers, as networks of a target whose rows are the beginnings of theirs.</summary>
    public static Population Beginnings(Population population, ITarget target)
    {
        int width = (int)target.Layout.Count;
        var rows = new float[(long)population.Count * width];
        for (int i = 0; i < population.Count; i++) population.Row(i)[..width].CopyTo(rows.AsSpan(i * width));
        return new Population(target.Name, target.Layout, rows);
    }

    private static void Store(Population population, ErrorMasks masks)
    {
        population.Wrong = masks;
        population.Score = [.. Enumerable.Range(0, population.Count).Select(i => (float)masks.Accuracy(i))];
    }

    /// <summary>Refuses a population of another width, or one with NaN or infinite weights.</summary>
    /// <exception cref="ArgumentException">The message names the rows.</exception>
    public static void CheckRows(ITarget target, Population population)
    {
        if (population.Parameters != target.Layout.Count)
        {
            throw new ArgumentException(
                $"{target.Name} has {target.Layout.Count} parameters, and a row of this population ({population.Target}) has {population.Parameters}");
        }

        const int Named = 10;
        int[] bad = FiniteRows.Bad(population.Weights, population.Parameters);
        if (bad.Length == 0) return;
        string rows = string.Join(", ", bad.Take(Named)) + (bad.Length > Named ? ", ..." : "");
        (string noun, string verb) = bad.Length == 1 ? ("row", "has") : ("rows", "have");
        throw new ArgumentException($"{target.Name}: {noun} {rows} ({bad.Length} of {population.Count}) {verb} NaN or infinite weights");
    }

    /// <summary>Refuses a list of permutations that does not fit the hidden layers.</summary>
    /// <exception cref="ArgumentException">A layer's permutation is missing, has another length, or is no permutation.</exception>
    public static void CheckPermutations(ITarget target, IReadOnlyList<int[]> permutations)
    {
        if (permutations.Count != target.HiddenWidths.Count)
            throw new ArgumentException($"{target.Name} has {target.HiddenWidths.Count} hidden layers, and {permutations.Count} permutations are given");
        for (int layer = 0; layer < permutations.Count; layer++)
        {
            int units = target.HiddenWidths[layer];
            var seen = new bool[units];
            bool sound = permutations[layer].Length == units;
            foreach (int unit in permutations[layer])
            {
                if (!sound) break;
                sound = (uint)unit < (uint)units && !seen[unit];
                if (sound) seen[unit] = true;
            }

            if (!sound)
            {
                throw new ArgumentException(
                    $"{target.Name}: [{string.Join(", ", permutations[layer])}] is no permutation of the {units} units of hidden layer {layer + 1}");
            }
        }
    }

    /// <summary>The first of the largest logits.</summary>
    public static int FirstMaximum(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int c = 1; c < logits.Length; c++)
        {
            if (logits[c] > logits[best]) best = c;
        }

        return best;
    }
}
