using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Cases;

/// <summary>The case table: every op and every kernel, at small, odd and real sizes.</summary>
public static class OpCases
{
    private const string Rounding = "a few roundings of single precision (6e-8) per element";
    private const string Sums = "sums in single precision: about sqrt(terms) roundings of 6e-8";
    private const string Polynomials = "fitted polynomials, 2e-7 relative, see VectorMath";
    private const string Exact = "copies and integers: no rounding at all";

    /// <summary>All cases.</summary>
    public static IReadOnlyList<OpCase> All { get; } =
    [
        .. Elementwise(), .. Indexing(), .. Matrices(), .. Rows(), .. Losses(), .. Features(), .. Diffusion(),
        .. Training(), .. ConvNets(), .. PairCases.All, .. NormCases.All, .. FieldCases.All, .. CloudCases.All, .. GridCases.All,
    ];

    private static IEnumerable<OpCase> Elementwise()
    {
        foreach ((string name, Shape shape) in new (string, Shape)[] { ("scalar", 1), ("odd", (3, 37)), ("gpt small", (8, 38, 128)) })
        {
            yield return Op("Add", name, [new(shape), new(shape)], (t, x) => t.Add(x[0], x[1]), 2e-7, Rounding);
            yield return Op("Multiply", name, [new(shape), new(shape)], (t, x) => t.Multiply(x[0], x[1]), 2e-7, Rounding);
            yield return Op("Scale", name, [new(shape)], (t, x) => t.Scale(x[0], -1.75), 2e-7, Rounding);
            yield return Op("Dropout", name, [new(shape)], (t, x) => t.Dropout(x[0], 0.25, new RandomStream(5, "dropout")), 2e-7, Rounding);
            foreach (Activation activation in Enum.GetValues<Activation>())
                yield return Op("Activate", $"{activation} {name}", [new(shape, Scale: 2)], (t, x) => t.Activate(x[0], activation), 4e-7, Polynomials);
        }

        foreach ((string name, Shape shape) in new (string, Shape)[] { ("odd", (3, 37)), ("gpt small", (8, 38, 128)), ("narrow", (300, 3)) })
        {
            Shape row = shape.Columns;
            foreach (Activation activation in Enum.GetValues<Activation>())
            {
                var chain = new ElementwiseChain("biased activation", [ChainInput.Full, ChainInput.Row], v => (v[0] + v[1]).Activate(activation));
                yield return Op("Elementwise", $"bias, {activation} {name}", [new(shape), new(row)], (t, x) => t.Fused(chain, x[0], x[1]), 3e-6, Sums);
            }

            var mixed = new ElementwiseChain(
                "mixed", [ChainInput.Full, ChainInput.Row, ChainInput.Full], v => 0.5 * (v[0] * v[1] - v[2]) + (v[0] * v[0]).Activate(Activation.Tanh) * v[1]);
            yield return Op("Elementwise", $"mixed {name}", [new(shape), new(row), new(shape)], (t, x) => t.Fused(mixed, x[0], x[1], x[2]), 3e-6, Sums);
            yield return Op("Elementwise", $"the same input twice {name}", [new(shape), new(row)], (t, x) => t.Fused(mixed, x[0], x[1], x[0]), 3e-6, Sums);
        }

        yield return Op("AddBroadcast", "odd", [new((5, 3, 7)), new((3, 7))], (t, x) => t.AddBroadcast(x[0], x[1]), 1e-6, Sums);
        yield return Op("AddBroadcast", "gpt small", [new((8, 38, 128)), new((38, 128))], (t, x) => t.AddBroadcast(x[0], x[1]), 2e-6, Sums);
        yield return Op("Residual", "shared input", [new((3, 37))], (t, x) => t.Multiply(t.Add(x[0], x[0]), t.Scale(x[0], 0.5)), 4e-7, Rounding);
        yield return Kernel("Axpby", "odd", [new((3, 37)), new((3, 37))], (k, d, x) => { k.Axpby(x[0], x[1], 0.3, -1.1); return [x[0]]; }, 3e-7, Rounding);
        yield return Kernel("Fill", "odd", [new((3, 37))], (k, d, x) => { k.Fill(x[0], 0.5); return [x[0]]; }, 0, Exact);
        yield return Kernel(
            "CombineRows", "odd", [new((5, 37)), new(5), new((5, 37)), new(5)],
            (k, d, x) => { Tensor y = d.Empty(x[0].Shape); k.CombineRows(y, x[0], x[1], x[2], x[3]); return [y]; }, 3e-7, Rounding);
    }

