namespace WeightMem.Formats.Zip;

/// <summary>One file within a zip file, as the central directory describes it.</summary>
/// <param name="Name">Its name, with forward slashes.</param>
/// <param name="Deflated">Whether its bytes are deflated; they are stored as they are otherwise.</param>
/// <param name="CompressedLength">Its bytes in the file.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Crc32">The checksum of its bytes.</param>
/// <param name="Header">Where its local header starts in the file.</param>
internal sealed record ZipMember(string Name, bool Deflated, long CompressedLength, long Length, uint Crc32, long Header);
