using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Evaluation.Tests.Studies;

public sealed class SymmetryStudyTests
{
    private static readonly Mlp Target = new(6, 5, 4, 3);

    [Fact]
    public void An_auto_encoder_that_returns_everything_finds_no_difference_but_between_networks()
    {
        SymmetryResult result = Measure(networks => networks);
        Assert.Equal(["original", "permuted", "scaled"], result.Pairs.Keys);
        foreach (string name in new[] { "permuted", "scaled" })
        {
            Assert.Equal(0, result.Pairs[name].AccuracyDifference.Mean);
            Assert.Equal(0, result.Pairs[name].Dissimilarity.Mean);
            Assert.InRange(result.Pairs[name].LargestLogitChange!.Value, 0, 1e-5);
        }

        Assert.True(result.Pairs["original"].Dissimilarity.Mean > 0.1);
        Assert.Null(result.Pairs["original"].LargestLogitChange);
        Assert.Equal(6, result.Networks); // the best 30 % of 40 rows, half of them of the last step
        Assert.Equal(6, result.Pairs["original"].AccuracyDifference.N);
    }

    [Fact]
    public void One_that_does_not_know_the_symmetries_is_found_out()
    {
        // Forgets the first hidden unit, whichever that is: reconstructions of permuted copies lack another one.
        SymmetryResult result = Measure(networks =>
        {
            Population copy = networks.Select([.. Enumerable.Range(0, networks.Count)]);
            for (int i = 0; i < copy.Count; i++) copy.Row(i)[..6].Clear();
            return copy;
        });
        Assert.True(result.Pairs["permuted"].Dissimilarity.Mean > 0.01);
        string json = SymmetryStudy.ToJson(result);
        Assert.Contains("\"accuracy_difference\"", json, StringComparison.Ordinal);
        Assert.Contains("\"PositiveScale\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transformation_that_changes_the_function_is_a_defect()
    {
        using var device = new CpuDevice(1);
        var error = Assert.Throws<InvalidOperationException>(() => SymmetryStudy.Measure(device, new Wrong(), Networks(), 10, n => n, Images(), 1));
        Assert.Contains("logit", error.Message, StringComparison.Ordinal);
    }

    private static SymmetryResult Measure(Func<Population, Population> reconstruct)
    {
        using var device = new CpuDevice(1);
        return SymmetryStudy.Measure(device, Target, Networks(), 100, reconstruct, Images(), 1);
    }

    private static Population Networks()
    {
        var weights = new float[40 * Target.Parameters];
        for (int i = 0; i < 40; i++) Target.Initialize(weights.AsSpan(i * Target.Parameters, Target.Parameters), new RandomStream(1, "networks").At(i));
        for (int i = 0; i < weights.Length; i++) weights[i] *= 4;
        return new Population(Target.Name, Target.Layout, weights, [.. Enumerable.Range(0, 40).Select(i => i / 2)], [.. Enumerable.Range(0, 40).Select(i => i % 2)])
        {
            Score = [.. Enumerable.Range(0, 40).Select(i => (float)i)],
        };
    }

    private static ImageSet Images()
    {
        var stream = new RandomStream(2, "images");
        return new ImageSet(
            "made/test", [.. Enumerable.Range(0, 300 * 6).Select(i => (float)(2 * stream.Double(i) - 1))], [.. Enumerable.Range(0, 300).Select(i => stream.Sub("labels").Integer(i, 3))], 1, 2, 3, 3);
    }

    /// <summary>A target that takes its first hidden layer for linear on both sides.</summary>
    private sealed class Wrong : IRescalableTarget
    {
        public string Name => Target.Name;

        public Engine.Tensors.ParameterLayout Layout => Target.Layout;

        public IReadOnlyList<int> HiddenWidths => Target.HiddenWidths;

        public IReadOnlyList<UnitSymmetry> UnitSymmetries => [UnitSymmetry.Sign, UnitSymmetry.Sign];

        public void Initialize(Span<float> row, RandomStream stream) => Target.Initialize(row, stream);

        public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => Target.PermutationIndex(permutations);

        public void Evaluate(Engine.Devices.Device device, Population population, ImageSet images) => Target.Evaluate(device, population, images);

        public int[][] PredictLabels(Engine.Devices.Device device, Population population, ReadOnlySpan<float> images) => Target.PredictLabels(device, population, images);

        public void CheckImages(ImageSet images) => Target.CheckImages(images);

        public float[] Logits(Engine.Devices.Device device, Population population, ReadOnlySpan<float> images) => Target.Logits(device, population, images);

        public float[] Penultimate(Engine.Devices.Device device, Population population, ReadOnlySpan<float> images) => Target.Penultimate(device, population, images);
    }
}
