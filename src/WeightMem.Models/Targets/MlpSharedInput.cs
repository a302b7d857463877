using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets;

/// <summary>
/// The first layer of many networks on the same images. A product per network is only as wide as the network's units (10); all
/// networks' units side by side are one wide product, which is what matrix kernels are fast at.
/// </summary>
internal static class MlpSharedInput
{
    /// <summary>y[k] = x W[k]^T + b[k] for every network k, with W[k] and b[k] inside row k of <paramref name="rows"/>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Images <c>[batch, inputs]</c>; they get no gradient.</param>
    /// <param name="rows">The population <c>[count, parameters]</c>; its gradient has the same layout.</param>
    /// <param name="weightOffset">Where the weight <c>[outputs, inputs]</c> starts in a row; the bias <c>[outputs]</c> follows it.</param>
    /// <param name="outputs">Outputs of the layer.</param>
    /// <returns><c>[count, batch, outputs]</c></returns>
    public static Tensor SharedInputLinear(this Tape tape, Tensor x, Tensor rows, int weightOffset, int outputs)
    {
        int count = rows.Shape[0], batch = x.Shape[0], inputs = x.Shape[1], size = outputs * inputs, biasOffset = weightOffset + size;
        if (rows.Shape.Rank != 2 || biasOffset + outputs > rows.Shape[1])
            throw new ArgumentException($"shared input linear: {outputs} units of images {x.Shape} leave rows {rows.Shape}");
        Device device = tape.Device;
        IKernels kernels = device.Kernels;
        Tensor y = device.Empty((count, batch, outputs));
        Tensor toImages = device.From(Transposition(count, batch), batch * count);
        using (Tensor weights = device.Empty((count, size)), biases = device.Empty((count, outputs)),
            wide = device.Empty((batch, count * outputs)))
        {
            kernels.CopyColumns(weights, 0, rows, weightOffset, size, false);
            kernels.CopyColumns(biases, 0, rows, biasOffset, outputs, false);
            kernels.Gemm(
                MatrixView.Of(wide), MatrixView.Of(x), MatrixView.Of(weights.Reshape((count * outputs, inputs))).Transposed,
                bias: biases.Reshape(count * outputs));
            using Tensor toNetworks = device.From(Transposition(batch, count), batch * count);
            kernels.GatherRows(y.Reshape((count * batch, outputs)), wide.Reshape((batch * count, outputs)), toNetworks);
        }

        double flops = 2.0 * count * batch * size, bytes = x.Bytes + 3.0 * y.Bytes + 3.0 * count * size * x.DType.Bytes();
        tape.Add(y, new OpCost(flops, bytes), new OpCost(flops, bytes), Backward, [rows], toImages);
        return y;

        void Backward(Tensor dy)
        {
            Tensor drows = tape.GradientToAddTo(rows);
            using Tensor wide = device.Empty((batch, count * outputs)), dweights = device.Empty((count, size));
            using Tensor dbiases = device.Empty(count * outputs);
            kernels.GatherRows(wide.Reshape((batch * count, outputs)), dy.Reshape((count * batch, outputs)), toImages);
            kernels.Gemm(MatrixView.Of(dweights.Reshape((count * outputs, inputs))), MatrixView.Of(wide).Transposed, MatrixView.Of(x));
            kernels.SumRows(dbiases, wide, false);
            kernels.CopyColumns(drows, weightOffset, dweights, 0, size, true);
            kernels.CopyColumns(drows, biasOffset, dbiases.Reshape((count, outputs)), 0, outputs, true);
        }
    }

    /// <summary>The index that turns rows in the order [inner, outer] into the order [outer, inner].</summary>
    private static int[] Transposition(int inner, int outer)
    {
        // Row r of the result is (o, i) with i fastest; it lies at i * outer + o before.
        var index = new int[inner * outer];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++) index[o * inner + i] = i * outer + o;
        }

        return index;
    }
}
