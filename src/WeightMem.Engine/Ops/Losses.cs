using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Losses and the reductions that end in one number.</summary>
public static class LossOps
{
    /// <summary>Mean of (x - target)^2 over all elements, a scalar; the target gets no gradient.</summary>
    public static Tensor MeanSquaredError(this Tape tape, Tensor x, Tensor target)
    {
        ShapeCheck.Same("mean squared error", x, target);
        Tensor loss = tape.Device.Empty(1);
        tape.Device.Kernels.MeanSquaredErrorForward(loss, x, target);
        tape.Add(loss, ElementwiseOps.Cost(x, 3, 2), ElementwiseOps.Cost(x, 2, 3), Backward, [x]);
        return loss;

        void Backward(Tensor dloss)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.MeanSquaredErrorBackward(dx, dloss, x, target, accumulate);
        }
    }

    /// <summary>The cross-entropy of each row of logits against its label.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits"><c>[..., classes]</c></param>
    /// <param name="labels">I32, one per row.</param>
    /// <returns><c>[rows]</c>, in nats</returns>
    public static Tensor CrossEntropy(this Tape tape, Tensor logits, Tensor labels)
    {
        ShapeCheck.Labels("cross entropy", labels, logits.Shape.Rows);
        Tensor losses = tape.Device.Empty(logits.Shape.Rows);
        tape.Device.Kernels.CrossEntropyForward(losses, logits, labels);
        tape.Add(losses, ElementwiseOps.Cost(logits, 15, 1), ElementwiseOps.Cost(logits, 17, 2), Backward, [logits]);
        return losses;

        void Backward(Tensor dlosses)
        {
            (Tensor dlogits, bool accumulate) = tape.GradientOf(logits);
            tape.Device.Kernels.CrossEntropyBackward(dlogits, dlosses, logits, labels, accumulate);
        }
    }

    /// <summary>Sum of all elements, a scalar.</summary>
    public static Tensor Sum(this Tape tape, Tensor x)
    {
        Tensor sum = tape.Device.Empty(1);
        tape.Device.Kernels.Sum(sum, x);
        tape.Add(sum, ElementwiseOps.Cost(x, 1, 1), ElementwiseOps.Cost(x, 1, 1), Backward, [x]);
        return sum;

        void Backward(Tensor dsum)
        {
            Tensor dx = tape.GradientToAddTo(x);
            Tensor ones = tape.Device.Empty(x.Shape);
            tape.Device.Kernels.Fill(ones, dsum.Item());
            tape.Device.Kernels.Axpby(dx, ones, 1, 1);
            ones.Dispose();
        }
    }
}
