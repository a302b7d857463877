using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    // As in pairs.cuh.
    private const int PairTile = 64, PairList = 32, PairThreads = 256, ColumnsOfSum = 512;

    // As in assignment.cu.
    private const int MostNetworks = 16;

    /// <summary>Blocks that fill the largest GPU several times over: with fewer tiles of queries the references are cut into slices.</summary>
    private const int ManyBlocks = 1024;

    private const int MostSlices = 64;

    public PairRanking NearestRows(Tensor squared, Tensor index, Tensor queries, Tensor references, Tensor? queryMarks, Tensor? referenceMarks)
    {
        int count = queries.Shape[0], others = references.Shape[0], columns = queries.Shape[1], k = squared.Shape[1];
        RequireNeighbours(k);
        if (count == 0) return PairRanking.Differences;
        int tiles = (count + PairTile - 1) / PairTile, slices = Slices(tiles, (others + PairTile - 1) / PairTile);
        PairBound bound = PairBound.Of(columns, columns);
        long entries = (long)count * slices * PairList;
        DevicePointer<float> values = Scratch<float>(2 * entries + count);
        DevicePointer<int> indices = (values + entries).As<int>(), undecided = indices + entries;
        programs.Distance.NearestTiles(
            stream, new LaunchConfig(new Dim3((uint)tiles, (uint)slices), PairThreads), values, indices, F(queries), F(references), Marks(queryMarks),
            Marks(referenceMarks), count, others, columns, k, bound.Keep, bound.Floor);
        programs.Distance.NearestDecide(
            stream, WarpPerRow(count), D(squared), MutableI(index), undecided, values, indices, F(queries), F(references), count, columns, slices, k, bound.Keep,
            bound.Floor, bound.Relative, bound.Absolute);
        programs.Distance.NearestExact(
            stream, new LaunchConfig(count, PairThreads), D(squared), MutableI(index), undecided, F(queries), F(references), Marks(queryMarks),
            Marks(referenceMarks), others, columns, k);
        return PairRanking.Differences;
    }

    public PairRanking NearestAlignedRows(
        Tensor squared, Tensor index, Tensor order, Tensor queryUnits, Tensor referenceUnits, Tensor queryBiases, Tensor referenceBiases, Tensor? queryMarks,
        Tensor? referenceMarks)
    {
        int count = queryBiases.Shape[0], others = referenceBiases.Shape[0], outputs = queryBiases.Shape[1], group = queryUnits.Shape[1];
        int k = squared.Shape[1], hidden = order.Shape[2];
        RequireNeighbours(k);
        if (hidden is < 1 or > PairLimits.MostUnits)
            throw new ArgumentException($"a GPU aligns networks of 1 to {PairLimits.MostUnits} hidden units, not {hidden}");
        if (count == 0) return PairRanking.Differences;
        int networks = Math.Min(PairTile / hidden, MostNetworks), tiles = (count + networks - 1) / networks;
        int slices = Slices(tiles, (others + networks - 1) / networks);
        PairBound bound = PairBound.Of(group, (long)hidden * group + outputs);
        long entries = (long)count * slices * PairList;
        DevicePointer<float> values = Scratch<float>(2 * entries);
        DevicePointer<int> indices = (values + entries).As<int>();
        programs.Assignment.AlignedTiles(
            stream, new LaunchConfig(new Dim3((uint)tiles, (uint)slices), PairThreads), values, indices, F(queryUnits), F(referenceUnits), F(queryBiases),
            F(referenceBiases), Marks(queryMarks), Marks(referenceMarks), count, others, hidden, group, outputs, networks, k, bound.Keep, bound.Floor);
        programs.Assignment.AlignedDecide(
            stream, new LaunchConfig(count, PairThreads, (uint)(hidden * hidden * sizeof(double))), D(squared), MutableI(index), MutableI(order), values, indices,
            F(queryUnits), F(referenceUnits), F(queryBiases), F(referenceBiases), Marks(queryMarks), Marks(referenceMarks), others, hidden, group, outputs, slices,
            k, bound.Keep, bound.Floor, bound.Relative, bound.Absolute);
        return PairRanking.Differences;
    }

    public void MostSimilarMasks(Tensor similarity, Tensor index, Tensor masks, Tensor referenceMasks, Tensor? queryMarks, Tensor? referenceMarks)
    {
        int count = masks.Shape[0], others = referenceMasks.Shape[0], words = masks.Shape[1];
        if (count == 0) return;
        int tiles = (count + PairTile - 1) / PairTile, slices = Slices(tiles, (others + PairTile - 1) / PairTile);
        long entries = (long)count * slices;
        DevicePointer<int> bits = Scratch<int>(count + others + 3 * entries), referenceBits = bits + count, indices = referenceBits + others;
        DevicePointer<uint> both = (indices + entries).As<uint>(), either = both + entries;
        DeviceReader<ulong> queries = new((ulong)masks.Address), references = new((ulong)referenceMasks.Address);
        programs.Masks.MaskBits(stream, WarpPerRow(count), bits, queries, count, words);
        if (others > 0) programs.Masks.MaskBits(stream, WarpPerRow(others), referenceBits, references, others, words);
        programs.Masks.SimilarTiles(
            stream, new LaunchConfig(new Dim3((uint)tiles, (uint)slices), PairThreads), both, either, indices, queries, references, bits, referenceBits,
            Marks(queryMarks), Marks(referenceMarks), count, others, words);
        programs.Masks.SimilarDecide(stream, LaunchConfig.For(count), D(similarity), MutableI(index), both, either, indices, count, slices);
    }

    private static DevicePointer<double> D(Tensor t) => new((ulong)t.Address);

    private static DevicePointer<int> MutableI(Tensor t) => new((ulong)t.Address);

    private static DeviceReader<int> Marks(Tensor? t) => t is null ? default : I(t);

    /// <summary>Slices of the references, by the sizes alone.</summary>
    private static int Slices(int queryTiles, int referenceTiles) =>
        Math.Clamp((ManyBlocks + queryTiles - 1) / queryTiles, 1, Math.Clamp(referenceTiles, 1, MostSlices));

    private static void RequireNeighbours(int k)
    {
        if (k is < 1 or > PairLimits.MostNeighbours) throw new ArgumentException($"a GPU keeps 1 to {PairLimits.MostNeighbours} neighbours of a query, not {k}");
    }

    /// <summary>The error of a sum of squared differences in single precision: |computed - exact| &lt;= Relative * exact + Absolute.</summary>
    /// <remarks>
    /// All terms have one sign, so the bound is relative to the sum: 2^-24 for every rounding that a term passes through, which are those of its difference
    /// and of its square, one for each addition of its running sum (512 columns), one for each running sum that is added, and those of the sum over the units
    /// of an assignment. Squares that underflow
    /// lose less than the smallest number each.
    /// </remarks>
    private readonly record struct PairBound(double Relative, double Absolute)
    {
        /// <summary>A value above this times the k-th smallest, plus <see cref="Floor"/>, cannot be among the k nearest.</summary>
        public float Keep => (float)((1 + 3 * Relative) * (1 + 1e-6));

        public float Floor => (float)(4 * Absolute);

        public static PairBound Of(int columns, long terms)
        {
            double additions = ColumnsOfSum + columns / ColumnsOfSum + 16;
            double relative = 1.02 * additions / 16777216.0 + 1e-9;
            if (relative > 0.01) throw new ArgumentException($"a GPU compares rows of at most {1 << 26} values, not {columns}");
            return new PairBound(relative, terms * 3e-45);
        }
    }
}
