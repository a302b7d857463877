using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PureHDF;
using PureHDF.Selections;

namespace WeightMem.Formats.Hdf5;

/// <summary>Takes numbers out of datasets, of either byte order.</summary>
internal static class Hdf5Numbers
{
    /// <summary>Elements asked of the library at a time, so that arrays past its 2 GiB limit are read too.</summary>
    private const long BlockElements = 1 << 22;

    /// <summary>Reads rows, block by block.</summary>
    /// <param name="data">The dataset, of elements T.</param>
    /// <param name="shape">Its sizes, one at least.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="into">Gets their elements.</param>
    /// <param name="multiple">Rows of a chunk.</param>
    public static void ReadRows<T>(IH5Dataset data, long[] shape, long first, long rows, Memory<T> into, long multiple)
        where T : unmanaged
    {
        byte[]? foreign = null;
        foreach ((HyperslabSelection block, int start, int count) in Hdf5Blocks.Of(shape, first, rows, multiple, BlockElements))
        {
            if (foreign is null)
            {
                try
                {
                    data.Read(into.Slice(start, count), fileSelection: block);
                    continue;
                }
                catch (Exception error) when (IsOtherByteOrder(error))
                {
                    foreign = [];
                }
            }

            long bytes = (long)count * Unsafe.SizeOf<T>();
            if (foreign.Length < bytes) foreign = new byte[bytes];
            data.Read(foreign.AsMemory(0, (int)bytes), fileSelection: block);
            CopyReversed(foreign.AsSpan(0, (int)bytes), into.Slice(start, count).Span);
        }
    }

    /// <summary>Reads the one element of a scalar.</summary>
    public static void ReadScalar<T>(IH5Dataset data, T[] into)
        where T : unmanaged
    {
        try
        {
            into[0] = data.Read<T>();
        }
        catch (Exception error) when (IsOtherByteOrder(error))
        {
            CopyReversed(data.Read<byte[]>(), into);
        }
    }

    /// <summary>
    /// The library says that it converts no byte order, and does not say beforehand which one a dataset has; as bytes it gives the elements
    /// as they are stored.
    /// </summary>
    private static bool IsOtherByteOrder(Exception error)
    {
        while (error.InnerException is { } inner) error = inner;
        return error.Message.StartsWith("Byte order conversion", StringComparison.Ordinal);
    }

    private static void CopyReversed<T>(Span<byte> elements, Span<T> into)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        for (int at = 0; at + size <= elements.Length; at += size) elements.Slice(at, size).Reverse();
        elements.CopyTo(MemoryMarshal.AsBytes(into));
    }
}
