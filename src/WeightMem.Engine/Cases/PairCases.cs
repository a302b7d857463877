using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>The cases of the kernels over pairs of networks: random pairs, exact copies, near copies of large norm, ties, marks, too few to compare with.</summary>
internal static class PairCases
{
    private const string Double = "sums of squared differences in double precision, in any order";

    public static IEnumerable<OpCase> All => Distances();

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