    private static IEnumerable<OpCase> Indexing()
    {
        yield return Op("Embedding", "repeats", [new((5, 19)), new(12, InputKind.Labels, 5)], (t, x) => t.Embedding(x[0], x[1]), 1e-6, Sums);
        foreach ((string name, int targets, int columns, int rows) in new[] { ("few", 7, 5, 100), ("large table", 3000, 3, 2100), ("one crowded target", 2, 3, 2300) })
        {
            yield return Kernel(
                "ScatterAddRows", name, [new((targets, columns)), new((rows, columns)), new(rows, InputKind.Labels, targets)],
                (k, d, x) => { k.ScatterAddRows(x[0], x[1], x[2]); return [x[0]]; }, 2e-6, Sums);
        }

        yield return Kernel(
            "GatherColumns", "mlp permutation", [new((6, 610)), new((6, 610), InputKind.Permutations)],
            (k, d, x) => { Tensor y = d.Empty(x[0].Shape); k.GatherColumns(y, x[0], x[1]); return [y]; }, 0, Exact);
        yield return Kernel(
            "CopyColumns", "odd", [new((7, 31)), new((7, 13))],
            (k, d, x) => { k.CopyColumns(x[0], 5, x[1], 2, 9, false); k.CopyColumns(x[0], 20, x[1], 0, 11, true); return [x[0]]; }, 2e-7, Rounding);
        yield return Kernel("Copy", "odd", [new((7, 31))], (k, d, x) => { Tensor y = d.Empty(x[0].Shape); k.Copy(y, x[0]); return [y]; }, 0, Exact);
    }

    private static IEnumerable<OpCase> Matrices()
    {
        foreach ((string name, int rows, int inputs, int outputs) in new[]
            { ("scalar", 1, 1, 1), ("odd", 7, 13, 5), ("mlp", 128, 784, 10), ("gpt small up", 76, 128, 512), ("gpt small down", 76, 512, 128) })
        {
            yield return Op(
                "Linear", name, [new((rows, inputs)), new((outputs, inputs)), new(outputs)], (t, x) => t.Linear(x[0], x[1], x[2]), 3e-6, Sums);
        }

        yield return Op(
            "Linear", "residual", [new((2, 5, 16)), new((24, 16)), new(24), new((2, 5, 24))], (t, x) => t.Linear(x[0], x[1], x[2], x[3]), 2e-6, Sums);
        yield return Op("Linear", "no bias", [new((9, 17)), new((33, 17))], (t, x) => t.Linear(x[0], x[1]), 2e-6, Sums);
        foreach ((string name, int count, int batch, int inputs, int outputs) in new[] { ("odd", 3, 5, 7, 4), ("mlp", 4, 128, 784, 10) })
        {
            int parameters = 3 + outputs * inputs + outputs + 2;
            yield return Op(
                "BatchedLinear", name, [new((count, batch, inputs)), new((count, parameters))], (t, x) => t.BatchedLinear(x[0], x[1], 3, outputs), 3e-6, Sums);
        }

        TokenGroup[] groups = [new(0, 3, 5, 0), new(3, 1, 4, 15), new(4, 2, 7, 19)];
        CaseInput[] weights = [new((3, 16, 5)), new((1, 16, 4)), new((2, 16, 7))], heads = [new((3, 5, 16)), new((1, 4, 16)), new((2, 7, 16))];
        yield return Op(
            "TokenProjection", "odd", [new((6, 33)), .. weights], (t, x) => t.TokenProjection(x[0], [x[1], x[2], x[3]], groups), 2e-6, Sums);
        yield return Op(
            "TokenHeads", "odd", [new((6, 8, 16)), new((6, 33)), .. heads], (t, x) => t.TokenHeads(x[0], [x[2], x[3], x[4]], groups, x[1]), 2e-6, Sums);
        yield return Kernel(
            "Gemm", "transposed, alpha and beta", [new((13, 7)), new((11, 13)), new((7, 11))],
            (k, d, x) =>
            {
                k.Gemm(MatrixView.Of(x[2]), MatrixView.Of(x[0]).Transposed, MatrixView.Of(x[1]).Transposed, -0.5, 1.5);
                return [x[2]];
            },
            2e-6, Sums);
        yield return Kernel("SumRows", "tall", [new((1001, 37)), new(37)], (k, d, x) => { k.SumRows(x[1], x[0], true); return [x[1]]; }, 3e-6, Sums);
    }

