using PureHDF.Selections;

namespace WeightMem.Formats.Hdf5;

/// <summary>Cuts a dataset into blocks of whole leading slices.</summary>
internal static class Hdf5Blocks
{
    /// <summary>The blocks in order, each with the place and number of its elements in a row-major array.</summary>
    /// <param name="shape">The dataset's sizes, one at least.</param>
    /// <param name="multiple">Slices per block are a multiple of this: a chunk is then inflated once.</param>
    /// <param name="elements">About how many elements a block has.</param>
    public static IEnumerable<(HyperslabSelection Block, int Start, int Count)> Of(long[] shape, long multiple, long elements)
    {
        long slice = 1;
        foreach (long size in shape.AsSpan(1)) slice *= size;
        if (slice == 0) yield break;
        long slices = Math.Max(1, elements / slice / multiple) * multiple;
        for (long at = 0; at < shape[0]; at += slices)
        {
            long count = Math.Min(slices, shape[0] - at);
            var starts = new ulong[shape.Length];
            ulong[] counts = [.. shape.Select(s => (ulong)s)];
            (starts[0], counts[0]) = ((ulong)at, (ulong)count);
            yield return (new HyperslabSelection(shape.Length, starts, counts), checked((int)(at * slice)), checked((int)(count * slice)));
        }
    }
}
