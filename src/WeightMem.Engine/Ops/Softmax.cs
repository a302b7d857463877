using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Softmax over the last dimension.</summary>
public static class SoftmaxOp
{
    /// <summary>exp(x) / sum(exp(x)) of each row.</summary>
    public static Tensor Softmax(this Tape tape, Tensor x)
    {
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.SoftmaxForward(y, x);
        tape.Add(y, ElementwiseOps.Cost(y, 15, 2), ElementwiseOps.Cost(y, 4, 3), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.SoftmaxBackward(dx, dy, y, accumulate);
        }
    }
}
