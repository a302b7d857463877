using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Targets;

public class MlpTests
{
    [Fact]
    public void The_network_of_the_paper_has_its_layout()
    {
        var mlp = new Mlp(784, 10, 10);
        Assert.Equal("mlp-784-10-10", mlp.Name);
        Assert.Equal(7960, mlp.Parameters);
        Assert.Equal([10], mlp.HiddenWidths);
        Assert.Equal(
            ["fc1.weight[10, 784]@0", "fc1.bias[10]@7840", "fc2.weight[10, 10]@7850", "fc2.bias[10]@7950"],
            mlp.Layout.Entries.Select(e => $"{e.Name}{e.Shape}@{e.Offset}"));
    }

    [Fact]
    public void Widths_must_make_a_network()
    {
        Assert.Throws<ArgumentException>(() => new Mlp(784));
        Assert.Throws<ArgumentException>(() => new Mlp(784, 0, 10));
    }

    [Fact]
    public void Initial_weights_fill_their_bounds()
    {
        var mlp = new Mlp(100, 30, 40, 5);
        var row = new float[mlp.Parameters];
        mlp.Initialize(row, new RandomStream(3, "init"));
        for (int layer = 0; layer < 3; layer++)
        {
            float bound = (float)(1 / Math.Sqrt(mlp.Widths[layer]));
            foreach (string part in new[] { "weight", "bias" })
            {
                float[] values = mlp.Layout.Of(row.AsSpan(), $"fc{layer + 1}.{part}").ToArray();
                Assert.All(values, v => Assert.InRange(v, -bound, bound));
                // Of n uniform numbers the largest lies above (1 - 8 / n) of the bound but for a chance of e^-8.
                if (values.Length >= 30) Assert.InRange(values.Max(), bound * (1 - 2 * 8f / values.Length), bound);
            }
        }

        // The variance of U(-b, b) is b^2 / 3; 3000 values of it are within 10 % by many deviations.
        double variance = row.Take(3000).Average(v => (double)v * v);
        Assert.InRange(variance, 0.9 / 300, 1.1 / 300);
        Assert.NotEqual(row[0], row[1]);
    }

