using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Layer normalisation.</summary>
public static class LayerNormOp
{
    /// <summary>Normalises each row to mean 0 and (biased) variance 1, then scales and shifts.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., columns]</c>.</param>
    /// <param name="gamma">Scale <c>[columns]</c>.</param>
    /// <param name="beta">Shift <c>[columns]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Tensor LayerNorm(this Tape tape, Tensor x, Tensor gamma, Tensor beta, double epsilon = 1e-5)
    {
        ShapeCheck.Equal("layer norm", x.Shape.Columns, (int)gamma.Elements, "columns", x, gamma);
        ShapeCheck.Same("layer norm", gamma, beta);
        Tensor y = tape.Device.Empty(x.Shape), mean = tape.Device.Empty(x.Shape.Rows), rstd = tape.Device.Empty(x.Shape.Rows);
        tape.Device.Kernels.LayerNormForward(y, mean, rstd, x, gamma, beta, epsilon);
        tape.Add(y, ElementwiseOps.Cost(y, 8, 2), ElementwiseOps.Cost(y, 16, 3), Backward, [x, gamma, beta], mean, rstd);
        return y;

        void Backward(Tensor dy)
        {
            Tensor dgamma = tape.GradientToAddTo(gamma), dbeta = tape.GradientToAddTo(beta);
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, accumulate);
        }
    }
}
