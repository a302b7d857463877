using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>The tokens of one layer: one for each neuron or filter.</summary>
/// <param name="Start">Where the layer starts in a weight row; its tokens lie there too.</param>
/// <param name="Count">Neurons.</param>
/// <param name="Length">Weights of a neuron and its bias.</param>
/// <param name="First">Tokens of the layers before.</param>
public readonly record struct TokenLayer(int Start, int Count, int Length, int First)
{
    /// <summary>Values of the layer.</summary>
    public int Values => Count * Length;
}

/// <summary>
/// How a weight row is cut into tokens: neuron after neuron, each its incoming weights and then its bias, layer after layer. Every value is in exactly one token, so
/// token order is a permutation of the row, and it moves nothing from one layer to another.
/// </summary>
public sealed class NeuronTokens
{
    private readonly int[] _order;

    /// <summary>Cuts a layout.</summary>
    /// <param name="layout">A dense layout of weight, bias, weight, bias ..., with outputs as the first dimension of a weight.</param>
    /// <exception cref="ArgumentException">The layout is of another kind.</exception>
    public NeuronTokens(ParameterLayout layout)
    {
        Parameters = checked((int)layout.Count);
        var layers = new List<TokenLayer>();
        var order = new List<int>();
        int first = 0;
        for (int i = 0; i < layout.Entries.Count; i += 2)
        {
            ParameterEntry weight = layout.Entries[i];
            ParameterEntry? bias = i + 1 < layout.Entries.Count ? layout.Entries[i + 1] : null;
            int neurons = weight.Shape.Rank > 1 ? weight.Shape[0] : 0;
            if (neurons == 0 || bias is not { Shape.Rank: 1 } || bias.Shape[0] != neurons)
                throw new ArgumentException($"neuron tokens need a weight and its bias in turn, not {weight.Name} {weight.Shape} and {bias?.Name ?? "nothing"} {bias?.Shape}");
            int inputs = (int)weight.Count / neurons;
            layers.Add(new TokenLayer((int)weight.Offset, neurons, inputs + 1, first));
            for (int neuron = 0; neuron < neurons; neuron++)
            {
                order.AddRange(Enumerable.Range((int)weight.Offset + neuron * inputs, inputs));
                order.Add((int)bias.Offset + neuron);
            }

            first += neurons;
        }

        (Layers, Count, _order) = (layers, first, [.. order]);
    }

    /// <summary>Values of a weight row.</summary>
    public int Parameters { get; }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>The layers in order.</summary>
    public IReadOnlyList<TokenLayer> Layers { get; }

    /// <summary>Which value of a row is where in token order: <c>tokens[i] = row[order[i]]</c>.</summary>
    public ReadOnlySpan<int> Order => _order;

    /// <summary>Puts a row into token order.</summary>
    public void Tokenize(Span<float> tokens, ReadOnlySpan<float> row)
    {
        for (int i = 0; i < _order.Length; i++) tokens[i] = row[_order[i]];
    }

    /// <summary>The inverse of <see cref="Tokenize"/>.</summary>
    public void Detokenize(Span<float> row, ReadOnlySpan<float> tokens)
    {
        for (int i = 0; i < _order.Length; i++) row[_order[i]] = tokens[i];
    }
}