    private static IEnumerable<OpCase> Rows()
    {
        foreach ((string name, int rows, int columns) in new[] { ("one column", 3, 1), ("odd", 7, 37), ("gpt small", 152, 128), ("hundreds", 5, 391), ("gpt paper", 4, 1536), ("longer than registers", 3, 1700) })
        {
            yield return Op("Softmax", name, [new((rows, columns), Scale: 3)], (t, x) => t.Softmax(x[0]), 1e-6, Polynomials);
            if (columns > 1)
            {
                yield return Op(
                    "LayerNorm", name, [new((rows, columns), Scale: 2), new(columns), new(columns)], (t, x) => t.LayerNorm(x[0], x[1], x[2]), 3e-6, Sums);
            }
        }

        foreach ((string name, int batch, int tokens, int width, int heads) in new[]
            {
                ("one token", 2, 1, 8, 2), ("odd", 2, 7, 12, 3), ("gpt small", 4, 38, 128, 4), ("gpt paper", 1, 26, 192, 2), ("long", 1, 250, 64, 1),
                ("hyper-representation", 1, 37, 360, 2), ("heads wider than registers", 2, 19, 600, 2),
            })
        {
            yield return Op("Attention", name, [new((batch, tokens, 3 * width))], (t, x) => t.Attention(x[0], heads), 3e-6, Sums) with
            {
                Modes = new Dictionary<MatrixMath, ModeTolerance>
                {
                    [MatrixMath.Tf32] = new(1e-3, "two factors of 11 bits, each off by up to 4.9e-4; sums are in float32, and errors partly average out"),
                    [MatrixMath.Bf16] = new(8e-3, "two factors of 8 bits, each off by up to 3.9e-3; sums are in float32, and errors partly average out"),
                },
            };
        }
    }

    private static IEnumerable<OpCase> Losses()
    {
        foreach ((string name, int rows, int columns) in new[] { ("small", 5, 10), ("zoo", 1024, 10), ("hundred classes", 37, 100) })
        {
            yield return Op(
                "CrossEntropy", name, [new((rows, columns), Scale: 2), new(rows, InputKind.Labels, columns)], (t, x) => t.CrossEntropy(x[0], x[1]), 1e-6, Polynomials);
        }

        yield return Op(
            "MeanSquaredError", "gpt small", [new((32, 610)), new((32, 610), InputKind.Constants)], (t, x) => t.MeanSquaredError(x[0], x[1]), 2e-6, Sums);
        yield return Op("Sum", "long", [new((300, 331))], (t, x) => t.Sum(x[0]), 1e-5, "the sum nearly cancels; relative to it the roundings of the terms show");
        yield return Kernel("SumOfSquares", "long", [new((300, 331))], (k, d, x) => [SquaredNorm(k, d, x[0])], 1e-6, Sums);
        foreach (bool finite in new[] { true, false })
        {
            yield return Kernel(
                "RequireFinite", finite ? "a number" : "infinity", [new(1)],
                (k, d, x) =>
                {
                    Tensor number = Doubles(d, 2.5), answer = d.Empty(1);
                    if (!finite) k.Fill(x[0], double.PositiveInfinity);
                    k.RequireFinite(number, x[0]);
                    k.Fill(answer, double.IsFinite(number.Item()) ? number.Item() : -1);
                    return [answer];
                },
                0, Exact);
        }
    }

    private static IEnumerable<OpCase> Features()
    {
        yield return Kernel(
            "FrequencyFeatures", "gpt", [new(64, Scale: 300), new(32, InputKind.Positive, 9000)],
            (k, d, x) => { Tensor y = d.Empty((64, 65)); k.FrequencyFeatures(y, x[0], x[1]); return [y]; }, 1e-7, Rounding);
        yield return Kernel(
            "Normal", "two parts", [], (k, d, x) => { Tensor y = d.Empty(20001); k.Normal(y, new RandomStream(7, "normal").At(3)); return [y]; }, 4e-7, Polynomials);
        yield return Kernel(
            "Uniform", "two parts", [], (k, d, x) => { Tensor y = d.Empty(20001); k.Uniform(y, new RandomStream(7, "uniform").At(3)); return [y]; }, 0, Exact);
    }

