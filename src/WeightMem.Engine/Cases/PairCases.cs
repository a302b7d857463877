using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>The cases of the kernels over pairs of networks: random pairs, exact copies, near copies of large norm, ties, marks, too few to compare with.</summary>
internal static class PairCases
{
    private const string Double = "sums of squared differences in double precision, in any order";

    public static IEnumerable<OpCase> All => [.. Distances(), .. Aligned(), .. Masks()];

    private static IEnumerable<OpCase> Distances()
    {
        foreach ((string name, int queries, int references, int columns, int k) in new[]
            {
                ("one", 1, 1, 1, 1), ("odd", 5, 7, 37, 3), ("two tiles", 70, 131, 65, 3), ("slices", 3, 200, 33, 16), ("long rows", 4, 9, 1100, 2),
                ("too few", 3, 2, 12, 5),
            })
        {
            yield return Rows(name, new((queries, columns)), new((references, columns)), k);
        }

        // The rest are what single precision is bad at: zeros, differences of 1e-6 beside norms of 1, ties beyond a list, values that overflow or vanish.
        yield return Rows("copies", new((70, 40), Scale: 5), new((100, 40), InputKind.Near, 0), 3);
        yield return Rows("near copies", new((6, 796), Scale: 0.3), new((40, 796), InputKind.Near, 3e-7), 3);
        yield return Rows("one network many times", new((1, 50)), new((150, 50), InputKind.Near, 0), 3);
        yield return Rows("all within the error", new((1, 600), Scale: 3), new((90, 600), InputKind.Near, 1e-7), 2);
        yield return Rows("huge", new((4, 50), Scale: 1e25), new((70, 50), Scale: 1e25), 3);
        yield return Rows("tiny", new((4, 50), Scale: 1e-24), new((70, 50), Scale: 1e-24), 3);
        yield return Rows("marks", new((66, 20)), new((80, 20)), 3, marks: 3);
        yield return Rows("marks leave few", new((5, 20)), new((6, 20)), 3, marks: 2);
    }

    private static IEnumerable<OpCase> Aligned()
    {
        foreach ((string name, int queries, int references, int hidden, int group, int outputs, int k) in new[]
            {
                ("one unit", 3, 20, 1, 5, 2, 3), ("mlp", 8, 15, 10, 48, 10, 3), ("two tiles", 14, 30, 7, 20, 3, 1), ("33 units", 2, 5, 33, 20, 4, 2),
                ("64 units", 2, 4, 64, 16, 3, 1), ("long groups", 3, 4, 10, 800, 10, 1), ("too few", 2, 2, 4, 9, 2, 3),
            })
        {
            yield return AlignedRows(
                name, new((queries * hidden, group)), new((references * hidden, group)), new((queries, outputs)), new((references, outputs)), hidden, k);
        }

        yield return AlignedRows("copies", new((60, 20), Scale: 3), new((180, 20), InputKind.Near, 0), new((6, 3), Scale: 0), new((18, 3), Scale: 0), 10, 3);
        yield return Shuffled();
        yield return AlignedRows("near copies", new((50, 64), Scale: 3), new((170, 64), InputKind.Near, 3e-6), new((5, 3), Scale: 0), new((17, 3), Scale: 1e-6), 10, 1);
        yield return AlignedRows("one network many times", new((4, 8)), new((160, 8), InputKind.Near, 0), new((1, 2)), new((40, 2), Scale: 0), 4, 3);
        yield return AlignedRows("huge", new((12, 8), Scale: 1e25), new((40, 8), Scale: 1e25), new((3, 2)), new((10, 2)), 4, 2);
        yield return AlignedRows("marks", new((63, 12)), new((81, 12)), new((21, 4)), new((27, 4)), 3, 3, marks: 3);
    }

