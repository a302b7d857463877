using WeightMem.Engine.Devices;

namespace WeightMem.Engine.Tensors;

/// <summary>
/// A block of device memory shared by a tensor and its views. Goes back to the device's pool when the last of them is released.
/// </summary>
internal sealed class Storage(Device device, BlockPool pool, nint address, long bytes)
{
    private int _references = 1;

    public nint Address { get; } = address;

    /// <summary>Where the block came from and goes back to.</summary>
    public BlockPool Pool { get; } = pool;

    /// <summary>Bytes asked for: what the accounting counts.</summary>
    public long Bytes { get; } = bytes;

    public void Retain() => _references++;

    public void Release()
    {
        if (--_references == 0) device.Return(this);
    }
}
