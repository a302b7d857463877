using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>
/// A network architecture whose weights are generated: its layout, its batched forward over many weight rows at once, and the
/// permutations of hidden units that leave its function unchanged.
/// </summary>
public interface ITarget
{
    /// <summary>Name with sizes, such as <c>mlp-784-10-10</c>.</summary>
    string Name { get; }

    /// <summary>The dense layout of a weight row.</summary>
    ParameterLayout Layout { get; }

    /// <summary>Sizes of the hidden layers whose units can be permuted.</summary>
    IReadOnlyList<int> HiddenWidths { get; }

    /// <summary>Writes a freshly initialised network into a row.</summary>
    void Initialize(Span<float> row, RandomStream stream);

    /// <summary>Measures score (accuracy in percent), loss and error masks of every row on the images, and stores them in the population.</summary>
    /// <exception cref="ArgumentException">The population is of another width, or the images have other features or classes.</exception>
    void Evaluate(Device device, Population population, ImageSet images);

    /// <summary>The class that each network gives to each point <c>[points, inputs]</c>: label maps, for decision boundaries.</summary>
    int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images);

    /// <summary>
    /// The gather index of a permutation of hidden units: <c>permuted[i] = row[index[i]]</c> computes the same function, its hidden unit
    /// j of layer l being the row's unit <c>permutations[l][j]</c>.
    /// </summary>
    int[] PermutationIndex(IReadOnlyList<int[]> permutations);
}
