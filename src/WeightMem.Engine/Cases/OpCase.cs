using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>What an input of a case holds.</summary>
public enum InputKind
{
    /// <summary>Standard normal numbers times the scale; a gradient is asked for.</summary>
    Values,

    /// <summary>Standard normal numbers times the scale, without a gradient.</summary>
    Constants,

    /// <summary>Uniform numbers from 0.5 to 1.5 times the scale, without a gradient: rates, variances.</summary>
    Positive,

    /// <summary>Integers from 0 to the scale, exclusive.</summary>
    Labels,

    /// <summary>Each row a permutation of its column indices.</summary>
    Permutations,

    /// <summary>
    /// The first input's rows over and over, each value off by a standard normal number times the scale; copies when that is 0. Without a gradient.
    /// </summary>
    Near,

    /// <summary>Words of 64 random bits that are set with a probability of the scale; rows go from none of it to all of it.</summary>
    Words,
}

/// <summary>One input of a case.</summary>
/// <param name="Shape">Sizes.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Scale">Scale of the numbers, or the bound of labels.</param>
public readonly record struct CaseInput(Shape Shape, InputKind Kind = InputKind.Values, double Scale = 1);

/// <summary>How right a case must be where products are computed in fewer bits.</summary>
/// <param name="Tolerance">Largest difference from double precision, relative to the largest magnitude of the output.</param>
/// <param name="Reason">Why it is what it is.</param>
public readonly record struct ModeTolerance(double Tolerance, string Reason);

/// <summary>
/// One op at one size. The same list of cases tests devices against the reference, checks gradients, and says what a device supports.
/// </summary>
/// <param name="Op">The op's one word, as in its file name.</param>
/// <param name="Name">What the size is from: <c>small</c>, <c>odd</c>, or the model it occurs in.</param>
/// <param name="Inputs">The inputs.</param>
/// <param name="Run">Runs the op on the tape's device; outputs that are compared.</param>
/// <param name="Tolerance">Largest difference allowed between single and double precision, relative to the largest magnitude of the output.</param>
/// <param name="Reason">Why the tolerance is what it is.</param>
/// <param name="Differentiable">Whether gradients exist: the inputs of kind <see cref="InputKind.Values"/> are checked.</param>
public sealed record OpCase(
    string Op,
    string Name,
    IReadOnlyList<CaseInput> Inputs,
    Func<Tape, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> Run,
    double Tolerance,
    string Reason,
    bool Differentiable = true)
{
    /// <summary>The modes of fewer bits that the case is run in as well; none for most.</summary>
    public IReadOnlyDictionary<MatrixMath, ModeTolerance> Modes { get; init; } = new Dictionary<MatrixMath, ModeTolerance>();

    /// <inheritdoc/>
    public override string ToString() => $"{Op} {Name}";
}
