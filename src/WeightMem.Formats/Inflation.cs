namespace WeightMem.Formats;

/// <summary>
/// How much memory a file may ask for. Compressed data can claim a thousand times their own size, and a shape can claim anything: no reader
/// allocates more than this for one file, so a small hostile file takes little memory and an honest one, however well it packs, is read.
/// </summary>
internal static class Inflation
{
    /// <summary>Bytes may become at most this many times as many.</summary>
    public const long Factor = 32;

    /// <summary>What any file may ask for, however small it is: an array of zeros packs to a thousandth.</summary>
    public const long Floor = 256L << 20;

    /// <summary>The most bytes that a file of so many bytes may become in memory: 32 times as many, or 256 MiB if that is more.</summary>
    public static long Limit(long fileBytes) => Math.Max(Floor, fileBytes > long.MaxValue / Factor ? long.MaxValue : fileBytes * Factor);
}
