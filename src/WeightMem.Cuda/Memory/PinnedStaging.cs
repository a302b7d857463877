namespace WeightMem.Cuda.Memory;

/// <summary>
/// Copies between ordinary host memory and a device by way of two pinned blocks in turn: small uploads return at once instead of waiting for the stream,
/// and large copies run while the processor fills or empties the other block. To be used from one thread at a time.
/// </summary>
public sealed class PinnedStaging : IDisposable
{
    private readonly CudaStream _stream;
    private readonly PinnedBuffer[] _blocks = new PinnedBuffer[2];
    private readonly CudaEvent[] _done = new CudaEvent[2];
    private readonly int _bytes;
    private int _current, _used;

    /// <summary>Takes the two blocks.</summary>
    /// <param name="stream">The stream of all copies.</param>
    /// <param name="blockBytes">Size of each block.</param>
    /// <exception cref="CudaException">There is no room.</exception>
    public PinnedStaging(CudaStream stream, int blockBytes = 4 << 20)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, 1);
        _stream = stream;
        _bytes = blockBytes;
        try
        {
            for (int i = 0; i < 2; i++)
            {
                _blocks[i] = new PinnedBuffer(stream.Context, (nuint)blockBytes);
                _done[i] = new CudaEvent(stream.Context);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Copies to the device in the order of the stream. The source may change as soon as the call returns.</summary>
    /// <param name="to">The first byte written.</param>
    /// <param name="from">The bytes.</param>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void ToDevice(DevicePointer<byte> to, ReadOnlySpan<byte> from)
    {
        while (!from.IsEmpty)
        {
            if (_used == _bytes) TurnOver();
            int count = Math.Min(from.Length, _bytes - _used);
            from[..count].CopyTo(_blocks[_current].Span<byte>((nuint)_used, count));
            _stream.CopyToDevice(to, _blocks[_current], (nuint)_used, (nuint)count);
            _used += count;
            to += count;
            from = from[count..];
        }
    }

    /// <summary>Copies to the host after all work of the stream, and waits.</summary>
    /// <param name="to">Receives the bytes.</param>
    /// <param name="from">The first byte read.</param>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void ToHost(Span<byte> to, DeviceReader<byte> from)
    {
        if (to.IsEmpty) return;
        _stream.Synchronize(); // both blocks are free from here on
        _used = 0;
        int first = Math.Min(to.Length, _bytes), pending = _current;
        Fetch(pending, from, first);
        for (int at = 0, count = first; count > 0;)
        {
            int next = Math.Min(to.Length - at - count, _bytes);
            if (next > 0) Fetch(1 - pending, from + (at + count), next);
            _done[pending].Synchronize();
            _blocks[pending].Span<byte>(0, count).CopyTo(to.Slice(at, count));
            at += count;
            count = next;
            pending = 1 - pending;
        }
    }

    /// <summary>Releases the blocks. Copies in flight must be done. Never throws.</summary>
    public void Dispose()
    {
        for (int i = 0; i < 2; i++)
        {
            _done[i]?.Dispose();
            _blocks[i]?.Dispose();
        }
    }

    private void Fetch(int block, DeviceReader<byte> from, int count)
    {
        _stream.CopyToHost(_blocks[block], 0, from, (nuint)count);
        _done[block].Record(_stream);
    }

    private void TurnOver()
    {
        _done[_current].Record(_stream);
        _current = 1 - _current;
        _done[_current].Synchronize();
        _used = 0;
    }
}