    private static IEnumerable<OpCase> Diffusion()
    {
        foreach ((string name, Shape shape) in new (string, Shape)[] { ("odd", (3, 37)), ("gpt small", (16, 610)), ("long rows", (2, 2049)) })
        {
            yield return Kernel(
                "NormalRows", name, [], (k, d, x) => { Tensor y = d.Empty(shape); k.NormalRows(y, Keys(d, shape[0]), 12); return [y]; }, 4e-7, Polynomials);
            foreach (int step in new[] { 0, 2 })
            {
                yield return Kernel(
                    "ReverseStep", $"{name} {(step == 0 ? "last" : "noisy")}", [new(shape), new(shape)],
                    (k, d, x) =>
                    {
                        k.ReverseStep(x[0], x[1], d.From([0.75f, 0.25f, 0f, 0.5f, 0.5f, 0.1f, 0.003f, 0.99f, 0.14f], (3, 3)), Keys(d, shape[0]), step);
                        return [x[0]];
                    },
                    5e-7, Polynomials);
            }
        }

        yield return Kernel("SelectRow", "odd", [new((5, 37))], (k, d, x) => { Tensor y = d.Empty(37); k.SelectRow(y, x[0], 3); return [y]; }, 0, Exact);
    }

    private static IEnumerable<OpCase> Training()
    {
        foreach ((string name, double clip) in new[] { ("decay ends inside", double.PositiveInfinity), ("clipped", 0.75) })
        {
            var settings = new AdamSettings(0.9, 0.999, 1e-8, 0.1, 40, clip);
            yield return Kernel(
                "Adam", name, [new(101), new(101), new(101, InputKind.Positive), new(101), new(101)],
                (k, d, x) =>
                {
                    k.Adam(x[0], x[1], x[2], x[3], x[4], SquaredNorm(k, d, x[4]), Doubles(d, 1e-2, 0.271, 0.003, 0.99), settings);
                    return [x[0], x[1], x[2], x[3]];
                },
                1e-6, Rounding);
        }

        yield return Kernel(
            "Adam", "a gradient of NaN changes nothing", [new(101), new(101), new(101, InputKind.Positive), new(101), new(101)],
            (k, d, x) =>
            {
                k.Adam(x[0], x[1], x[2], x[3], x[4], Doubles(d, double.NaN), Doubles(d, 1e-2, 0.271, 0.003, 0.99), new AdamSettings(0.9, 0.999, 1e-8, 0.1, 40, 1));
                return [x[0], x[1], x[2], x[3]];
            },
            0, Exact);
        foreach (bool first in new[] { true, false })
        {
            yield return Kernel(
                "NesterovRows", first ? "first step" : "later", [new((3, 37)), new((3, 37)), new((3, 37)), new(3, InputKind.Positive, 0.1)],
                (k, d, x) => { k.NesterovRows(x[0], x[1], x[2], x[3], 0.9, 5e-4, first); return [x[0], x[1]]; }, 5e-7, Rounding);
        }

        foreach (long step in new[] { 1L, 50L })
        {
            yield return Kernel(
                "AdamRows", step == 1 ? "first step" : "later", [new((3, 37)), new((3, 37)), new((3, 37), InputKind.Positive), new((3, 37)), new(3, InputKind.Positive, 0.1)],
                (k, d, x) => { k.AdamRows(x[0], x[1], x[2], x[3], x[4], 0.9, 0.999, 1e-8, 0.01, step); return [x[0], x[1], x[2]]; }, 1e-6, Rounding);
        }

        foreach ((string name, int[] widths, int count, int images) in new (string, int[], int, int)[]
            {
                ("mlp 784-10-10", [784, 10, 10], 3, 300), ("one layer", [20, 7], 2, 65), ("three hidden", [30, 12, 9, 5, 10], 5, 257), ("wider than shared memory", [20, 390, 7], 3, 130),
                ("ten layers", [9, 8, 7, 8, 9, 8, 7, 6, 5, 4, 5], 2, 70),
            })
        {
            int parameters = widths.Zip(widths.Skip(1), (a, b) => a * b + b).Sum();
            yield return Kernel(
                "PopulationMlp", name,
                [new((count, parameters), Scale: 0.3), new((images, widths[0])), new(images, InputKind.Labels, widths[^1])],
                (k, d, x) =>
                {
                    Tensor wrong = d.Empty((count, (images + 63) / 64), DType.U64), losses = d.Empty(count);
                    k.PopulationMlp(wrong, losses, x[0], x[1], x[2], widths);
                    return [wrong, losses];
                },
                2e-6, Sums);
        }
    }

