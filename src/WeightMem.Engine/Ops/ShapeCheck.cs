using System.Runtime.CompilerServices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>The check at an op's door: an error names the op and both shapes.</summary>
internal static class ShapeCheck
{
    public static void Same(string op, Tensor a, Tensor b)
    {
        if (a.Shape != b.Shape) Fail(op, $"shapes {a.Shape} and {b.Shape} differ");
    }

    public static void Equal(string op, int expected, int found, string what, Tensor a, Tensor b)
    {
        if (expected != found) Fail(op, $"{what} differ, {expected} and {found}, in shapes {a.Shape} and {b.Shape}");
    }

    public static void That(string op, bool condition, Tensor a, Tensor b, [CallerArgumentExpression(nameof(condition))] string rule = "")
    {
        if (!condition) Fail(op, $"shapes {a.Shape} and {b.Shape} break the rule {rule}");
    }

    public static void Labels(string op, Tensor labels, int rows)
    {
        if (labels.DType != DType.I32 || labels.Elements != rows)
            Fail(op, $"{rows} rows need as many I32 labels, not {labels.DType}{labels.Shape}");
    }

    private static void Fail(string op, string message) => throw new ArgumentException($"{op}: {message}");
}
