using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// How a flat input <c>[x_t | x_start | e(t) | e(prompt - metric) | e(prompt) | e(metric)]</c> is cut into tokens, and which of them are decoded.
/// The order is the published one (specification 2.1).
/// </summary>
public sealed class GptTokens
{
    /// <summary>Number of scalars embedded: time, difference, prompt, metric.</summary>
    public const int Scalars = 4;

    /// <summary>Cuts the inputs for a layout.</summary>
    public GptTokens(ParameterLayout layout, GptSettings settings)
    {
        Parameters = checked((int)layout.Count);
        FeatureSize = 2 * settings.Frequencies + 1;
        int[] tensors = [.. layout.Entries.Select(e => checked((int)e.Count))];
        IEnumerable<int> weights = tensors.SelectMany(t => Cut(t, settings));
        IEnumerable<int> scalar = Cut(FeatureSize, settings);
        OutputSizes = [.. weights];
        InputSizes = [.. OutputSizes, .. OutputSizes, .. Enumerable.Range(0, Scalars).SelectMany(_ => scalar)];
        Inputs = Group(InputSizes);
        Outputs = Group(OutputSizes);
    }

    /// <summary>Length of a weight row.</summary>
    public int Parameters { get; }

    /// <summary>Length of one scalar's embedding.</summary>
    public int FeatureSize { get; }

    /// <summary>Length of a flat input.</summary>
    public int InputColumns => 2 * Parameters + Scalars * FeatureSize;

    /// <summary>Size of every input token.</summary>
    public IReadOnlyList<int> InputSizes { get; }

    /// <summary>Size of every decoded token: the first ones of the input.</summary>
    public IReadOnlyList<int> OutputSizes { get; }

    /// <summary>The input tokens in runs of one size.</summary>
    public IReadOnlyList<TokenGroup> Inputs { get; }

    /// <summary>The decoded tokens in runs of one size.</summary>
    public IReadOnlyList<TokenGroup> Outputs { get; }

    private static IEnumerable<int> Cut(int size, GptSettings settings)
    {
        int chunk = settings.Split == SplitPolicy.LayerByLayer ? size : settings.Chunk;
        for (int at = 0; at < size; at += chunk) yield return Math.Min(chunk, size - at);
    }

    /// <summary>Runs of tokens of one size.</summary>
    internal static List<TokenGroup> Group(IReadOnlyList<int> sizes)
    {
        var groups = new List<TokenGroup>();
        int column = 0;
        for (int first = 0; first < sizes.Count;)
        {
            int count = 1;
            while (first + count < sizes.Count && sizes[first + count] == sizes[first]) count++;
            groups.Add(new TokenGroup(first, count, sizes[first], column));
            column += count * sizes[first];
            first += count;
        }

        return groups;
    }
}
