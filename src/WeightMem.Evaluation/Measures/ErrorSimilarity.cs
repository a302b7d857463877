using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>Which definition of error similarity is computed.</summary>
public enum SimilarityRule
{
    /// <summary>|A and B| / |A or B|; two networks without errors are equal (1); pairs are left out by identity.</summary>
    Exact,

    /// <summary>
    /// As in the public code of the paper, for comparison only: |A and B| / (|A or B| + 1e-8), and the diagonal counts as 0 if and only
    /// if both sets of masks are equal element by element. The exclusion that is asked for is not applied.
    /// </summary>
    Reference,
}

/// <summary>The most similar reference of each query.</summary>
/// <param name="Values">Similarity, 0 to 1; NaN where no reference may be compared.</param>
/// <param name="Indices">Reference row; the lowest of those with equal similarity; -1 where there is none.</param>
/// <param name="Path">How the numbers were made: <c>packed-bits</c>, with <c>+reference-rule</c> under that rule.</param>
public sealed record Similarities(double[] Values, int[] Indices, string Path);

/// <summary>
/// M4: how much two networks err on the same test images, as the share of common errors among all errors of both (Jaccard), and
/// its largest value over the reference networks. High values mean behavioural copies. Raw similarity grows as accuracy falls, so
/// the chance level and the adjusted value belong beside it.
/// </summary>
public static class ErrorSimilarity
{
    /// <summary>The most similar reference of every query, from the populations' error masks.</summary>
    /// <param name="device">Where to compute. The result does not depend on it.</param>
    /// <param name="queries">Networks to place, with error masks.</param>
    /// <param name="references">Networks to compare with, with error masks over the same images.</param>
    /// <param name="exclusion">Pairs not to compare.</param>
    /// <param name="rule">The definition.</param>
    /// <exception cref="ArgumentException">A population has no masks, they are over other images, or the exclusion does not fit.</exception>
    public static Similarities Maximum(
        Device device, Population queries, Population references, Exclusion exclusion, SimilarityRule rule = SimilarityRule.Exact) =>
        Maximum(device, MasksOf(queries), MasksOf(references), exclusion.Resolve(queries, references), rule);

    /// <summary>The most similar reference of every query, from error masks alone; rows of one run cannot be excluded.</summary>
    /// <exception cref="ArgumentException">The masks are over other images, or the exclusion does not fit.</exception>
    public static Similarities Maximum(
        Device device, ErrorMasks queries, ErrorMasks references, Exclusion exclusion, SimilarityRule rule = SimilarityRule.Exact) =>
        Maximum(device, queries, references, exclusion.Resolve(queries.Count, references.Count, null, null), rule);

    /// <summary>Similarity of two masks: 1 when both are empty.</summary>
    public static double Pair(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b) =>
        Exact(CommonBits.Count(a, b), CommonBits.Count(a, a), CommonBits.Count(b, b));

    /// <summary>
    /// Expected similarity of two networks whose errors are independent, s0 = ab / (a + b - ab), for error rates a and b in 0 to 1. Two
    /// networks without errors are always equal: 1.
    /// </summary>
    public static double ChanceLevel(double rateA, double rateB)
    {
        double either = rateA + rateB - rateA * rateB;
        return either > 0 ? rateA * rateB / either : 1;
    }

    /// <summary>Largest similarity that two error rates allow, s1 = min(a, b) / max(a, b); 1 when both are 0.</summary>
    public static double Ceiling(double rateA, double rateB)
    {
        double larger = Math.Max(rateA, rateB);
        return larger > 0 ? Math.Min(rateA, rateB) / larger : 1;
    }

    /// <summary>
    /// (s - s0) / (s1 - s0): 0 for independent errors, 1 for errors as common as the rates allow. Null where the rates leave nothing to
    /// adjust (s0 = s1: a network without errors, or with nothing else).
    /// </summary>
    public static double? Adjusted(double similarity, double rateA, double rateB)
    {
        double chance = ChanceLevel(rateA, rateB), ceiling = Ceiling(rateA, rateB);
        return ceiling > chance ? (similarity - chance) / (ceiling - chance) : null;
    }

    private static Similarities Maximum(Device device, ErrorMasks queries, ErrorMasks references, ExclusionTable table, SimilarityRule rule)
    {
        if (queries.Images != references.Images)
            throw new ArgumentException($"error masks over {queries.Images} and {references.Images} images cannot be compared");
        if (rule == SimilarityRule.Reference) return ByReferenceRule(queries, references);
        var result = new Similarities(new double[queries.Count], new int[queries.Count], "packed-bits");
        Array.Fill(result.Values, double.NaN);
        Array.Fill(result.Indices, -1);
        if (queries.Count == 0 || references.Count == 0) return result;
        using Scope scope = device.Scope();
        Tensor masks = Upload(device, queries), others = ReferenceEquals(queries.Words, references.Words) ? masks : Upload(device, references);
        Tensor similarity = device.Empty(queries.Count, DType.F64), index = device.Empty(queries.Count, DType.I32);
        (Tensor? queryMarks, Tensor? referenceMarks) = Rows.Marks(device, table);
        device.Kernels.MostSimilarMasks(similarity, index, masks, others, queryMarks, referenceMarks);
        similarity.Read<double>(result.Values);
        index.Read<int>(result.Indices);
        for (int i = 0; i < result.Indices.Length; i++)
        {
            if (result.Indices[i] < 0) result.Values[i] = double.NaN;
        }

        return result;
    }

    private static Tensor Upload(Device device, ErrorMasks masks)
    {
        Tensor words = device.Empty((masks.Count, masks.WordsPerRow), DType.U64);
        words.Write<ulong>(masks.Words);
        return words;
    }

    /// <summary>For comparison only, so on the host.</summary>
    private static Similarities ByReferenceRule(ErrorMasks queries, ErrorMasks references)
    {
        int[] queryErrors = Errors(queries), referenceErrors = Errors(references);
        bool zeroDiagonal = queries.Words.AsSpan().SequenceEqual(references.Words);
        var result = new Similarities(new double[queries.Count], new int[queries.Count], "packed-bits+reference-rule");
        Parallel.For(0, queries.Count, i =>
        {
            double best = double.NaN;
            int at = -1, a = queryErrors[i];
            for (int j = 0; j < references.Count; j++)
            {
                int b = referenceErrors[j];

                // The counts alone bound the similarity: only a strictly better pair is of interest, the first of equals stays.
                if (at >= 0 && Bound(a, b) <= best) continue;
                int common = CommonBits.Count(queries.Row(i), references.Row(j));
                double similarity = zeroDiagonal && i == j ? 0 : common / (a + b - common + 1e-8);
                if (at < 0 || similarity > best) (best, at) = (similarity, j);
            }

            (result.Values[i], result.Indices[i]) = (best, at);
        });
        return result;
    }

    private static double Exact(int common, int a, int b) => a + b == 0 ? 1 : (double)common / (a + b - common);

    private static double Bound(int a, int b) => a + b == 0 ? 1 : (double)Math.Min(a, b) / Math.Max(a, b);

    private static int[] Errors(ErrorMasks masks)
    {
        var errors = new int[masks.Count];
        for (int i = 0; i < errors.Length; i++) errors[i] = masks.Errors(i);
        return errors;
    }

    private static ErrorMasks MasksOf(Population population)
    {
        ErrorMasks masks = population.Wrong
            ?? throw new ArgumentException($"a population of {population.Target} has no error masks: evaluate it on images first");
        return masks.Count == population.Count
            ? masks
            : throw new ArgumentException($"{population.Count} networks have {masks.Count} error masks");
    }
}
