namespace WeightMem.Formats;

/// <summary>The next so many bytes of a file as a stream of their own, for what unpacks or sums them. The file stays open.</summary>
internal sealed class FileSection(FileReader file, long left) : ForwardStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, left);
        file.Read(buffer[..count], "data");
        left -= count;
        return count;
    }
}
