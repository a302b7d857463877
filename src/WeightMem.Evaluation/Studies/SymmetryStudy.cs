using System.Text.Json;
using System.Text.Json.Serialization;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;
using WeightMem.Models.Data;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;

namespace WeightMem.Evaluation.Studies;

/// <summary>What a comparison of reconstructions found.</summary>
/// <param name="AccuracyDifference">Mean absolute difference of accuracy, in points.</param>
/// <param name="Dissimilarity">1 minus the mean similarity of errors.</param>
/// <param name="LargestLogitChange">Largest change of a logit between the networks before encoding; null where they are different networks.</param>
public sealed record SymmetryPairs(Estimate AccuracyDifference, Estimate Dissimilarity, double? LargestLogitChange);

/// <summary>What the symmetry study found, as in <c>symmetry.json</c>.</summary>
/// <param name="Networks">Training networks that were transformed.</param>
/// <param name="Scaling">Which scalings the target allows, layer by layer.</param>
/// <param name="Pairs">By what is compared: <c>original</c>, <c>permuted</c>, and <c>scaled</c> where the target allows it.</param>
public sealed record SymmetryResult(int Networks, IReadOnlyList<UnitSymmetry> Scaling, IReadOnlyDictionary<string, SymmetryPairs> Pairs);

/// <summary>
/// Whether an auto-encoder knows the symmetries of networks: copies that compute exactly the same, with their hidden units permuted or scaled, go through it, and what comes
/// back is compared with what comes back of the originals. The level to compare with is that of different networks.
/// </summary>
public static class SymmetryStudy
{
    /// <summary>Largest change of a logit that counts as the same function.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Images that logits are compared on.</summary>
    private const int CheckedImages = 200;

    /// <summary>Measures.</summary>
    /// <param name="device">Where.</param>
    /// <param name="target">The networks' target.</param>
    /// <param name="training">Training networks as trained, with accuracies; the best 30 % of the last step of each run are used.</param>
    /// <param name="most">At most so many of them.</param>
    /// <param name="reconstruct">Encoding and decoding.</param>
    /// <param name="test">Images to judge on.</param>
    /// <param name="seed">Seed of the choice, the transformations and the bootstrap.</param>
    /// <exception cref="ArgumentException">There are fewer than two such networks, or the target's logits cannot be had.</exception>
    /// <exception cref="InvalidOperationException">A transformed network computes something else: a defect of the target.</exception>
    public static SymmetryResult Measure(
        Device device, IRescalableTarget target, Population training, int most, Func<Population, Population> reconstruct, ImageSet test, long seed)
    {
        Population originals = Choose(training, most, seed);
        if (originals.Count < 2) throw new ArgumentException($"a symmetry study needs at least 2 networks, and {originals.Count} are among the best of the last step");
        Population back = Judged(originals);
        var stream = new RandomStream(seed, "symmetry study");

        // Pairs of different networks: each with the next one of a random cycle.
        int[] cycle = stream.Sub("pairs").Permutation(originals.Count);
        int[] partner = new int[cycle.Length];
        for (int i = 0; i < cycle.Length; i++) partner[cycle[i]] = cycle[(i + 1) % cycle.Length];
        var pairs = new Dictionary<string, SymmetryPairs> { ["original"] = Compare(back.Select(partner), null, "original") };
        Population permuted = Transformed((row, s) =>
        {
            int[] index = target.PermutationIndex([.. target.HiddenWidths.Select((width, layer) => s.Sub("layer", layer).Permutation(width))]);
            float[] old = row.ToArray();
            for (int p = 0; p < old.Length; p++) row[p] = old[index[p]];
        }, "permutations");
        pairs["permuted"] = Compare(Judged(permuted), LogitChange(permuted), "permuted");
        if (target.UnitSymmetries.Any(s => s != UnitSymmetry.None))
        {
            Population scaled = Transformed((row, s) => target.ScaleUnits(row, [.. target.HiddenWidths.Select((width, layer) => Factors(target.UnitSymmetries[layer], width, s.Sub("layer", layer)))]), "scalings");
            pairs["scaled"] = Compare(Judged(scaled), LogitChange(scaled), "scaled");
        }

        return new SymmetryResult(originals.Count, target.UnitSymmetries, pairs);

        Population Judged(Population networks)
        {
            Population made = reconstruct(networks);
            target.Evaluate(device, made, test);
            return made;
        }

        Population Transformed(RowChange change, string name)
        {
            Population copies = originals.Select([.. Enumerable.Range(0, originals.Count)]);
            for (int i = 0; i < copies.Count; i++) change(copies.Row(i), stream.Sub(name).At(i));
            return copies;
        }

        double LogitChange(Population copies)
        {
            ReadOnlySpan<float> images = test.Pixels.AsSpan(0, Math.Min(CheckedImages, test.Count) * test.Features);
            float[] a = target.Logits(device, originals, images), b = target.Logits(device, copies, images);
            double largest = a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
            return largest <= Tolerance
                ? largest
                : throw new InvalidOperationException($"transformed networks of {target.Name} change a logit by {largest:G3}, more than {Tolerance:G1}: the transformation is no symmetry");
        }

        SymmetryPairs Compare(Population other, double? change, string name)
        {
            int[] all = [.. Enumerable.Range(0, back.Count)];
            double[] differences = [.. all.Select(i => Math.Abs((double)back.Score![i] - other.Score![i]))];
            double[] dissimilarities = [.. all.Select(i => 1 - ErrorSimilarity.Pair(back.Wrong!.Row(i), other.Wrong!.Row(i)))];
            RandomStream draws = stream.Sub("bootstrap " + name);
            return new SymmetryPairs(
                Bootstrap.Mean(differences, draws.Sub("accuracy"), path: "exact count, float32 forward"), Bootstrap.Mean(dissimilarities, draws.Sub("similarity"), path: "packed-bits"), change);
        }
    }

    /// <summary>Writes <c>symmetry.json</c> and the figure <c>figures/symmetry</c> into a run folder.</summary>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static void Write(RunFolder folder, SymmetryResult result)
    {
        FigureFiles.Write(folder.Figures, "symmetry", InvarianceFigure.Draw(
            [.. result.Pairs.Select(p => new InvarianceBar(p.Key, p.Value.AccuracyDifference, p.Value.Dissimilarity))]));
        AtomicFile.WriteText(folder.File("symmetry.json"), ToJson(result));
    }

    /// <summary>The result as JSON.</summary>
    public static string ToJson(SymmetryResult result) => JsonSerializer.Serialize(result, SymmetryJson.Default.SymmetryResult) + "\n";

    private delegate void RowChange(Span<float> row, RandomStream stream);

    private static Population Choose(Population training, int most, long seed)
    {
        int last = training.Step.Max();
        int[] best = [.. LatentSampler.Best(training.Score).Where(i => training.Step[i] == last)];
        return training.Select([.. new RandomStream(seed, "symmetry networks").Choose(best.Length, Math.Min(most, best.Length)).Select(i => best[i])]);
    }

    private static float[]? Factors(UnitSymmetry scaling, int units, RandomStream stream) => scaling switch
    {
        UnitSymmetry.PositiveScale => [.. Enumerable.Range(0, units).Select(u => (float)Math.Exp(Math.Log(2) * (2 * stream.Double(u) - 1)))],
        UnitSymmetry.Sign => [.. Enumerable.Range(0, units).Select(u => stream.Integer(u, 2) == 0 ? 1f : -1f)],
        _ => null,
    };
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, NewLine = "\n")]
[JsonSerializable(typeof(SymmetryResult))]
internal sealed partial class SymmetryJson : JsonSerializerContext;
