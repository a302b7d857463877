using WeightMem.Engine.Cases;

namespace WeightMem.Engine.Benchmarks;

/// <summary>The norms of Hyper-Representations, at the sizes of its presets.</summary>
internal static class NormRows
{
    private const double Sums = 2e-5;

    public static IEnumerable<KernelRow> Of(bool tiny)
    {
        (string name, int rows, int width) = tiny ? ("tiny", 6, 36) : ("hyper paper", 64 * 49, 1728);
        double n = (double)rows * width;
        CaseInput x = new((rows, width)), each = new(width), positive = new(rows, InputKind.Positive);
        yield return new KernelRow(
            "UnbiasedNormForward", name, KernelRow.Ships, [x, each, each], [(rows, width), rows, rows],
            (d, i, o) => d.Kernels.UnbiasedNormForward(o[0], o[1], o[2], i[0], i[1], i[2], 1e-6), 8 * n, 8 * n, Sums);
        yield return new KernelRow(
            "UnbiasedNormBackward", name, KernelRow.Ships, [each, each, x, x, new(rows), positive, each], [(rows, width)],
            (d, i, o) => d.Kernels.UnbiasedNormBackward(o[0], i[0], i[1], i[2], i[3], i[4], i[5], i[6], 1e-6, false), 12 * n, 14 * n, Sums);
        yield return new KernelRow(
            "UnitRowsForward", name, KernelRow.Ships, [x], [(rows, width), rows], (d, i, o) => d.Kernels.UnitRowsForward(o[0], o[1], i[0], 1e-8), 8 * n, 3 * n, Sums);
        yield return new KernelRow(
            "UnitRowsBackward", name, KernelRow.Ships, [x, x, positive], [(rows, width)],
            (d, i, o) => d.Kernels.UnitRowsBackward(o[0], i[0], i[1], i[2], 1e-8, false), 12 * n, 5 * n, Sums);
    }
}
