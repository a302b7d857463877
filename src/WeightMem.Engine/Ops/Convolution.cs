using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Convolutions of grids <c>[batch, height, width, channels]</c> with filters as state dicts have them.</summary>
public static class ConvolutionOp
{
    /// <summary>A convolution (cross-correlation, as everywhere in deep learning).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Grids <c>[batch, height, width, channels]</c>.</param>
    /// <param name="weight">Filters <c>[filters, channels / groups, kernel height, kernel width]</c>; the groups follow from the channels.</param>
    /// <param name="bias">Bias <c>[filters]</c>, or null.</param>
    /// <param name="window">How the kernel slides.</param>
    /// <returns><c>[batch, out height, out width, filters]</c></returns>
    public static Tensor Convolution(this Tape tape, Tensor x, Tensor weight, Tensor? bias, Window window)
    {
        Check("convolution", x, weight, window);
        ShapeCheck.That("convolution", x.Shape[1] == window.Height && x.Shape[2] == window.Width && x.Shape[3] % weight.Shape[1] == 0, x, weight);
        ShapeCheck.That("convolution", weight.Shape[0] % (x.Shape[3] / weight.Shape[1]) == 0, x, weight);
        if (bias is not null) ShapeCheck.Equal("convolution", weight.Shape[0], (int)bias.Elements, "filters", weight, bias);
        Tensor y = tape.Device.Empty(window.Output(x.Shape[0], weight.Shape[0]));
        tape.Device.Kernels.ConvolutionForward(y, x, weight, bias, window);
        OpCost cost = Cost(x, y, weight);
        tape.Add(y, cost, cost + cost, Backward, [x, weight, bias]);
        return y;

        void Backward(Tensor dy)
        {
            IKernels kernels = tape.Device.Kernels;
            if (tape.Wants(x))
            {
                (Tensor dx, bool accumulate) = tape.GradientOf(x);
                kernels.ConvolutionDataGradient(dx, dy, weight, null, window, accumulate);
            }

            FilterGradients(tape, weight, bias, dy, x, dy, window);
        }
    }

    /// <summary>
    /// A transposed convolution: the data gradient of a convolution whose output <paramref name="x"/> is, whose filters are
    /// <c>[channels of x, channels of the result, kernel height, kernel width]</c>, and whose input has the sizes of the window.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Grids <c>[batch, height, width, channels]</c> of the window's output sizes.</param>
    /// <param name="weight">Filters in the order of transposed convolutions' state dicts.</param>
    /// <param name="bias">Bias <c>[channels of the result]</c>, or null.</param>
    /// <param name="window">The window of the convolution; its input sizes are the result's.</param>
    /// <returns><c>[batch, window height, window width, channels of the result]</c></returns>
    public static Tensor TransposedConvolution(this Tape tape, Tensor x, Tensor weight, Tensor? bias, Window window)
    {
        Check("transposed convolution", x, weight, window);
        ShapeCheck.That("transposed convolution", x.Shape[1] == window.OutHeight && x.Shape[2] == window.OutWidth && x.Shape[3] == weight.Shape[0], x, weight);
        if (bias is not null) ShapeCheck.Equal("transposed convolution", weight.Shape[1], (int)bias.Elements, "channels", weight, bias);
        Tensor y = tape.Device.Empty(window.Input(x.Shape[0], weight.Shape[1]));
        tape.Device.Kernels.ConvolutionDataGradient(y, x, weight, bias, window, false);
        OpCost cost = Cost(y, x, weight);
        tape.Add(y, cost, cost + cost, Backward, [x, weight, bias]);
        return y;

        void Backward(Tensor dy)
        {
            if (tape.Wants(x))
            {
                (Tensor dx, bool accumulate) = tape.GradientOf(x);
                Tensor to = accumulate ? tape.Device.Empty(dx.Shape) : dx;
                tape.Device.Kernels.ConvolutionForward(to, dy, weight, null, window);
                if (accumulate)
                {
                    tape.Device.Kernels.Add(dx, dx, to);
                    to.Dispose();
                }
            }

            FilterGradients(tape, weight, bias, x, dy, dy, window);
        }
    }

    private static void FilterGradients(Tape tape, Tensor weight, Tensor? bias, Tensor outputs, Tensor inputs, Tensor dy, Window window)
    {
        if (tape.Wants(weight))
        {
            (Tensor dw, bool accumulate) = tape.GradientOf(weight);
            tape.Device.Kernels.ConvolutionFilterGradient(dw, outputs, inputs, window, accumulate);
        }

        if (bias is not null && tape.Wants(bias))
        {
            (Tensor db, bool accumulate) = tape.GradientOf(bias);
            tape.Device.Kernels.SumRows(db, dy, accumulate);
        }
    }

    private static void Check(string op, Tensor x, Tensor weight, Window window)
    {
        window.Check(op);
        ShapeCheck.That(op, x.Shape.Rank == 4 && weight.Shape.Rank == 4, x, weight);
        ShapeCheck.That(op, weight.Shape[2] == window.KernelHeight && weight.Shape[3] == window.KernelWidth, x, weight);
    }

    private static OpCost Cost(Tensor input, Tensor output, Tensor weight)
    {
        double each = weight.Elements / weight.Shape[0];
        return new OpCost(2 * output.Elements * each, input.Bytes + output.Bytes + weight.Bytes);
    }
}
