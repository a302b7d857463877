using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.HyperRepresentations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

public sealed class NeuronTokensTests
{
    [Theory]
    [InlineData(1, 2464, 26)]
    [InlineData(3, 2864, 76)]
    public void The_small_network_has_48_tokens(int channels, int parameters, int first)
    {
        var tokens = new NeuronTokens(new ConvNetTarget(channels, 28, 28, 10).Layout);
        Assert.Equal(parameters, tokens.Parameters);
        Assert.Equal(48, tokens.Count);
        Assert.Equal([first, 201, 25, 37, 21], tokens.Layers.Select(l => l.Length));
        Assert.Equal([8, 6, 4, 20, 10], tokens.Layers.Select(l => l.Count));
        Assert.Equal(channels == 1 ? [0, 208, 1414, 1514, 2254] : [0, 608, 1814, 1914, 2654], tokens.Layers.Select(l => l.Start));
        Assert.Equal(parameters, tokens.Layers.Sum(l => l.Values));
    }

    [Fact]
    public void Every_value_is_in_one_token_and_comes_back()
    {
        var tokens = new NeuronTokens(new ConvNetTarget(1, 28, 28, 10).Layout);
        float[] row = [.. Enumerable.Range(0, 2464).Select(i => i + 0.5f)], cut = new float[2464], back = new float[2464];
        tokens.Tokenize(cut, row);
        tokens.Detokenize(back, cut);
        Assert.Equal(row, back);
        Assert.Equal(row, cut.Order());

        // Neuron 2 of the second layer: 200 weights, then its bias.
        Assert.Equal(Enumerable.Range(208 + 2 * 200, 200).Append(208 + 1200 + 2).Select(i => i + 0.5f), cut[(208 + 2 * 201)..(208 + 3 * 201)]);
    }

    [Fact]
    public void Weights_without_biases_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new NeuronTokens(new ParameterLayout([("a.weight", new Shape(3, 4)), ("b.weight", new Shape(2, 3))])));
        Assert.Contains("a.weight", error.Message, StringComparison.Ordinal);
    }
}
