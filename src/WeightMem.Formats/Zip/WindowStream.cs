namespace WeightMem.Formats.Zip;

/// <summary>So many bytes of a stream from where it stands. The stream below stays open.</summary>
internal sealed class WindowStream(Stream below, long left) : ForwardStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int got = below.Read(buffer[..(int)Math.Min(buffer.Length, left)]);
        left -= got;
        return got;
    }
}
