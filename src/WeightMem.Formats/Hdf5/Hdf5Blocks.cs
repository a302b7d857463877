using PureHDF.Selections;

namespace WeightMem.Formats.Hdf5;

/// <summary>Cuts rows of a dataset, which are slices of its first dimension, into blocks.</summary>
internal static class Hdf5Blocks
{
    /// <summary>The blocks in order, each with the place of its elements in a row-major array of the rows, and their number.</summary>
    /// <param name="shape">The dataset's sizes, one at least.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="multiple">Blocks end where a multiple of so many rows ends: a chunk is then inflated once.</param>
    /// <param name="elements">About how many elements a block has.</param>
    public static IEnumerable<(HyperslabSelection Block, int Start, int Count)> Of(long[] shape, long first, long rows, long multiple, long elements)
    {
        long row = 1;
        foreach (long size in shape.AsSpan(1)) row *= size;
        if (row == 0) yield break;
        long most = Math.Max(1, elements / row / multiple) * multiple, end = first + rows;
        for (long at = first; at < end;)
        {
            long count = Math.Min(most - at % multiple, end - at);
            var starts = new ulong[shape.Length];
            ulong[] counts = [.. shape.Select(s => (ulong)s)];
            (starts[0], counts[0]) = ((ulong)at, (ulong)count);
            yield return (new HyperslabSelection(shape.Length, starts, counts), checked((int)((at - first) * row)), checked((int)(count * row)));
            at += count;
        }
    }
}
