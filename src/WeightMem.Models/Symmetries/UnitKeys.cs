namespace WeightMem.Models.Symmetries;

/// <summary>
/// What no order of hidden units changes about each unit of a network: its parameters sorted by value, <see cref="PerUnit"/> of them at even steps. Like units have like keys, and a
/// permuted copy has the same keys in another order.
/// </summary>
public sealed class UnitKeys
{
    /// <summary>Values kept of each unit.</summary>
    internal const int PerUnit = 16;

    private readonly double[][] _layers;

    private UnitKeys(double[][] layers) => _layers = layers;

    /// <summary>The keys of a network.</summary>
    /// <param name="structure">Which parameters move together.</param>
    /// <param name="network">Its weights.</param>
    public static UnitKeys Of(PermutationStructure structure, ReadOnlySpan<float> network)
    {
        var layers = new double[structure.Layers.Count][];
        for (int index = 0; index < layers.Length; index++)
        {
            PermutableLayer layer = structure.Layers[index];
            layers[index] = new double[PerUnit * layer.Units];
            if (layer.Incoming.Length == 0) continue;
            var values = new float[layer.Incoming.Length];
            for (int unit = 0; unit < layer.Units; unit++)
            {
                int[] slots = layer.Slots[unit];
                for (int s = 0; s < slots.Length; s++) values[s] = network[slots[s]];
                Array.Sort(values);
                for (int key = 0; key < PerUnit; key++) layers[index][key * layer.Units + unit] = values[key * (values.Length - 1) / (PerUnit - 1)];
            }
        }

        return new UnitKeys(layers);
    }

    /// <summary>The keys of one layer's units, <c>[PerUnit][units]</c>.</summary>
    internal ReadOnlySpan<double> Layer(int layer) => _layers[layer];
}
