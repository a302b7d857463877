using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Benchmarks;

/// <summary>The kernels that are timed, at sizes of the generators: a line each. A new kernel is a new line.</summary>
public static partial class KernelRows
{
    private const double Rounding = 2e-6, Sums = 2e-5;

    private static readonly ElementwiseChain BiasedGelu = new("biased GELU", [ChainInput.Full, ChainInput.Row], v => (v[0] + v[1]).Activate(Activation.Gelu));

    /// <summary>Every kernel that ships.</summary>
    /// <param name="tiny">Sizes for a device whose speed means nothing.</param>
    public static IReadOnlyList<KernelRow> Shipped(bool tiny) => [.. Sizes(tiny).SelectMany(Gpt), .. Populations(tiny), .. Pairs(tiny), .. NormRows.Of(tiny), .. FieldKernelRows.All(tiny), .. GridRows.All(tiny)];

    private static IEnumerable<GptSize> Sizes(bool tiny) =>
        tiny ? [new("tiny", 2, 5, 36, 3, 1000)] : [new("gpt small", 32, 38, 128, 4, 1_000_000), new("gpt paper", 32, 38, 1536, 16, 28_300_000)];

    private static IEnumerable<KernelRow> Gpt(GptSize g)
    {
        int rows = g.Batch * g.Tokens, width = g.Width, heads = g.Heads;
        double n = (double)rows * width;
        Shape x = (rows, width), tokens = (g.Batch, g.Tokens, width), qkv = (g.Batch, g.Tokens, 3 * width), lse = (g.Batch, heads, g.Tokens);
        yield return Row("Add", g, [new(x), new(x)], [x], (k, i, o) => k.Add(o[0], i[0], i[1]), 12 * n, n, Rounding);
        yield return Row("Axpby", g, [new(x), new(x)], [], (k, i, o) => k.Axpby(i[0], i[1], 0.5, 0.5), 12 * n, 3 * n, Rounding);
        yield return Row("ActivationForward", g, [new((rows, 4 * width))], [(rows, 4 * width)], (k, i, o) => k.ActivationForward(o[0], i[0], Activation.Gelu), 32 * n, 120 * n, Rounding);
        yield return Row("AddBroadcast", g, [new(x), new(width)], [x], (k, i, o) => k.AddBroadcast(o[0], i[0], i[1]), 8 * n, n, Rounding);
        yield return Row("SumRows", g, [new(x)], [width], (k, i, o) => k.SumRows(o[0], i[0], false), 4 * n, n, Sums);
        yield return Row("Dropout", g, [new(x)], [x], (k, i, o) => k.Dropout(o[0], i[0], 0.1, new RandomStream(1, "dropout"), false), 8 * n, n, Rounding);
        yield return Row("Normal", g, [], [x], (k, i, o) => k.Normal(o[0], new RandomStream(1, "normal")), 4 * n, 40 * n, Rounding);
        yield return Row(
            "NormalRows", g, [new(rows, InputKind.Words)], [x], (k, i, o) => k.NormalRows(o[0], i[0], 3), 4 * n, 40 * n, Rounding);
        yield return Row(
            "ReverseStep", g, [new(x), new(x), new((1, 3)), new(rows, InputKind.Words)], [], (k, i, o) => k.ReverseStep(i[0], i[1], i[2], i[3], 0), 12 * n, 45 * n, Sums);
        yield return Row("SoftmaxForward", g, [new(x)], [x], (k, i, o) => k.SoftmaxForward(o[0], i[0]), 8 * n, 20 * n, Rounding);
        yield return Row("LayerNormForward", g, [new(x), new(width), new(width)], [x, rows, rows], (k, i, o) => k.LayerNormForward(o[0], o[1], o[2], i[0], i[1], i[2], 1e-5), 8 * n, 8 * n, Sums);
        yield return Row("AttentionForward", g, [new(qkv)], [tokens, lse], (k, i, o) => k.AttentionForward(o[0], o[1], i[0], heads), 16 * n, 4 * n * g.Tokens, Sums) with { IsProduct = true };
        yield return Row("Gemm up", g, [new(x), new((width, 4 * width))], [(rows, 4 * width)], Product, 4 * (5 * n + 4.0 * width * width), 8 * n * width, Sums) with { IsProduct = true };
        yield return Row("Gemm down", g, [new((rows, 4 * width)), new((4 * width, width))], [x], Product, 4 * (5 * n + 4.0 * width * width), 8 * n * width, Sums) with { IsProduct = true };
        yield return Row("Sum", g, [new(x, InputKind.Positive)], [1], (k, i, o) => k.Sum(o[0], i[0]), 4 * n, n, Rounding);
        yield return Row("MeanSquaredErrorForward", g, [new(x), new(x)], [1], (k, i, o) => k.MeanSquaredErrorForward(o[0], i[0], i[1]), 8 * n, 3 * n, Rounding);
        yield return Row("Fill", g, [], [x], (k, i, o) => k.Fill(o[0], 0.5), 4 * n, 0, 0);
        yield return Row("Copy", g, [new(x)], [x], (k, i, o) => k.Copy(o[0], i[0]), 8 * n, 0, 0);
        yield return Row("Multiply", g, [new(x), new(x)], [x], (k, i, o) => k.Multiply(o[0], i[0], i[1], false), 12 * n, n, Rounding);
        yield return Row(
            "ActivationBackward", g, [new(x), new(x)], [x], (k, i, o) => k.ActivationBackward(o[0], i[0], i[1], Activation.Gelu, false), 12 * n, 50 * n, Rounding);
        yield return Row("Elementwise", g, [new(x), new(width)], [x], (k, i, o) => k.Elementwise(BiasedGelu, [o[0]], [false], [i[0], i[1]]), 8 * n, 31 * n, Rounding);
        yield return Row("CombineRows", g, [new(x), new(rows), new(x), new(rows)], [x], (k, i, o) => k.CombineRows(o[0], i[0], i[1], i[2], i[3]), 12 * n, 3 * n, Rounding);
        yield return Row("GatherRows", g, [new(x), new(rows, InputKind.Labels, rows)], [x], (k, i, o) => k.GatherRows(o[0], i[0], i[1]), 8 * n, 0, 0);
        yield return Row("ScatterAddRows", g, [new((100, width)), new(x), new(rows, InputKind.Labels, 100)], [], (k, i, o) => k.ScatterAddRows(i[0], i[1], i[2]), 4 * n, n, Sums);
        yield return Row("CopyColumns", g, [new((rows, 3 * width))], [x], (k, i, o) => k.CopyColumns(o[0], 0, i[0], width, width, false), 8 * n, 0, 0);
        yield return Row("Uniform", g, [], [x], (k, i, o) => k.Uniform(o[0], new RandomStream(1, "uniform")), 4 * n, 40 * n, 0);
        yield return Row("SoftmaxBackward", g, [new(x), new(x)], [x], (k, i, o) => k.SoftmaxBackward(o[0], i[0], i[1], false), 12 * n, 4 * n, Sums);
        yield return Row(
            "LayerNormBackward", g, [new(width), new(width), new(x), new(x), new(rows), new(rows), new(width)], [x],
            (k, i, o) => k.LayerNormBackward(o[0], i[0], i[1], i[2], i[3], i[4], i[5], i[6], false), 12 * n, 14 * n, Sums);
        yield return Row(
            "AttentionBackward and forward", g, [new(tokens), new(qkv)], [qkv, tokens, lse],
            (k, i, o) =>
            {
                k.AttentionForward(o[1], o[2], i[1], heads);
                k.AttentionBackward(o[0], i[0], o[1], o[2], i[1], heads);
            },
            48 * n, 14 * n * g.Tokens, Sums) with
        { IsProduct = true };
        yield return Row(
            "MeanSquaredErrorBackward", g, [new(1), new(x), new(x)], [x], (k, i, o) => k.MeanSquaredErrorBackward(o[0], i[0], i[1], i[2], false), 12 * n, 2 * n, Rounding);
        yield return Row(
            "CrossEntropyForward", g, [new(x), new(rows, InputKind.Labels, width)], [rows], (k, i, o) => k.CrossEntropyForward(o[0], i[0], i[1]), 4 * n, 20 * n, Rounding);
        yield return Row(
            "CrossEntropyBackward", g, [new(rows), new(x), new(rows, InputKind.Labels, width)], [x],
            (k, i, o) => k.CrossEntropyBackward(o[0], i[0], i[1], i[2], false), 8 * n, 20 * n, Rounding);
        yield return Row(
            "FrequencyFeatures", g, [new(rows, Scale: 1000), new(128, Scale: 1000)], [(rows, 257)], (k, i, o) => k.FrequencyFeatures(o[0], i[0], i[1]), 1028.0 * rows, 10240.0 * rows, Rounding);
        yield return Row(
            "NesterovRows", g, [new(x), new(x), new(x), new(rows, InputKind.Positive)], [], (k, i, o) => k.NesterovRows(i[0], i[1], i[2], i[3], 0.9, 5e-4, false), 20 * n, 7 * n, Rounding);
        yield return Adam(g, (d, i, s) => d.Kernels.Adam(i[0], i[1], i[2], i[3], i[4], i[5], i[6], s));
    }

