using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Rows of length 1, and the products of all rows with each other: what contrastive losses are made of.</summary>
public static class UnitRowsOp
{
    /// <summary>Each row divided by its L2 norm, or by <paramref name="floor"/> if that is larger.</summary>
    public static Tensor UnitRows(this Tape tape, Tensor x, double floor = 1e-8)
    {
        Tensor y = tape.Device.Empty(x.Shape), norm = tape.Device.Empty(x.Shape.Rows);
        tape.Device.Kernels.UnitRowsForward(y, norm, x, floor);
        tape.Add(y, ElementwiseOps.Cost(y, 3, 2), ElementwiseOps.Cost(y, 5, 3), Backward, [x], norm);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.UnitRowsBackward(dx, dy, y, norm, floor, accumulate);
        }
    }

    /// <summary>scale * x x^T for x <c>[rows, columns]</c>: the product of every row with every row, <c>[rows, rows]</c>.</summary>
    public static Tensor RowProducts(this Tape tape, Tensor x, double scale)
    {
        ShapeCheck.That("row products", x.Shape.Rank == 2, x, x);
        Device device = tape.Device;
        Tensor y = device.Empty((x.Shape[0], x.Shape[0]));
        device.Kernels.Gemm(MatrixView.Of(y), MatrixView.Of(x), MatrixView.Of(x).Transposed, scale);
        var cost = new OpCost(2.0 * y.Elements * x.Shape[1], x.Bytes + y.Bytes);
        tape.Add(y, cost, cost + cost, Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            device.Kernels.Gemm(MatrixView.Of(dx), MatrixView.Of(dy), MatrixView.Of(x), scale, accumulate ? 1 : 0);
            device.Kernels.Gemm(MatrixView.Of(dx), MatrixView.Of(dy).Transposed, MatrixView.Of(x), scale, 1);
        }
    }
}
