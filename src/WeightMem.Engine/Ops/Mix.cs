using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Fixed linear combinations of the rows of each matrix of a batch: means, copies, deviations from a mean.</summary>
public static class MixOp
{
    /// <summary>y[b] = weights x[b].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[batch, rows, columns]</c>.</param>
    /// <param name="weights">Constant <c>[outputs, rows]</c>; gets no gradient.</param>
    /// <returns><c>[batch, outputs, columns]</c></returns>
    public static Tensor Mix(this Tape tape, Tensor x, Tensor weights)
    {
        ShapeCheck.That("mix", x.Shape.Rank == 3 && weights.Shape.Rank == 2 && weights.Shape[1] == x.Shape[1], x, weights);
        Device device = tape.Device;
        Tensor y = device.Empty((x.Shape[0], weights.Shape[0], x.Shape[2]));
        device.Kernels.Gemm(MatrixView.BatchOf(y), Weights(), MatrixView.BatchOf(x));
        var cost = new OpCost(2.0 * y.Elements * x.Shape[1], x.Bytes + y.Bytes);
        tape.Add(y, cost, cost, Backward, [x]);
        return y;

        MatrixView Weights() => MatrixView.Strided(weights, weights.Shape[0], weights.Shape[1], 0, weights.Shape[1], x.Shape[0], 0);

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            device.Kernels.Gemm(MatrixView.BatchOf(dx), Weights().Transposed, MatrixView.BatchOf(dy), 1, accumulate ? 1 : 0);
        }
    }
}