    private static OpCase Op(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<Tape, IReadOnlyList<Tensor>, Tensor> run, double tolerance, string reason) =>
        new(op, name, inputs, (tape, x) => [run(tape, x)], tolerance, reason);

    private static OpCase Kernel(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<IKernels, Device, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> run,
        double tolerance, string reason) =>
        new(op, name, inputs, (tape, x) => run(tape.Device.Kernels, tape.Device, x), tolerance, reason, Differentiable: false);

    /// <summary>The networks of Hyper-Representations, one of another form, and odd small ones.</summary>
    private static IEnumerable<OpCase> ConvNets()
    {
        foreach ((string name, ConvNet net, int count, int images, int batch) in new (string, ConvNet, int, int, int)[]
            {
                ("cnn-small", new(1, 28, 28, [new(8, 5, true), new(6, 5, true), new(4, 2, false)], [20, 10], Activation.Tanh), 3, 70, 5),
                ("three channels", new(3, 15, 13, [new(5, 5, true), new(6, 2, false)], [7], Activation.LeakyRelu), 2, 65, 18),
                ("one pixel", new(1, 3, 3, [new(1, 2, true)], [3, 2], Activation.Silu), 1, 3, 1),
                ("odd", new(2, 12, 11, [new(7, 3, true), new(3, 4, false)], [9, 4, 6], Activation.Gelu), 4, 130, 33),
            })
        {
            // Nets of such weights are not constant, and no two places of a pooling block are equal.
            CaseInput weights = new((count, net.Parameters), Scale: 0.2), pixels = new((images, net.Features));
            yield return Kernel(
                "PopulationConvNet", name, [weights, pixels, new(images, InputKind.Labels, net.Classes)],
                (k, d, x) =>
                {
                    Tensor wrong = d.Empty((count, (images + 63) / 64), DType.U64), losses = d.Empty(count);
                    k.PopulationConvNet(wrong, losses, x[0], x[1], x[2], net);
                    return [wrong, losses];
                },
                3e-6, Sums);
            yield return Kernel(
                "PopulationConvNetLogits", name, [weights, pixels],
                (k, d, x) => { Tensor logits = d.Empty((count, images, net.Classes)); k.PopulationConvNetLogits(logits, x[0], x[1], net); return [logits]; }, 3e-6, Sums);
            foreach (bool shared in new[] { false, true })
            {
                int orders = shared ? 1 : count;
                yield return Kernel(
                    "PopulationConvNetGradient", shared ? $"{name}, the same images" : name,
                    [weights, pixels, new((orders, batch), InputKind.Labels, images), new((count, batch), InputKind.Labels, net.Classes)],
                    (k, d, x) =>
                    {
                        Tensor gradient = d.Empty((count, net.Parameters)), losses = d.Empty(count), logits = d.Empty((count, batch, net.Classes));
                        k.PopulationConvNetGradient(gradient, losses, logits, x[0], x[1], x[2], x[3], net);
                        return [gradient, losses, logits];
                    },
                    5e-6, Sums);
            }
        }
    }

    private static Tensor Doubles(Device device, params double[] values)
    {
        Tensor tensor = device.Empty(values.Length, DType.F64);
        tensor.Write<double>(values);
        return tensor;
    }

    private static Tensor SquaredNorm(IKernels kernels, Device device, Tensor x)
    {
        Tensor norm = device.Empty(1, DType.F64);
        kernels.SumOfSquares(norm, x);
        return norm;
    }

    private static Tensor Keys(Device device, int rows)
    {
        Tensor keys = device.Empty(rows, DType.U64);
        keys.Write<ulong>([.. Enumerable.Range(0, rows).Select(r => new RandomStream(7, "rows").Sub("row", r).Key)]);
        return keys;
    }
}
