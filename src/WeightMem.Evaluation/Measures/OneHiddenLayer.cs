using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Where a network with one hidden layer keeps the values of each hidden unit: incoming weights, bias, outgoing weights. Permuting
/// these groups leaves the network's function unchanged.
/// </summary>
internal sealed class OneHiddenLayer
{
    private readonly int _weightIn, _biasIn, _weightOut, _biasOut;

    private OneHiddenLayer(ParameterLayout layout)
    {
        IReadOnlyList<ParameterEntry> e = layout.Entries;
        Hidden = e[0].Shape[0];
        Inputs = e[0].Shape[1];
        Outputs = e[2].Shape[0];
        (_weightIn, _biasIn, _weightOut, _biasOut) = ((int)e[0].Offset, (int)e[1].Offset, (int)e[2].Offset, (int)e[3].Offset);
    }

    /// <summary>Number of hidden units.</summary>
    public int Hidden { get; }

    /// <summary>Number of inputs of the network.</summary>
    public int Inputs { get; }

    /// <summary>Number of outputs of the network.</summary>
    public int Outputs { get; }

    /// <summary>
    /// Values kept for one hidden unit: inputs + 1 + outputs, and zeros up to a multiple of 16, which change no distance and spare
    /// sums their tails.
    /// </summary>
    public int GroupSize => (Inputs + 1 + Outputs + 15) & ~15;

    /// <summary>Whether a layout is weight [H, in], bias [H], weight [out, H], bias [out].</summary>
    public static bool Fits(ParameterLayout layout)
    {
        IReadOnlyList<ParameterEntry> e = layout.Entries;
        if (e.Count != 4 || e[0].Shape.Rank != 2 || e[1].Shape.Rank != 1 || e[2].Shape.Rank != 2 || e[3].Shape.Rank != 1) return false;
        int hidden = e[0].Shape[0], outputs = e[2].Shape[0];
        return hidden > 0 && e[1].Shape[0] == hidden && e[2].Shape[1] == hidden && e[3].Shape[0] == outputs;
    }

    /// <summary>The parts of a layout.</summary>
    /// <exception cref="ArgumentException">The layout is of another architecture.</exception>
    public static OneHiddenLayer Of(ParameterLayout layout, string target) => Fits(layout)
        ? new OneHiddenLayer(layout)
        : throw new ArgumentException(
            "the permutation-aware distance takes networks of one hidden layer (weight [H, in], bias [H], weight [out, H], bias [out]); " +
            $"{target} has {string.Join(", ", layout.Entries.Select(e => $"{e.Name} {e.Shape}"))}");

    /// <summary>Writes the hidden units of all networks as rows, <c>[count * hidden, group size]</c>.</summary>
    public void Units(Population population, Span<float> units)
    {
        for (int i = 0; i < population.Count; i++)
        {
            ReadOnlySpan<float> row = population.Row(i);
            for (int h = 0; h < Hidden; h++)
            {
                Span<float> unit = units.Slice((i * Hidden + h) * GroupSize, GroupSize);
                row.Slice(_weightIn + h * Inputs, Inputs).CopyTo(unit);
                unit[Inputs] = row[_biasIn + h];
                for (int o = 0; o < Outputs; o++) unit[Inputs + 1 + o] = row[_weightOut + o * Hidden + h];
                unit[(Inputs + 1 + Outputs)..].Clear();
            }
        }
    }

    /// <summary>The output biases of all networks, <c>[count, outputs]</c>: what no permutation moves.</summary>
    public float[] OutputBiases(Population population)
    {
        var biases = new float[population.Count * Outputs];
        for (int i = 0; i < population.Count; i++) population.Row(i).Slice(_biasOut, Outputs).CopyTo(biases.AsSpan(i * Outputs));
        return biases;
    }

    /// <summary>A copy of a row whose hidden unit j is the row's unit <c>permutation[j]</c>.</summary>
    public float[] Permuted(ReadOnlySpan<float> row, ReadOnlySpan<int> permutation)
    {
        float[] copy = row.ToArray();
        for (int j = 0; j < Hidden; j++)
        {
            int from = permutation[j];
            row.Slice(_weightIn + from * Inputs, Inputs).CopyTo(copy.AsSpan(_weightIn + j * Inputs));
            copy[_biasIn + j] = row[_biasIn + from];
            for (int o = 0; o < Outputs; o++) copy[_weightOut + o * Hidden + j] = row[_weightOut + o * Hidden + from];
        }

        return copy;
    }
}
