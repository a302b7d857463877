using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>By what the incoming weights of a hidden unit can be multiplied, and its outgoing ones divided, without changing what the network computes.</summary>
public enum UnitScaling
{
    /// <summary>By nothing.</summary>
    None,

    /// <summary>By 1 and -1: the activation is odd, and no pooling stands before it.</summary>
    Sign,

    /// <summary>By any positive number: the activation is linear on either side of 0.</summary>
    Positive,
}

/// <summary>A target whose hidden units can be scaled; its layout is weight, bias, weight, bias ... in the order of the layers.</summary>
public interface IScalableTarget : IImageTarget
{
    /// <summary>What each hidden layer allows.</summary>
    IReadOnlyList<UnitScaling> Scalings { get; }

    /// <summary>The logits of every network on every image, <c>[count, images, classes]</c>: to check that a transformation leaves a function alone.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">The networks.</param>
    /// <param name="images">Images <c>[images, features]</c>, few enough that all logits fit the device.</param>
    /// <exception cref="ArgumentException">The rows are of another width, or weights are NaN or infinite.</exception>
    float[] Logits(Device device, Population population, ReadOnlySpan<float> images);

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
                bool allowed = Scalings[layer] switch
                {
                    UnitScaling.Positive => factor > 0 && float.IsFinite(factor),
                    UnitScaling.Sign => factor is 1 or -1,
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
