using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>y = x W^T + b.</summary>
public static class LinearOp
{
    /// <summary>Affine map of the last dimension.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., inputs]</c>.</param>
    /// <param name="weight">Weight <c>[outputs, inputs]</c>.</param>
    /// <param name="bias">Bias <c>[outputs]</c>, or null.</param>
    /// <param name="residual">Added to the result, <c>[..., outputs]</c>, or null: saves a pass over memory after a transformer's sub-layer.</param>
    /// <returns><c>[..., outputs]</c></returns>
    public static Tensor Linear(this Tape tape, Tensor x, Tensor weight, Tensor? bias = null, Tensor? residual = null)
    {
        ShapeCheck.That("linear", weight.Shape.Rank == 2, x, weight);
        ShapeCheck.Equal("linear", weight.Shape[1], x.Shape.Columns, "inputs", x, weight);
        if (bias is not null) ShapeCheck.Equal("linear", weight.Shape[0], (int)bias.Elements, "outputs", weight, bias);
        Device device = tape.Device;
        Tensor y = device.Empty(x.Shape.WithColumns(weight.Shape[0]));
        if (residual is not null)
        {
            ShapeCheck.Same("linear", y, residual);
            device.Kernels.Copy(y, residual);
        }

        device.Kernels.Gemm(MatrixView.Of(y), MatrixView.Of(x), MatrixView.Of(weight).Transposed, 1, residual is null ? 0 : 1, bias);
        OpCost cost = Cost(x, weight);
        tape.Add(y, cost, cost + cost, Backward, [x, weight, bias, residual]);
        return y;

        void Backward(Tensor dy)
        {
            IKernels kernels = device.Kernels;
            if (tape.Wants(x))
            {
                (Tensor dx, bool accumulate) = tape.GradientOf(x);
                kernels.Gemm(MatrixView.Of(dx), MatrixView.Of(dy), MatrixView.Of(weight), 1, accumulate ? 1 : 0);
            }

            if (tape.Wants(weight))
            {
                (Tensor dw, bool accumulate) = tape.GradientOf(weight);
                kernels.Gemm(MatrixView.Of(dw), MatrixView.Of(dy).Transposed, MatrixView.Of(x), 1, accumulate ? 1 : 0);
            }

            if (bias is not null && tape.Wants(bias))
            {
                (Tensor db, bool accumulate) = tape.GradientOf(bias);
                kernels.SumRows(db, dy, accumulate);
            }

            if (residual is not null && tape.Wants(residual))
            {
                (Tensor dr, bool accumulate) = tape.GradientOf(residual);
                kernels.Axpby(dr, dy, 1, accumulate ? 1 : 0);
            }
        }
    }

    /// <summary>2 rows inputs outputs operations; every operand once.</summary>
    public static OpCost Cost(Tensor x, Tensor weight)
    {
        double rows = x.Shape.Rows, inputs = weight.Shape[1], outputs = weight.Shape[0], size = x.DType.Bytes();
        return new OpCost(2 * rows * inputs * outputs, size * (rows * inputs + inputs * outputs + rows * outputs));
    }
}