    private static IEnumerable<KernelRow> Populations(bool tiny)
    {
        (string name, int count, int images) = tiny ? ("tiny", 2, 70) : ("512 mlps, 10,000 images", 512, 10_000);
        int[] widths = MlpWidths(tiny);
        int parameters = widths.Zip(widths.Skip(1), (a, b) => a * b + b).Sum();
        double work = 2.0 * count * images * widths.Zip(widths.Skip(1), (a, b) => a * b).Sum();
        yield return new KernelRow(
            "PopulationMlp", name, KernelRow.Ships, [new((count, parameters), Scale: 0.3), new((images, widths[0])), new(images, InputKind.Labels, widths[^1])], [count],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.PopulationMlp(d.Empty((count, (images + 63) / 64), DType.U64), o[0], i[0], i[1], i[2], widths);
            },
            4.0 * (count * (double)parameters + images * (double)widths[0] + images), work, Sums);

        ConvNet net = tiny
            ? new(1, 9, 9, [new(3, 2, true)], [4], Activation.Tanh)
            : new(1, 28, 28, [new(8, 5, true), new(6, 5, true), new(4, 2, false)], [20, 10], Activation.Tanh);
        (string nets, int evaluated, int seen, int batch) = tiny ? ("tiny", 2, 70, 5) : ("64 cnns, 10,000 images", 64, 10_000, 32);
        double multiplyAdds = net.MultiplyAdds;
        CaseInput weights = new((evaluated, net.Parameters), Scale: 0.2), pixels = new((seen, net.Features));
        yield return new KernelRow(
            "PopulationConvNet", nets, KernelRow.Ships, [weights, pixels, new(seen, InputKind.Labels, net.Classes)], [evaluated],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.PopulationConvNet(d.Empty((evaluated, (seen + 63) / 64), DType.U64), o[0], i[0], i[1], i[2], net);
            },
            4.0 * (evaluated * (double)net.Parameters + seen * (double)net.Features), 2 * multiplyAdds * evaluated * seen, Sums);
        yield return new KernelRow(
            "PopulationConvNetLogits", nets, KernelRow.Ships, [weights, pixels], [(evaluated, seen, net.Classes)],
            (d, i, o) => d.Kernels.PopulationConvNetLogits(o[0], i[0], i[1], net), 4.0 * seen * (net.Features + evaluated * (double)net.Classes),
            2 * multiplyAdds * evaluated * seen, Sums);
        yield return new KernelRow(
            "PopulationConvNetGradient", tiny ? "tiny" : "64 cnns, batches of 32", KernelRow.Ships,
            [weights, pixels, new((evaluated, batch), InputKind.Labels, seen), new((evaluated, batch), InputKind.Labels, net.Classes)], [(evaluated, net.Parameters)],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.PopulationConvNetGradient(o[0], d.Empty(evaluated), d.Empty((evaluated, batch, net.Classes)), i[0], i[1], i[2], i[3], net);
            },
            4.0 * (2 * evaluated * (double)net.Parameters + evaluated * batch * (double)net.Features), 6 * multiplyAdds * evaluated * batch, Sums);
        yield return new KernelRow(
            "AdamRows", nets, KernelRow.Ships, [weights, weights, weights with { Kind = InputKind.Positive }, weights, new(evaluated, InputKind.Positive, 0.01)], [],
            (d, i, o) => d.Kernels.AdamRows(i[0], i[1], i[2], i[3], i[4], 0.9, 0.999, 1e-8, 0, 10), 28.0 * evaluated * net.Parameters, 12.0 * evaluated * net.Parameters, Sums);
    }

    private static int[] MlpWidths(bool tiny) => tiny ? [20, 5, 3] : [784, 10, 10];

    private static IEnumerable<KernelRow> Pairs(bool tiny)
    {
        (string name, int queries, int references, int columns, int words, int hidden) = tiny ? ("tiny", 3, 7, 20, 2, 2) : ("2,000 x 2,000 mlps", 2000, 2000, 7960, 157, 10);
        double pairs = (double)queries * references;
        yield return new KernelRow(
            "NearestRows", name, KernelRow.Ships, [new((queries, columns)), new((references, columns))], [(queries, 1)],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.NearestRows(o[0], d.Empty((queries, 1), DType.I32), i[0], i[1], null, null);
            },
            4.0 * (queries + references) * columns, 2 * pairs * columns, Sums)
        { OutputType = DType.F64 };
        int aligned = tiny ? 2 : 600, alignedTo = tiny ? 3 : 600, group = tiny ? 16 : 800, classes = 10;
        yield return new KernelRow(
            "NearestAlignedRows", tiny ? "tiny" : "600 x 600 mlps", KernelRow.Ships,
            [new((aligned * hidden, group)), new((alignedTo * hidden, group)), new((aligned, classes)), new((alignedTo, classes))], [(aligned, 1)],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.NearestAlignedRows(o[0], d.Empty((aligned, 1), DType.I32), d.Empty((aligned, 1, hidden), DType.I32), i[0], i[1], i[2], i[3], null, null);
            },
            4.0 * (aligned + alignedTo) * hidden * group, 2.0 * aligned * alignedTo * hidden * hidden * group, Sums)
        { OutputType = DType.F64 };
        yield return new KernelRow(
            "MostSimilarMasks", tiny ? "tiny" : "2,000 x 2,000 masks of 10,000", KernelRow.Ships, [new((queries, words), InputKind.Words), new((references, words), InputKind.Words)], [queries],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.MostSimilarMasks(o[0], d.Empty(queries, DType.I32), i[0], i[1], null, null);
            },
            8.0 * (queries + references) * words, 2 * pairs * words, 0)
        { OutputType = DType.F64 };
    }

    private static void Product(IKernels k, IReadOnlyList<Tensor> i, IReadOnlyList<Tensor> o) => k.Gemm(MatrixView.Of(o[0]), MatrixView.Of(i[0]), MatrixView.Of(i[1]));

    private static AdamSettings AdamOf(GptSize g) => new(0.9, 0.999, 1e-8, 0.1, g.Parameters / 2, 1);

    private static KernelRow Adam(GptSize g, Action<Device, IReadOnlyList<Tensor>, AdamSettings> run)
    {
        int p = g.Parameters;
        AdamSettings settings = AdamOf(g);
        return new KernelRow(
            "Adam", $"{g.Name}, {p} values", KernelRow.Ships, [new(p), new(p), new(p, InputKind.Positive), new(p), new(p)], [], (d, i, o) => run(d, i, settings),
            36.0 * p, 15.0 * p, Rounding)
        { Doubles = [[4.0], [1e-4, 0.271, 0.003, 0.99]] };
    }

    private static KernelRow Row(
        string kernel, GptSize g, IReadOnlyList<CaseInput> inputs, IReadOnlyList<Shape> outputs, Action<IKernels, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> run,
        double bytes, double flops, double tolerance) =>
        new(kernel, g.Name, KernelRow.Ships, inputs, outputs, (d, i, o) => run(d.Kernels, i, o), bytes, flops, tolerance);

    /// <summary>Sizes of a G.pt: tokens of the target's layers, heads, and how many parameters one step of Adam takes: at the paper's, those of one block of twelve.</summary>
    private readonly record struct GptSize(string Name, int Batch, int Tokens, int Width, int Heads, int Parameters);
}
