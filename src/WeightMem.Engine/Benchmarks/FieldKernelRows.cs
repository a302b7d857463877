using WeightMem.Engine.Cases;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>The kernels of occupancy fields and point clouds, at sizes of HyperDiffusion.</summary>
internal static class FieldKernelRows
{
    private const double Layers = 1e-4, Squares = 1e-6;

    public static IEnumerable<KernelRow> All(bool tiny)
    {
        (FieldNet net, int count, int n, int side, int batch) = tiny ? (new FieldNet(2, 7), 2, 70, 5, 40) : (new FieldNet(3, 128), 16, 65_536, 48, 2048);
        string name = tiny ? "tiny" : "16 fields of 3x128, 65,536 points";
        CaseInput weights = new((count, net.Parameters), Scale: 1 / Math.Sqrt(net.Width + 8));
        double flops = 2 * net.Products * count;
        yield return new KernelRow(
            "FieldLogits", name, KernelRow.Ships, [weights, new((1, n, 3), Scale: 0.2)], [(count, n)], (d, i, o) => d.Kernels.FieldLogits(o[0], i[0], i[1], net),
            4.0 * (count * (double)net.Parameters + 3.0 * n + count * (double)n), flops * n, Layers);
        CaseInput axis = new(side, Scale: 0.2);
        double nodes = (double)side * side * side;
        yield return new KernelRow(
            "FieldGridLogits", tiny ? "tiny" : "16 fields of 3x128, 48 x 48 x 48 nodes", KernelRow.Ships, [weights, axis, axis, axis], [(count, side, side, side)],
            (d, i, o) => d.Kernels.FieldGridLogits(o[0], i[0], i[1], i[2], i[3], net), 4.0 * count * (net.Parameters + nodes), flops * nodes, Layers);
        yield return new KernelRow(
            "FieldGradient", tiny ? "tiny" : "16 fields of 3x128, batches of 2,048", KernelRow.Ships,
            [weights, new((count, n, 3), Scale: 0.2), new((count, n), InputKind.Positive), new((count, batch), InputKind.Labels, n)], [(count, net.Parameters)],
            (d, i, o) =>
            {
                using Scope scope = d.Scope();
                d.Kernels.FieldGradient(o[0], d.Empty(count), i[0], i[1], i[2], i[3], net);
            },
            4.0 * count * (2.0 * net.Parameters + 5.0 * batch), 3 * flops * batch, Layers);
        (int clouds, int points) = tiny ? (3, 20) : (64, 2048);
        yield return new KernelRow(
            "ChamferDistances", tiny ? "tiny" : "64 x 64 clouds of 2,048", KernelRow.Ships, [new((clouds, points, 3)), new((clouds, points, 3))], [(clouds, clouds)],
            (d, i, o) => d.Kernels.ChamferDistances(o[0], i[0], i[1]), 24.0 * clouds * points, 8.0 * clouds * clouds * points * points, Squares)
        { OutputType = DType.F64 };
    }
}
