using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>The cases of kernels on point clouds.</summary>
internal static class CloudCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach ((string name, int a, int b, int p, int q) in new[]
                {
                    ("one", 1, 1, 1, 1), ("odd", 2, 3, 7, 5), ("other sizes", 3, 11, 64, 301), ("512 points", 2, 2, 512, 512),
                })
            {
                yield return Chamfer(name, new((a, p, 3)), new((b, q, 3)), a, b);
            }

            yield return Chamfer("copies", new((3, 50, 3)), new((3, 50, 3), InputKind.Near, 0), 3, 3);
            yield return Chamfer("near copies", new((2, 70, 3), Scale: 3), new((2, 70, 3), InputKind.Near, 1e-3), 2, 2);
        }
    }

    private static OpCase Chamfer(string name, CaseInput first, CaseInput second, int a, int b) => new(
        "ChamferDistances", name, [first, second],
        (tape, x) =>
        {
            Tensor distances = tape.Device.Empty((a, b), DType.F64);
            tape.Device.Kernels.ChamferDistances(distances, x[0], x[1]);
            return [distances];
        },
        1e-6, "squares of differences in single precision, their means in double precision", Differentiable: false);
}
