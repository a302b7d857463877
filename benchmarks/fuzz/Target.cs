using System.Text;
using WeightMem.Formats;

namespace WeightMem.Fuzz;

/// <summary>A reader under test.</summary>
/// <param name="Name">How the command line names it.</param>
/// <param name="Corpus">Sound files of its kind.</param>
/// <param name="Read">Reads everything a file holds.</param>
internal sealed record Target(string Name, Func<IReadOnlyList<byte[]>> Corpus, Action<Stream> Read)
{
    /// <summary>The name that readers are given and that errors begin with.</summary>
    public const string Path = "fuzz.bin";

    /// <summary>Pieces that mean something in the format.</summary>
    public IReadOnlyList<byte[]> Tokens { get; init; } = [];

    /// <summary>A slower reader is a finding.</summary>
    public double LongestSeconds { get; init; } = 2;

    /// <summary>How to reach what is packed, or null.</summary>
    public Container? Container { get; init; }

    /// <summary>Words of a text format, separated by blanks; <c>\n</c> stands for the end of a line, and <c>~</c> for a blank.</summary>
    public static IReadOnlyList<byte[]> Words(string words) =>
        [.. words.Split(' ').Select(w => Encoding.Latin1.GetBytes(w.Replace("\\n", "\n", StringComparison.Ordinal).Replace('~', ' ')))];

    /// <summary>Reads every array of a list.</summary>
    public static void ReadAll(ArrayFile file)
    {
        foreach (ArrayEntry entry in file.Arrays)
        {
            try
            {
                file.Read(entry.Name);
            }
            catch (FileFormatException error)
            {
                // One damaged array does not keep the others from being read; its error is looked at as that of a whole file is.
                Outcome.CheckMessage(error);
            }
        }
    }
}
