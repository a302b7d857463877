using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>The cases of occupancy fields: the sizes of HyperDiffusion and of the small presets, odd widths, one layer, tiles that are not full.</summary>
internal static class FieldCases
{
    private const string Layers = "sums in single precision through the layers, and frequencies by doubled angles: 5e-7 on a feature of size 1";

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach ((string name, FieldNet net, int count, int points, int batch) in new (string, FieldNet, int, int, int)[]
                {
                    ("one", new(1, 1), 1, 1, 1), ("odd", new(2, 7), 2, 37, 5), ("3x32", new(3, 32), 3, 70, 40), ("3x48", new(3, 48), 2, 300, 530), ("3x128", new(3, 128), 1, 261, 270),
                })
            {
                double scale = 1 / Math.Sqrt(net.Width + 8);
                CaseInput weights = new((count, net.Parameters), Scale: scale);
                yield return Case(
                    "FieldLogits", name, [weights, new((count, points, 3), Scale: 0.25)],
                    (k, d, x) => { Tensor y = d.Empty((count, points)); k.FieldLogits(y, x[0], x[1], net); return [y]; });
                yield return Case(
                    "FieldLogits", $"{name} at shared points", [weights, new((1, points, 3), Scale: 0.25)],
                    (k, d, x) => { Tensor y = d.Empty((count, points)); k.FieldLogits(y, x[0], x[1], net); return [y]; });
                (int nx, int ny, int nz) = (3, Math.Max(1, points / 20), 19);
                yield return Case(
                    "FieldGridLogits", name, [weights, new(nx, Scale: 0.25), new(ny, Scale: 0.25), new(nz, Scale: 0.25)],
                    (k, d, x) => { Tensor y = d.Empty((count, nx, ny, nz)); k.FieldGridLogits(y, x[0], x[1], x[2], x[3], net); return [y]; });
                yield return Case(
                    "FieldGradient", name,
                    [weights, new((count, points, 3), Scale: 0.25), new((count, points), InputKind.Labels, 2), new((count, batch), InputKind.Labels, points)],
                    (k, d, x) =>
                    {
                        Tensor gradient = d.Empty((count, net.Parameters)), losses = d.Empty(count);
                        Tensor inside = d.From(Array.ConvertAll(x[2].ToArray<int>(), i => (float)i), (count, points));
                        k.FieldGradient(gradient, losses, x[0], x[1], inside, x[3], net);
                        return [gradient, losses];
                    });
            }
        }
    }

    private static OpCase Case(
        string op, string name, IReadOnlyList<CaseInput> inputs, Func<IKernels, Device, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> run) =>
        new(op, name, inputs, (tape, x) => run(tape.Device.Kernels, tape.Device, x), 5e-6, Layers, Differentiable: false);
}
