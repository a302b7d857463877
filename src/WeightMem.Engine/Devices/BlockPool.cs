using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices;

/// <summary>
/// Free blocks of device memory by size. A device has one; work that was recorded has one of its own, because the recording knows its blocks by address and
/// nobody else may write there.
/// </summary>
internal sealed class BlockPool
{
    private readonly Dictionary<long, Stack<nint>> _blocks = [];

    /// <summary>Bytes of free blocks.</summary>
    public long Bytes { get; private set; }

    public bool TryTake(long size, out nint address)
    {
        address = 0;
        if (!_blocks.TryGetValue(size, out Stack<nint>? blocks) || blocks.Count == 0) return false;
        address = blocks.Pop();
        Bytes -= size;
        return true;
    }

    public void Put(nint address, long size)
    {
        ref Stack<nint>? blocks = ref CollectionsMarshal.GetValueRefOrAddDefault(_blocks, size, out _);
        (blocks ??= new Stack<nint>()).Push(address);
        Bytes += size;
    }

    /// <summary>Takes every block out.</summary>
    public IEnumerable<(nint Address, long Size)> Drain()
    {
        foreach ((long size, Stack<nint> blocks) in _blocks)
        {
            while (blocks.Count > 0)
            {
                Bytes -= size;
                yield return (blocks.Pop(), size);
            }
        }
    }
}
