using System.Numerics;

namespace WeightMem.Models.Populations;

/// <summary>
/// Which test images each network gets wrong, one bit per image, packed in 64-bit words; bits past the last image are zero.
/// </summary>
public sealed class ErrorMasks
{
    /// <summary>Masks from packed words, <c>[count, ceil(images / 64)]</c>.</summary>
    /// <exception cref="ArgumentException">The number of words does not fit, or a bit past the last image is set.</exception>
    public ErrorMasks(ulong[] words, int count, int images)
    {
        int perRow = WordsFor(images);
        if (words.Length != (long)count * perRow)
            throw new ArgumentException($"{count} masks of {images} images take {(long)count * perRow} words, not {words.Length}");
        Words = words;
        Count = count;
        Images = images;
        WordsPerRow = perRow;
        if (images % 64 != 0)
        {
            ulong beyond = ulong.MaxValue << (images % 64);
            for (int i = 0; i < count; i++)
            {
                if ((words[(i + 1) * perRow - 1] & beyond) != 0)
                    throw new ArgumentException($"mask {i} has a bit set past image {images - 1}");
            }
        }
    }

    /// <summary>All words, row after row.</summary>
    public ulong[] Words { get; }

    /// <summary>Number of networks.</summary>
    public int Count { get; }

    /// <summary>Number of test images.</summary>
    public int Images { get; }

    /// <summary>Words of one mask.</summary>
    public int WordsPerRow { get; }

    /// <summary>Words that a mask of so many images takes.</summary>
    public static int WordsFor(int images) => (images + 63) / 64;

    /// <summary>The words of one network.</summary>
    public ReadOnlySpan<ulong> Row(int index) => Words.AsSpan(index * WordsPerRow, WordsPerRow);

    /// <summary>Number of images that one network gets wrong.</summary>
    public int Errors(int index)
    {
        int errors = 0;
        foreach (ulong word in Row(index)) errors += BitOperations.PopCount(word);
        return errors;
    }

    /// <summary>Share of images that one network gets right, in percent.</summary>
    public double Accuracy(int index) => 100.0 * (Images - Errors(index)) / Images;

    /// <summary>The masks of some networks, in the given order.</summary>
    public ErrorMasks Select(ReadOnlySpan<int> rows)
    {
        var words = new ulong[rows.Length * WordsPerRow];
        for (int i = 0; i < rows.Length; i++) Row(rows[i]).CopyTo(words.AsSpan(i * WordsPerRow));
        return new ErrorMasks(words, rows.Length, Images);
    }
}
