using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Populations;

/// <summary>Finds out what network a row of weights is from the number of parameters of each of its tensors.</summary>
/// <param name="Target">Name of the target, or one made of the sizes when no target has them.</param>
/// <param name="Layout">The target's layout, or flat tensors <c>tensor0</c>, <c>tensor1</c> and so on.</param>
internal sealed record GptArchitecture(string Target, ParameterLayout Layout)
{
    /// <summary>The network of these sizes, in state-dict order.</summary>
    /// <param name="counts">Parameters of each tensor, 1 or more each.</param>
    public static GptArchitecture Of(int[] counts)
    {
        if (PerceptronName(counts) is { } name)
        {
            ITarget target = TargetCatalog.Create(name, null);
            if (target.Layout.Entries.Select(e => e.Count).SequenceEqual(counts.Select(c => (long)c)))
                return new GptArchitecture(target.Name, target.Layout);
        }

        string sizes = string.Join('-', counts.Select(c => c.ToString(CultureInfo.InvariantCulture)));
        return new GptArchitecture($"flat-{sizes}", new ParameterLayout(counts.Select((count, i) => ($"tensor{i}", (Shape)count))));
    }

    /// <summary>The perceptron whose biases have these sizes: they are its widths after the first, which the first weights then give.</summary>
    private static string? PerceptronName(int[] counts)
    {
        if (counts.Length < 2 || counts.Length % 2 != 0) return null;
        var widths = new List<int> { counts[0] / counts[1] };
        for (int i = 0; i < counts.Length; i += 2)
        {
            if ((long)widths[^1] * counts[i + 1] != counts[i]) return null;
            widths.Add(counts[i + 1]);
        }

        return $"mlp-{string.Join('-', widths)}";
    }
}