    [Fact]
    public void Initialisation_refuses_a_row_of_another_width()
    {
        var error = Assert.Throws<ArgumentException>(() => new Mlp(4, 2).Initialize(new float[9], new RandomStream(1, "x")));
        Assert.Contains("10", error.Message, StringComparison.Ordinal);
        Assert.Contains("9", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("12-3")]
    [InlineData("12-5-3")]
    [InlineData("12-7-6-3")]
    public void Evaluation_agrees_with_double_precision(string widths)
    {
        var mlp = (Mlp)TargetCatalog.Create($"mlp-{widths}", null);
        ImageSet images = SyntheticImages.Make(333, 3, 4, 3);
        Population fast = Fresh(mlp, 9), exact = Fresh(mlp, 9);
        using var cpu = new CpuDevice(2);
        using var reference = new ReferenceDevice();
        mlp.Evaluate(cpu, fast, images);
        mlp.Evaluate(reference, exact, images);
        for (int i = 0; i < 9; i++)
        {
            // Sums of a dozen products in single precision: errors of some 1e-7 each, in a mean of losses of about 1.
            Assert.Equal(exact.Loss![i], fast.Loss![i], 1e-5);
            // A near tie may fall either way.
            Assert.InRange(Math.Abs(exact.Wrong!.Errors(i) - fast.Wrong!.Errors(i)), 0, 1);
            Assert.Equal((float)fast.Wrong.Accuracy(i), fast.Score![i]);
            Assert.InRange(fast.Wrong.Errors(i), 1, 332);
        }

        Assert.Equal(0, cpu.LiveBytes);
        Assert.Equal(0, reference.LiveBytes);
    }

    [Fact]
    public void Evaluation_in_several_passes_gives_the_same_bits()
    {
        var mlp = new Mlp(12, 5, 3);
        ImageSet images = SyntheticImages.Make(130, 3, 4, 3);
        using var cpu = new CpuDevice(1);
        Population whole = Fresh(mlp, 7), parts = Fresh(mlp, 7);
        mlp.Evaluate(cpu, whole, images);
        mlp.Evaluate(cpu, parts, images, rowsPerPass: 3);
        Assert.Equal(whole.Loss, parts.Loss);
        Assert.Equal(whole.Wrong!.Words, parts.Wrong!.Words);
    }

    [Fact]
    public void Evaluation_of_nothing_gives_nothing()
    {
        var mlp = new Mlp(12, 3);
        var none = new Population(mlp.Name, mlp.Layout, []);
        using var cpu = new CpuDevice(1);
        mlp.Evaluate(cpu, none, SyntheticImages.Make(10, 3, 4, 3));
        Assert.Empty(none.Score!);
        Assert.Empty(mlp.PredictLabels(cpu, none, new float[24]));
    }

    [Fact]
    public void Evaluation_refuses_what_does_not_fit_with_both_numbers()
    {
        var mlp = new Mlp(12, 5, 3);
        using var cpu = new CpuDevice(1);
        Population rows = Fresh(mlp, 2);
        AssertMessage(() => mlp.Evaluate(cpu, Fresh(new Mlp(12, 4, 3), 2), SyntheticImages.Make(10, 3, 4, 3)), "83", "67", "mlp-12-4-3");
        AssertMessage(() => mlp.Evaluate(cpu, rows, SyntheticImages.Make(10, 2, 4, 3)), "12", "8", "synthetic/train");
        AssertMessage(() => mlp.Evaluate(cpu, rows, SyntheticImages.Make(10, 3, 4, 4)), "3 classes", "4");
        Assert.Null(rows.Score);
        Assert.Equal(0, cpu.LiveBytes);
    }

    [Fact]
    public void Rows_that_are_not_finite_are_named()
    {
        var mlp = new Mlp(12, 5, 3);
        using var cpu = new CpuDevice(1);
        Population rows = Fresh(mlp, 128);
        rows.Row(3)[0] = float.NaN;
        rows.Row(17)[82] = float.NegativeInfinity;
        ImageSet images = SyntheticImages.Make(10, 3, 4, 3);
        AssertMessage(() => mlp.Evaluate(cpu, rows, images), "rows 3, 17 (2 of 128) have NaN or infinite weights");
        rows.Row(3)[0] = 0;
        AssertMessage(() => mlp.PredictLabels(cpu, rows, new float[12]), "row 17 (1 of 128) has NaN or infinite weights");
    }

    [Fact]
    public void Permuting_hidden_units_changes_no_logit()
    {
        var mlp = new Mlp(12, 7, 6, 3);
        ImageSet images = SyntheticImages.Make(50, 3, 4, 3);
        Population two = Fresh(mlp, 2);
        var stream = new RandomStream(5, "permutations");
        int[] index = mlp.PermutationIndex([stream.Sub("a").Permutation(7), stream.Sub("b").Permutation(6)]);
        Assert.Equal(Enumerable.Range(0, mlp.Parameters), index.Order());
        for (int i = 0; i < index.Length; i++) two.Row(1)[i] = two.Row(0)[index[i]];
        Assert.NotEqual(two.Row(0).ToArray(), two.Row(1).ToArray());

        using var cpu = new CpuDevice(1);
        float[] logits = Logits(cpu, mlp, two, images);
        int half = logits.Length / 2;
        for (int i = 0; i < half; i++) Assert.Equal(logits[i], logits[half + i], 1e-5); // sums in another order
        Assert.True(logits.Max() - logits.Min() > 0.1f);
    }

    [Fact]
    public void A_permuted_unit_is_where_the_contract_says()
    {
        var mlp = new Mlp(2, 3, 2);
        int[] index = mlp.PermutationIndex([[2, 0, 1]]);
        // fc1.weight rows 2, 0, 1; fc1.bias; fc2.weight columns 2, 0, 1; fc2.bias
        Assert.Equal([4, 5, 0, 1, 2, 3, 8, 6, 7, 11, 9, 10, 14, 12, 13, 15, 16], index);
    }

    [Fact]
    public void A_permutation_that_is_none_is_refused()
    {
        var mlp = new Mlp(2, 3, 2);
        AssertMessage(() => mlp.PermutationIndex([]), "1 hidden layers", "0");
        AssertMessage(() => mlp.PermutationIndex([[0, 1]]), "3 units");
        AssertMessage(() => mlp.PermutationIndex([[0, 1, 1]]), "[0, 1, 1]");
        AssertMessage(() => mlp.PermutationIndex([[0, 1, 3]]), "[0, 1, 3]");
    }

    [Fact]
    public void Label_maps_agree_with_the_error_masks()
    {
        var mlp = new Mlp(12, 5, 3);
        ImageSet images = SyntheticImages.Make(200, 3, 4, 3);
        Population rows = Fresh(mlp, 4);
        using var cpu = new CpuDevice(1);
        mlp.Evaluate(cpu, rows, images);
        int[][] labels = mlp.PredictLabels(cpu, rows, images.Pixels);
        for (int k = 0; k < 4; k++)
        {
            int errors = labels[k].Where((label, i) => label != images.Labels[i]).Count();
            Assert.InRange(Math.Abs(errors - rows.Wrong!.Errors(k)), 0, 1); // two kernels, so a near tie may fall either way
        }

        AssertMessage(() => mlp.PredictLabels(cpu, rows, new float[13]), "12", "13");
        Assert.Equal(0, cpu.LiveBytes);
    }

    [Fact]
    public void A_target_that_says_nothing_of_evaluation_is_judged_by_its_labels()
    {
        IImageTarget plain = new PlainTarget(new Mlp(12, 5, 3));
        ImageSet images = SyntheticImages.Make(70, 3, 4, 3); // two words, the second one with bits to spare
        Population rows = Fresh(new Mlp(12, 5, 3), 3);
        rows.Loss = [1, 2, 3]; // of other images
        using var cpu = new CpuDevice(1);
        plain.Evaluate(cpu, rows, images);
        int[][] labels = plain.PredictLabels(cpu, rows, images.Pixels);
        Assert.Null(rows.Loss);
        for (int k = 0; k < 3; k++)
        {
            int[] wrong = [.. Enumerable.Range(0, 70).Where(i => labels[k][i] != images.Labels[i])];
            Assert.Equal(wrong, Enumerable.Range(0, 70).Where(i => (rows.Wrong!.Row(k)[i / 64] >> (i % 64) & 1) == 1));
            Assert.Equal(100f * (70 - wrong.Length) / 70, rows.Score![k], 4);
        }

        AssertMessage(() => plain.Evaluate(cpu, rows, SyntheticImages.Make(4, 3, 5, 3)), "12", "15");
        rows.Row(1)[0] = float.NaN;
        AssertMessage(() => plain.Evaluate(cpu, rows, images), "row 1 (1 of 3) has NaN or infinite weights");
    }

    [Fact]
    public void The_shared_first_layer_computes_and_differentiates_as_the_batched_one()
    {
        var mlp = new Mlp(12, 5, 3);
        ImageSet images = SyntheticImages.Make(6, 3, 4, 3);
        Population population = Fresh(mlp, 4);
        using var device = new ReferenceDevice();
        using Scope scope = device.Scope();
        var results = new List<double[]>();
        foreach (bool shared in new[] { true, false })
        {
            Tensor rows = device.From(population.Weights, (4, mlp.Parameters));
            float[] pixels = shared ? images.Pixels : [.. Enumerable.Repeat(images.Pixels, 4).SelectMany(p => p)];
            Tensor x = device.From(pixels, shared ? (6, 12) : (4, 6, 12));
            var tape = Tape.Record(device);
            Tensor logits = mlp.Logits(tape, tape.Watch(rows), x);
            Assert.Equal((4, 6, 3), logits.Shape);
            results.Add(logits.ToDoubles());
            Tensor labels = device.From([.. Enumerable.Repeat(images.Labels, 4).SelectMany(l => l)], 24);
            tape.Backward(tape.Sum(tape.CrossEntropy(logits, labels)));
            results.Add(rows.Gradient!.ToDoubles());
        }

        Assert.Equal(results[2], results[0], (a, b) => Math.Abs(a - b) < 1e-12); // double precision, sums in another order
        Assert.Equal(results[3], results[1], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Contains(results[1], g => Math.Abs(g) > 0.1);
    }

    internal static Population Fresh(Mlp mlp, int count)
    {
        var weights = new float[count * mlp.Parameters];
        for (int i = 0; i < count; i++)
            mlp.Initialize(weights.AsSpan(i * mlp.Parameters, mlp.Parameters), new RandomStream(11, "fresh").Sub("row", i));
        return new Population(mlp.Name, mlp.Layout, weights);
    }

    private static float[] Logits(CpuDevice device, Mlp mlp, Population rows, ImageSet images)
    {
        using Scope scope = device.Scope();
        Tensor weights = device.From(rows.Weights, (rows.Count, mlp.Parameters));
        return mlp.Logits(Tape.Inference(device), weights, device.From(images.Pixels, (images.Count, images.Features))).ToArray<float>();
    }

    private static void AssertMessage(Action action, params string[] parts)
    {
        var error = Assert.Throws<ArgumentException>(action);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
