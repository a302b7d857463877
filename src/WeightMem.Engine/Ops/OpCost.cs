namespace WeightMem.Engine.Ops;

/// <summary>What an op must do at least: floating-point operations, and bytes read and written once.</summary>
/// <param name="Flops">Floating-point operations; a multiply-add counts two.</param>
/// <param name="Bytes">Bytes moved when every operand is touched once.</param>
public readonly record struct OpCost(double Flops, double Bytes)
{
    /// <summary>Both together.</summary>
    public static OpCost operator +(OpCost left, OpCost right) => new(left.Flops + right.Flops, left.Bytes + right.Bytes);

    /// <summary>The same as <c>+</c>.</summary>
    public static OpCost Add(OpCost left, OpCost right) => left + right;
}
