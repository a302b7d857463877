using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>The norm of Hyper-Representations: unbiased deviation, epsilon added to it and not to the variance.</summary>
public static class UnbiasedNormOp
{
    /// <summary>alpha (x - mean) / (s + epsilon) + bias for each row, with s the unbiased standard deviation.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., columns]</c>, at least 2 columns.</param>
    /// <param name="alpha">Scale <c>[columns]</c>.</param>
    /// <param name="bias">Shift <c>[columns]</c>.</param>
    /// <param name="epsilon">Added to the deviation.</param>
    public static Tensor UnbiasedNorm(this Tape tape, Tensor x, Tensor alpha, Tensor bias, double epsilon = 1e-6)
    {
        ShapeCheck.Equal("unbiased norm", x.Shape.Columns, (int)alpha.Elements, "columns", x, alpha);
        ShapeCheck.That("unbiased norm", x.Shape.Columns > 1, x, alpha);
        ShapeCheck.Same("unbiased norm", alpha, bias);
        Tensor y = tape.Device.Empty(x.Shape), mean = tape.Device.Empty(x.Shape.Rows), scale = tape.Device.Empty(x.Shape.Rows);
        tape.Device.Kernels.UnbiasedNormForward(y, mean, scale, x, alpha, bias, epsilon);
        tape.Add(y, ElementwiseOps.Cost(y, 8, 2), ElementwiseOps.Cost(y, 16, 3), Backward, [x, alpha, bias], mean, scale);
        return y;

        void Backward(Tensor dy)
        {
            Tensor dalpha = tape.GradientToAddTo(alpha), dbias = tape.GradientToAddTo(bias);
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.UnbiasedNormBackward(dx, dalpha, dbias, dy, x, mean, scale, alpha, epsilon, accumulate);
        }
    }
}