    /// <summary>
    /// Two references are each query with its units in other orders: the distances are zero and the orders are those. A third neighbour would be a tie of
    /// sums in different orders, which rounding decides.
    /// </summary>
    private static OpCase Shuffled()
    {
        const int Queries = 5, Hidden = 10, Outputs = 3, References = 2 * Queries;
        return Case(
            "NearestAlignedRows", "shuffled copies",
            [new((Queries * Hidden, 24), Scale: 3), new((Queries, Outputs), Scale: 0), new((References, Outputs), Scale: 0), new((References, Hidden), InputKind.Permutations)],
            (kernels, device, x) =>
            {
                int[] orders = x[3].ToArray<int>();
                for (int i = 0; i < orders.Length; i++) orders[i] += i / Hidden % Queries * Hidden;
                Tensor units = device.Empty((References * Hidden, 24)), order = device.Empty((Queries, 2, Hidden), DType.I32);
                kernels.GatherRows(units, x[0], device.From(orders, orders.Length));
                (Tensor squared, Tensor index) = PairCases.Outputs(device, Queries, 2);
                kernels.NearestAlignedRows(squared, index, order, x[0], units, x[1], x[2], null, null);
                return [squared, index, order];
            },
            1e-12, Double);
    }

    private static IEnumerable<OpCase> Masks()
    {
        foreach ((string name, int queries, int references, int words, double rate, int marks) in new[]
            {
                ("one", 1, 1, 1, 0.5, 0), ("odd", 5, 7, 3, 0.3, 0), ("two tiles", 70, 131, 17, 0.2, 0), ("slices", 3, 200, 157, 0.1, 0), ("nearly all", 9, 90, 5, 1.0, 0),
                ("empty masks", 4, 66, 2, 0.0, 0), ("few bits, many ties", 66, 70, 1, 0.04, 3), ("marks leave few", 5, 2, 2, 0.5, 2),
            })
        {
            yield return Case(
                "MostSimilarMasks", name,
                [new((queries, words), InputKind.Words, rate), new((references, words), InputKind.Words, rate), .. Marks(queries, references, marks)],
                (kernels, device, x) =>
                {
                    Tensor similarity = device.Empty(queries, DType.F64), index = device.Empty(queries, DType.I32);
                    kernels.MostSimilarMasks(similarity, index, x[0], x[1], marks > 0 ? x[2] : null, marks > 0 ? x[3] : null);
                    return [similarity, index];
                },
                0, "one division of two counts, in double precision everywhere");
        }
    }

    private static OpCase AlignedRows(
        string name, CaseInput units, CaseInput referenceUnits, CaseInput biases, CaseInput referenceBiases, int hidden, int k, int marks = 0)
    {
        int queries = biases.Shape[0];
        return Case(
            "NearestAlignedRows", name, [units, referenceUnits, biases, referenceBiases, .. Marks(queries, referenceBiases.Shape[0], marks)],
            (kernels, device, x) =>
            {
                (Tensor squared, Tensor index) = Outputs(device, queries, k);
                Tensor order = device.Empty((queries, k, hidden), DType.I32);
                kernels.NearestAlignedRows(squared, index, order, x[0], x[1], x[2], x[3], marks > 0 ? x[4] : null, marks > 0 ? x[5] : null);
                return [squared, index, order];
            },
            1e-12, Double);
    }

    private static OpCase Rows(string name, CaseInput queries, CaseInput references, int k, int marks = 0) => Case(
        "NearestRows", name, [queries, references, .. Marks(queries.Shape[0], references.Shape[0], marks)],
        (kernels, device, x) =>
        {
            (Tensor squared, Tensor index) = Outputs(device, queries.Shape[0], k);
            kernels.NearestRows(squared, index, x[0], x[1], marks > 0 ? x[2] : null, marks > 0 ? x[3] : null);
            return [squared, index];
        },
        1e-12, Double);

    private static (Tensor Squared, Tensor Index) Outputs(Device device, int queries, int k) =>
        (device.Empty((queries, k), DType.F64), device.Empty((queries, k), DType.I32));

    private static CaseInput[] Marks(int queries, int references, int marks) =>
        marks == 0 ? [] : [new(queries, InputKind.Labels, marks), new(references, InputKind.Labels, marks)];

    private static OpCase Case(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<IKernels, Device, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> run, double tolerance,
        string reason) =>
        new(op, name, inputs, (tape, x) => run(tape.Device.Kernels, tape.Device, x), tolerance, reason, Differentiable: false);
}
