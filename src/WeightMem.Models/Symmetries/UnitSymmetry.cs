using WeightMem.Engine.Tensors;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Symmetries;

/// <summary>What can be done to one hidden unit, and undone behind it, without changing its network's function.</summary>
public enum UnitSymmetry
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Incoming weights and bias times a positive number, outgoing weights divided by it: units of (leaky) ReLU.</summary>
    PositiveScale,

    /// <summary>The sign of incoming weights, bias and outgoing weights: units of an odd activation with no maximum taken of them.</summary>
    Sign,
}

/// <summary>A target whose hidden units have symmetries beside their order; its layout is weight, bias, weight, bias ... in the order of the layers.</summary>
public interface IRescalableTarget : IProbedTarget
{
    /// <summary>The symmetry of the units of each hidden layer, as many as <see cref="ITarget.HiddenWidths"/>.</summary>
    IReadOnlyList<UnitSymmetry> UnitSymmetries { get; }

    /// <summary>Multiplies the incoming weights and biases of hidden units and divides the outgoing weights.</summary>
    /// <param name="row">The network, changed in place.</param>
    /// <param name="factors">The factor of each unit of each hidden layer; null leaves a layer alone.</param>
    /// <exception cref="ArgumentException">The numbers do not fit, or a factor is not what the layer allows.</exception>
    void ScaleUnits(Span<float> row, IReadOnlyList<float[]?> factors)
    {
        if (factors.Count != HiddenWidths.Count) throw new ArgumentException($"{Name} has {HiddenWidths.Count} hidden layers, and factors of {factors.Count} are given");
        for (int layer = 0; layer < factors.Count; layer++)
        {
            if (factors[layer] is not { } scales) continue;
            if (scales.Length != HiddenWidths[layer]) throw new ArgumentException($"{Name}: hidden layer {layer + 1} has {HiddenWidths[layer]} units, and {scales.Length} factors are given");
            foreach (float factor in scales)
            {
                bool allowed = UnitSymmetries[layer] switch
                {
                    UnitSymmetry.PositiveScale => factor > 0 && float.IsFinite(factor),
                    UnitSymmetry.Sign => factor is 1 or -1,
                    _ => factor == 1,
                };
                if (!allowed) throw new ArgumentException($"{Name}: a unit of hidden layer {layer + 1} cannot be scaled by {factor} and compute the same");
            }

            ParameterEntry weight = Layout.Entries[2 * layer], bias = Layout.Entries[2 * layer + 1], next = Layout.Entries[2 * layer + 2];
            int inputs = (int)weight.Count / scales.Length, outputs = next.Shape[0], block = (int)next.Count / outputs / scales.Length;
            for (int unit = 0; unit < scales.Length; unit++)
            {
                foreach (ref float w in row.Slice((int)weight.Offset + unit * inputs, inputs)) w *= scales[unit];
                row[(int)bias.Offset + unit] *= scales[unit];
                for (int o = 0; o < outputs; o++)
                {
                    foreach (ref float w in row.Slice((int)next.Offset + (o * scales.Length + unit) * block, block)) w /= scales[unit];
                }
            }
        }
    }
}
