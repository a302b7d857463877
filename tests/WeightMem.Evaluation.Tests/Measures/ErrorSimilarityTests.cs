using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

public class ErrorSimilarityTests
{
    private static ErrorMasks Of(params string[] rows)
    {
        var wrong = new bool[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int m = 0; m < rows[i].Length; m++) wrong[i, m] = rows[i][m] == '1';
        }

        return Made.Masks(wrong);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(511)]
    [InlineData(1000)]
    [InlineData(16500)]
    [InlineData(40000)]
    public void Packed_counts_equal_boolean_counts(int images)
    {
        bool[,] wrong = Made.Errors(3, images, 60, i => i == 2 ? 1.1 : 0.5);
        ErrorMasks masks = Made.Masks(wrong);
        for (int a = 0; a < 3; a++)
        {
            for (int b = 0; b < 3; b++)
            {
                int common = Enumerable.Range(0, images).Count(m => wrong[a, m] && wrong[b, m]);
                Assert.Equal(common, CommonBits.Count(masks.Row(a), masks.Row(b)));
                Assert.Equal(common, CommonBits.CountByWord(masks.Row(a), masks.Row(b)));
            }
        }
    }

    [Fact]
    public void Maximum_equals_the_definition_over_all_pairs()
    {
        bool[,] q = Made.Errors(30, 700, 61, i => 0.02 + 0.02 * i), r = Made.Errors(50, 700, 62, i => 0.5 / (1 + i));
        Similarities found = OnCpu.Maximum(Made.Masks(q), Made.Masks(r), Exclusion.None);
        for (int i = 0; i < 30; i++)
        {
            double best = -1;
            int at = -1;
            for (int j = 0; j < 50; j++)
            {
                int both = Enumerable.Range(0, 700).Count(m => q[i, m] && r[j, m]), either = Enumerable.Range(0, 700).Count(m => q[i, m] || r[j, m]);
                double s = (double)both / either;
                if (s > best) (best, at) = (s, j);
            }

            Assert.Equal(best, found.Values[i]);
            Assert.Equal(at, found.Indices[i]);
        }
    }

    [Fact]
    public void Similarity_is_symmetric_and_one_on_equal_masks()
    {
        ErrorMasks masks = Made.Masks(Made.Errors(8, 333, 63, i => 0.1 + 0.1 * i));
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(1.0, ErrorSimilarity.Pair(masks.Row(i), masks.Row(i)));
            for (int j = 0; j < 8; j++) Assert.Equal(ErrorSimilarity.Pair(masks.Row(i), masks.Row(j)), ErrorSimilarity.Pair(masks.Row(j), masks.Row(i)));
        }

        Assert.Equal(0.25, ErrorSimilarity.Pair(Of("1100").Row(0), Of("1011").Row(0)));
    }

    [Fact]
    public void Trap_1_replicas_in_training_order_keep_their_diagonal()
    {
        ErrorMasks training = Of("110000", "001100", "000011"), replicas = Of("110000", "001100", "000011");
        Assert.Equal([1, 1, 1], OnCpu.Maximum(replicas, training, Exclusion.None).Values);
        Assert.Equal([0, 1, 2], OnCpu.Maximum(replicas, training, Exclusion.None).Indices);
        Assert.Equal([0, 0, 0], OnCpu.Maximum(replicas, training, Exclusion.None, SimilarityRule.Reference).Values);
    }

    [Fact]
    public void Trap_2_a_reordered_subset_of_training_does_not_match_itself()
    {
        ErrorMasks training = Of("110000", "011000", "000011");
        ErrorMasks subset = training.Select([2, 0]);
        Similarities found = OnCpu.Maximum(subset, training, Exclusion.Rows([2, 0]));
        Assert.Equal([0, 1.0 / 3], found.Values);
        Assert.Equal(1, found.Indices[1]);
        Assert.All(OnCpu.Maximum(subset, training, Exclusion.Rows([2, 0]), SimilarityRule.Reference).Values, s => Assert.Equal(1, s, 1e-7));
    }

    [Fact]
    public void Trap_3_two_different_models_with_equal_errors_are_at_one()
    {
        ErrorMasks training = Of("110000", "000011", "110000");
        Similarities found = OnCpu.Maximum(training, training, Exclusion.SameRow);
        Assert.Equal([1, 0, 1], found.Values);
        Assert.Equal(2, found.Indices[0]);
        Assert.Equal(0, found.Indices[2]);
    }

    [Fact]
    public void Trap_4_two_models_without_errors_are_equal()
    {
        ErrorMasks none = Of("0000", "0000"), some = Of("0000", "1000");
        Assert.Equal([1, 1], OnCpu.Maximum(none, none, Exclusion.SameRow).Values);
        Assert.Equal([0, 0], OnCpu.Maximum(some, some, Exclusion.SameRow).Values);
        Assert.Equal([0, 0], OnCpu.Maximum(none, none.Select([0]), Exclusion.None, SimilarityRule.Reference).Values);
    }

    [Fact]
    public void The_reference_rule_adds_its_epsilon()
    {
        ErrorMasks a = Of("1100"), b = Of("1000");
        Similarities found = OnCpu.Maximum(a, b, Exclusion.None, SimilarityRule.Reference);
        Assert.Equal(1 / (2 + 1e-8), found.Values[0]);
        Assert.Equal("packed-bits+reference-rule", found.Path);
        Assert.Equal("packed-bits", OnCpu.Maximum(a, b, Exclusion.None).Path);
    }

    [Fact]
    public void Populations_bring_their_masks_and_runs()
    {
        Population p = Made.Flat(3, 4, 64, run: [0, 0, 1, 1]);
        string message = Assert.Throws<ArgumentException>(() => OnCpu.Maximum(p, p, Exclusion.SameRow)).Message;
        Assert.Contains("no error masks", message, StringComparison.Ordinal);
        p.Wrong = Of("1100", "1100", "0111", "0011");
        Assert.Equal([0, 0, 1, 1], OnCpu.Maximum(p, p, Exclusion.SameRow).Indices.Select(j => p.Run[j]));
        Assert.Equal([1, 1, 0, 0], OnCpu.Maximum(p, p, Exclusion.SameRun).Indices.Select(j => p.Run[j]));
        Assert.Throws<ArgumentException>(() => OnCpu.Maximum(p.Wrong, p.Wrong, Exclusion.SameRun));
        Assert.Throws<ArgumentException>(() => OnCpu.Maximum(p.Wrong, Of("11000"), Exclusion.None));
        Similarities none = OnCpu.Maximum(Of("10"), Of("10"), Exclusion.SameRow);
        Assert.True(double.IsNaN(none.Values[0]));
        Assert.Equal(-1, none.Indices[0]);
    }

    [Fact]
    public void Chance_and_ceiling_are_what_independent_and_nested_errors_give()
    {
        const int images = 200_000;
        ErrorMasks masks = Made.Masks(Made.Errors(2, images, 65, i => i == 0 ? 0.1 : 0.3));
        Assert.Equal(ErrorSimilarity.ChanceLevel(0.1, 0.3), ErrorSimilarity.Pair(masks.Row(0), masks.Row(1)), 0.005);
        Assert.Equal(0.1 * 0.3 / (0.1 + 0.3 - 0.03), ErrorSimilarity.ChanceLevel(0.1, 0.3), 1e-15);
        Assert.Equal(1.0 / 3, ErrorSimilarity.Ceiling(0.1, 0.3), 1e-15);
        Assert.Equal(0.25, ErrorSimilarity.Pair(Of("11110000").Row(0), Of("10000000").Row(0)));
        Assert.Equal(0.25, ErrorSimilarity.Ceiling(0.5, 0.125));
        Assert.Equal(0.0, ErrorSimilarity.Adjusted(ErrorSimilarity.ChanceLevel(0.1, 0.3), 0.1, 0.3)!.Value, 1e-12);
        Assert.Equal(1.0, ErrorSimilarity.Adjusted(1.0 / 3, 0.1, 0.3)!.Value, 1e-12);
        Assert.Equal(1.0, ErrorSimilarity.ChanceLevel(0, 0));
        Assert.Equal(0.0, ErrorSimilarity.ChanceLevel(0, 0.2));
        Assert.Null(ErrorSimilarity.Adjusted(1, 0, 0));
        Assert.Null(ErrorSimilarity.Adjusted(0, 0, 0.2));
    }

    [Fact]
    public void Heatmap_parameters_are_distinct_ascending_and_repeatable()
    {
        var stream = new RandomStream(66, "heatmap");
        int[] chosen = HeatmapSelection.Parameters(7960, stream);
        Assert.Equal(64, chosen.Distinct().Count());
        Assert.Equal(chosen.Order(), chosen);
        Assert.InRange(chosen[^1], 64, 7959);
        Assert.Equal(chosen, HeatmapSelection.Parameters(7960, stream));
        Assert.NotEqual(chosen, HeatmapSelection.Parameters(7960, new RandomStream(67, "heatmap")));
        Assert.Equal(Enumerable.Range(0, 10), HeatmapSelection.Parameters(10, stream));
    }
}
