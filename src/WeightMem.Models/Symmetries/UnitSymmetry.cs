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

/// <summary>A target whose hidden units have symmetries beside their order.</summary>
public interface IRescalableTarget : ITarget
{
    /// <summary>The symmetry of the units of each hidden layer, as many as <see cref="ITarget.HiddenWidths"/>.</summary>
    IReadOnlyList<UnitSymmetry> UnitSymmetries { get; }
}
