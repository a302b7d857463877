using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

public static partial class KernelRows
{
    /// <summary>The versions in the notebooks, each followed by what ships. Only a CUDA device has them.</summary>
    /// <param name="tiny">Sizes for a device whose speed means nothing.</param>
    public static IReadOnlyList<KernelRow> Versions(bool tiny) => [.. Sizes(tiny).SelectMany(g => Notebooks(g, Gpt(g))), .. Notebooks(Populations(tiny), tiny), .. Notebooks(Pairs(tiny))];

    private static IEnumerable<KernelRow> Notebooks(GptSize g, IEnumerable<KernelRow> rows) => rows.SelectMany(ships => Numbered(ships, ships.Kernel switch
    {
        "SoftmaxForward" => (3, (c, v, i, o) => c.Softmax(v, o[0], i[0])),
        "LayerNormForward" => (3, (c, v, i, o) => c.LayerNorm(v, o[0], o[1], o[2], i[0], i[1], i[2], 1e-5f)),
        "SumRows" => (2, (c, v, i, o) => c.SumRows(v, o[0], i[0])),
        "Gemm up" => (2, (c, v, i, o) => c.Gemm(v, o[0], i[0], i[1])),
        "AttentionForward" => (2, (c, v, i, o) => c.Attention(v, o[0], o[1], i[0], g.Heads)),
        "Adam" => (2, (c, v, i, o) => c.Adam(v, i[0], i[1], i[2], i[3], i[4], i[5], i[6], AdamOf(g))),
        "Elementwise" => (2, (c, v, i, o) => c.Elementwise(v, o[0], i[0], i[1], Activation.Gelu)),
        "Normal" => (2, (c, v, i, o) => c.Normal(v, o[0], new RandomStream(1, "normal"))),
        "CrossEntropyForward" => (2, (c, v, i, o) => c.CrossEntropy(v, o[0], i[0], i[1])),
        _ => (0, NoVersion),
    }));

    private static IEnumerable<KernelRow> Notebooks(IEnumerable<KernelRow> populations, bool tiny) => populations.SelectMany(ships => Numbered(ships, ships.Kernel switch
    {
        "PopulationMlp" => (2, (c, v, i, o) => c.PopulationMlp(v, o[0], i[0], i[1], i[2], MlpWidths(tiny))),
        _ => (0, NoVersion),
    }));

    private static IEnumerable<KernelRow> Notebooks(IEnumerable<KernelRow> pairs) => pairs.SelectMany(ships => Numbered(ships, ships.Kernel switch
    {
        "NearestRows" => (2, (c, v, i, o) => c.NearestRows(v, o[0], i[0], i[1])),
        "NearestAlignedRows" => (2, (c, v, i, o) => c.NearestAlignedRows(v, o[0], i[0], i[1], i[2], i[3])),
        "MostSimilarMasks" => (2, (c, v, i, o) => c.MostSimilarMasks(v, o[0], i[0], i[1])),
        _ => (0, NoVersion),
    }));

    // The versions of a row in order, and what ships after them; nothing where there are none.
    private static IEnumerable<KernelRow> Numbered(KernelRow ships, (int Count, Version Run) versions) => versions.Count == 0
        ? []
        : [
            .. Enumerable.Range(1, versions.Count).Select(v => ships with
            {
                Version = $"{v}",
                IsProduct = false,
                Run = (d, i, o) => versions.Run(((CudaDevice)d).Notebooks, v, i, o),
                Shipped = ships.Run,
            }),
            ships,
        ];

    private static void NoVersion(CudaNotebooks notebooks, int version, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> outputs) =>
        throw new InvalidOperationException("a kernel without versions has none to run");

    private delegate void Version(CudaNotebooks notebooks, int version, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> outputs);
}
