using WeightMem.Engine.Random;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>
/// What the generator sees of a population: rows as they are learnt, (w - mean) * factor, each network once as it is and once under each added permutation.
/// </summary>
public sealed class HyperDiffusionData
{
    private HyperDiffusionData(float[] rows, int count, WeightScaling scaling) => (Rows, Count, Scaling) = (rows, count, scaling);

    /// <summary>Scaled rows <c>[count, parameters]</c>.</summary>
    public float[] Rows { get; }

    /// <summary>Number of rows: networks times one more than the permutations.</summary>
    public int Count { get; }

    /// <summary>From weights to rows and back.</summary>
    public WeightScaling Scaling { get; }

    /// <summary>Prepares a population.</summary>
    /// <exception cref="ArgumentException">There are no networks, or too many for one array.</exception>
    public static HyperDiffusionData Of(Population training, ITarget target, HyperDiffusionSettings settings)
    {
        if (training.Count == 0) throw new ArgumentException("there are no networks to learn from");
        int copies = 1 + settings.Permutations, count = checked(training.Count * copies), width = training.Parameters;
        if ((long)count * width > Array.MaxLength) throw new ArgumentException($"{count} rows of {width} weights are more than one array holds");
        WeightScaling scaling = WeightScaling.Fit(training, settings.NormalizationFactor, settings.CenterWeights);
        var rows = new float[count * width];
        var permuted = new float[width];
        for (int copy = 0; copy < copies; copy++)
        {
            int[]? shared = copy > 0 && settings.PermutationMode == PermutationMode.Shared ? Index(target, settings.Seed, copy, -1) : null;
            for (int i = 0; i < training.Count; i++)
            {
                ReadOnlySpan<float> row = training.Row(i);
                if (copy > 0)
                {
                    int[] index = shared ?? Index(target, settings.Seed, copy, i);
                    for (int p = 0; p < width; p++) permuted[p] = row[index[p]];
                    row = permuted;
                }

                scaling.Scale(row, rows.AsSpan((copy * training.Count + i) * width, width));
            }
        }

        return new HyperDiffusionData(rows, count, scaling);
    }

    /// <summary>The networks and their copies under the added permutations, in weight units; a copy has the run of its network.</summary>
    public static Population Augmented(Population training, ITarget target, HyperDiffusionSettings settings)
    {
        HyperDiffusionData data = Of(training, target, settings with { NormalizationFactor = 1, CenterWeights = false });
        return new Population(training.Target, training.Layout, data.Rows, [.. Enumerable.Range(0, data.Count).Select(i => training.Run[i % training.Count])]);
    }

    /// <summary>The gather index of added permutation number <paramref name="copy"/>, of all networks (-1) or of one.</summary>
    internal static int[] Index(ITarget target, long seed, int copy, int network)
    {
        RandomStream stream = new RandomStream(seed, "hyperdiffusion permutations").Sub("copy", copy).Sub("network", network);
        return target.PermutationIndex([.. target.HiddenWidths.Select((units, layer) => stream.Sub("layer", layer).Permutation(units))]);
    }
}

/// <summary>x = (w - mean) * factor. The published method has factor 1 and no mean.</summary>
/// <param name="Factor">The factor.</param>
/// <param name="Mean">The mean network, or null for none.</param>
/// <param name="Deviation">Standard deviation of the scaled weights around their mean network.</param>
public sealed record WeightScaling(double Factor, float[]? Mean, double Deviation)
{
    /// <summary>Measures a population.</summary>
    public static WeightScaling Fit(Population training, double factor, bool center)
    {
        var mean = new double[training.Parameters];
        double squares = 0;
        for (int i = 0; i < training.Count; i++)
        {
            ReadOnlySpan<float> row = training.Row(i);
            for (int p = 0; p < mean.Length; p++) mean[p] += (double)row[p] / training.Count;
        }

        for (int i = 0; i < training.Count; i++)
        {
            ReadOnlySpan<float> row = training.Row(i);
            for (int p = 0; p < mean.Length; p++) squares += (row[p] - mean[p]) * (row[p] - mean[p]);
        }

        double deviation = Math.Sqrt(squares / ((double)training.Count * training.Parameters)) * factor;
        return new WeightScaling(factor, center ? Array.ConvertAll(mean, m => (float)m) : null, deviation);
    }

    /// <summary>From weights to what is learnt.</summary>
    public void Scale(ReadOnlySpan<float> weights, Span<float> scaled)
    {
        for (int p = 0; p < weights.Length; p++) scaled[p] = (float)(((double)weights[p] - (Mean?[p] ?? 0)) * Factor);
    }

    /// <summary>And back.</summary>
    public void Unscale(ReadOnlySpan<float> scaled, Span<float> weights)
    {
        for (int p = 0; p < weights.Length; p++) weights[p] = (float)(scaled[p] / Factor + (Mean?[p] ?? 0));
    }
}
