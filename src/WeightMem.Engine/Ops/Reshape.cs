using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>The same elements under other sizes.</summary>
public static class ReshapeOp
{
    /// <summary>A view; its gradient is passed on as it is.</summary>
    /// <exception cref="ArgumentException">The element counts differ.</exception>
    public static Tensor Reshape(this Tape tape, Tensor x, Shape shape)
    {
        Tensor y = x.Reshape(shape);
        tape.Add(y, default, ElementwiseOps.Cost(y, 0, 2), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.Axpby(dx, dy, 1, accumulate ? 1 : 0);
        }
    }
}
