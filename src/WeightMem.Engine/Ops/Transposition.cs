using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>From channels last to channels first and back, and sums that run across channels.</summary>
public static class TranspositionOps
{
    /// <summary>Each matrix of a batch transposed: <c>[batch, rows, columns]</c> to <c>[batch, columns, rows]</c>.</summary>
    public static Tensor SwapRowsAndColumns(this Tape tape, Tensor x)
    {
        if (x.Shape.Rank != 3) throw new ArgumentException($"swap rows and columns: {x.Shape} is no batch of matrices");
        Tensor y = tape.Device.Empty((x.Shape[0], x.Shape[2], x.Shape[1]));
        tape.Device.Kernels.SwapRowsAndColumns(y, x, false);
        tape.Add(y, ElementwiseOps.Cost(y, 0, 2), ElementwiseOps.Cost(y, 0, 2), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.SwapRowsAndColumns(dx, dy, accumulate);
        }
    }

    /// <summary>y[..., c] = x[..., c] + column[...]: one value for all channels of a place. Two passes: a copy, and a product with a row of ones.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., channels]</c>.</param>
    /// <param name="column">As many values as x has places.</param>
    public static Tensor AddColumn(this Tape tape, Tensor x, Tensor column)
    {
        int places = x.Shape.Rows, channels = x.Shape.Columns;
        ShapeCheck.Equal("add column", places, (int)column.Elements, "places", x, column);
        Tensor y = tape.Device.Empty(x.Shape), ones = tape.Device.Empty((1, channels));
        tape.Device.Kernels.Fill(ones, 1);
        tape.Device.Kernels.Copy(y, x);
        tape.Device.Kernels.Gemm(MatrixView.Of(y), Column(column), MatrixView.Of(ones), 1, 1);
        tape.Add(y, ElementwiseOps.Cost(y, 1, 4), ElementwiseOps.Cost(y, 1, 3), Backward, [x, column], ones);
        return y;

        MatrixView Column(Tensor of) => MatrixView.Strided(of, places, 1, 0, 1);

        void Backward(Tensor dy)
        {
            if (tape.Wants(x))
            {
                (Tensor dx, bool accumulate) = tape.GradientOf(x);
                tape.Device.Kernels.Axpby(dx, dy, 1, accumulate ? 1 : 0);
            }

            if (tape.Wants(column))
            {
                (Tensor dc, bool accumulate) = tape.GradientOf(column);
                tape.Device.Kernels.Gemm(Column(dc), MatrixView.Of(dy), MatrixView.Of(ones).Transposed, 1, accumulate ? 1 : 0);
            }
        }
    }
}
