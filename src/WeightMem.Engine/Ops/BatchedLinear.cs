using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>One linear layer of many networks at once, their weights lying in the rows of a population.</summary>
public static class BatchedLinearOp
{
    /// <summary>y[k] = x[k] W[k]^T + b[k] for every network k, with W[k] and b[k] inside row k of <paramref name="rows"/>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Inputs <c>[count, batch, inputs]</c>.</param>
    /// <param name="rows">The population <c>[count, parameters]</c>; its gradient has the same layout.</param>
    /// <param name="weightOffset">Where the weight <c>[outputs, inputs]</c> starts in a row; the bias <c>[outputs]</c> follows it.</param>
    /// <param name="outputs">Outputs of the layer.</param>
    /// <returns><c>[count, batch, outputs]</c></returns>
    public static Tensor BatchedLinear(this Tape tape, Tensor x, Tensor rows, int weightOffset, int outputs)
    {
        ShapeCheck.That("batched linear", x.Shape.Rank == 3 && rows.Shape.Rank == 2 && x.Shape[0] == rows.Shape[0], x, rows);
        int count = x.Shape[0], batch = x.Shape[1], inputs = x.Shape[2], biasOffset = weightOffset + outputs * inputs;
        ShapeCheck.That("batched linear", biasOffset + outputs <= rows.Shape[1], x, rows);
        Device device = tape.Device;
        Tensor ones = device.Empty((batch, 1));
        device.Kernels.Fill(ones, 1);
        Tensor y = device.Empty((count, batch, outputs));
        MatrixView column = MatrixView.Strided(ones, batch, 1, 0, 1, count);
        device.Kernels.Gemm(MatrixView.BatchOf(y), column, Biases(rows));
        device.Kernels.Gemm(MatrixView.BatchOf(y), MatrixView.BatchOf(x), Weights(rows).Transposed, 1, 1);
        double flops = 2.0 * count * batch * inputs * outputs;
        double bytes = x.Bytes + y.Bytes + (double)count * outputs * inputs * x.DType.Bytes();
        tape.Add(y, new OpCost(flops, bytes), new OpCost(2 * flops, 2 * bytes), Backward, [x, rows], ones);
        return y;

        MatrixView Weights(Tensor of) => MatrixView.Strided(of, outputs, inputs, weightOffset, inputs, count, of.Shape[1]);

        MatrixView Biases(Tensor of) => MatrixView.Strided(of, 1, outputs, biasOffset, outputs, count, of.Shape[1]);

        void Backward(Tensor dy)
        {
            if (tape.Wants(x))
            {
                (Tensor dx, bool accumulate) = tape.GradientOf(x);
                device.Kernels.Gemm(MatrixView.BatchOf(dx), MatrixView.BatchOf(dy), Weights(rows), 1, accumulate ? 1 : 0);
            }

            if (tape.Wants(rows))
            {
                Tensor drows = tape.GradientToAddTo(rows);
                device.Kernels.Gemm(Weights(drows), MatrixView.BatchOf(dy).Transposed, MatrixView.BatchOf(x), 1, 1);
                device.Kernels.Gemm(Biases(drows), column.Transposed, MatrixView.BatchOf(dy), 1, 1);
            }
        }
    }
}
