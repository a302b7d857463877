using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets;

/// <summary>
/// A network architecture whose weights are generated: its layout, how a network starts, and the permutations of hidden units that leave its function
/// unchanged. What its networks do, many weight rows at once, is the business of a kind of target, such as <see cref="IImageTarget"/>.
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

    /// <summary>
    /// The gather index of a permutation of hidden units: <c>permuted[i] = row[index[i]]</c> computes the same function, its hidden unit
    /// j of layer l being the row's unit <c>permutations[l][j]</c>.
    /// </summary>
    int[] PermutationIndex(IReadOnlyList<int[]> permutations);
}
