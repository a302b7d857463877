using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>Cases of the ops that the auto-encoder of Hyper-Representations is made of beside the transformer's.</summary>
internal static class NormCases
{
    private const string Sums = "sums in single precision: about sqrt(terms) roundings of 6e-8";

    public static IEnumerable<OpCase> All => [.. Norms(), .. Moves()];

    private static IEnumerable<OpCase> Norms()
    {
        foreach ((string name, int rows, int columns) in new[] { ("three columns", 5, 3), ("odd", 7, 37), ("hyper small", 98, 96), ("hyper paper", 3, 1728) })
        {
            yield return Op(
                "UnbiasedNorm", name, [new((rows, columns), Scale: 2), new(columns), new(columns)], (t, x) => t.UnbiasedNorm(x[0], x[1], x[2]), 3e-6, Sums);
            yield return Op("UnitRows", name, [new((rows, columns), Scale: 2)], (t, x) => t.UnitRows(x[0]), 3e-6, Sums);
        }

        // A floor above every norm: the rows are divided by a constant.
        yield return Op("UnitRows", "floor", [new((5, 37))], (t, x) => t.UnitRows(x[0], 50), 1e-6, Sums);
        yield return Op("RowProducts", "odd", [new((9, 13))], (t, x) => t.RowProducts(x[0], 2.5), 2e-6, Sums);
        yield return Op("Mix", "means", [new((3, 7, 5)), new((2, 7), InputKind.Constants)], (t, x) => t.Mix(x[0], x[1]), 2e-6, Sums);
        yield return Op("Mix", "copies", [new((4, 1, 19)), new((6, 1), InputKind.Constants)], (t, x) => t.Mix(x[0], x[1]), 2e-6, Sums);
        foreach ((string name, int batch, int tokens, int width, int heads) in new[] { ("odd", 2, 7, 12, 3), ("hyper small", 2, 49, 96, 4) })
        {
            yield return Op(
                "Attention", $"with dropout, {name}", [new((batch, tokens, 3 * width))], (t, x) => t.Attention(x[0], heads, 0.25, new RandomStream(5, "dropout")), 4e-6, Sums);
        }
    }

    private static IEnumerable<OpCase> Moves()
    {
        const string Exact = "copies and integers: no rounding at all";
        yield return Op("Columns", "odd", [new((5, 3, 7))], (t, x) => t.Columns(x[0], 5, 4, (5, 2, 6)), 0, Exact);
        yield return Op("SideBySide", "odd", [new((5, 3, 7)), new((5, 4)), new((10, 1))], (t, x) => t.SideBySide(x, 5, (5, 27)), 0, Exact);
        yield return Op("SideBySide", "one part twice", [new((5, 7))], (t, x) => t.SideBySide([x[0], x[0]], 5, (5, 14)), 2e-7, "a gradient of two terms");
        yield return Op("Transpose", "odd", [new((5, 7))], (t, x) => t.Transpose(x[0]), 0, Exact);
        yield return Op("Transpose", "shared", [new((5, 5))], (t, x) => t.Add(x[0], t.Transpose(x[0])), 2e-7, "one sum");
    }

    private static OpCase Op(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<Tape, IReadOnlyList<Tensor>, Tensor> run, double tolerance, string reason) =>
        new(op, name, inputs, (tape, x) => [run(tape, x)], tolerance, reason);
}
