using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Pooling of grids <c>[batch, height, width, channels]</c>, each channel by itself.</summary>
public static class PoolingOps
{
    /// <summary>The largest value under the window; of equals the first gets the gradient.</summary>
    public static Tensor MaxPool(this Tape tape, Tensor x, Window window)
    {
        Check("max pool", x, window);
        Tensor y = tape.Device.Empty(window.Output(x.Shape[0], x.Shape[3])), places = tape.Device.Empty(y.Shape);
        tape.Device.Kernels.MaxPoolForward(y, places, x, window);
        tape.Add(y, ElementwiseOps.Cost(y, window.Taps, window.Taps + 2), ElementwiseOps.Cost(y, window.Taps, window.Taps + 2), Backward, [x], places);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.MaxPoolBackward(dx, dy, places, window, accumulate);
        }
    }

    /// <summary>The mean under the window.</summary>
    /// <exception cref="ArgumentException">The window has padding.</exception>
    public static Tensor AveragePool(this Tape tape, Tensor x, Window window)
    {
        Check("average pool", x, window);
        if (window is not { PadHeight: 0, PadWidth: 0 }) throw new ArgumentException("average pool: there is no padding");
        Tensor y = tape.Device.Empty(window.Output(x.Shape[0], x.Shape[3]));
        tape.Device.Kernels.AveragePoolForward(y, x, window);
        tape.Add(y, ElementwiseOps.Cost(y, window.Taps, window.Taps + 1), ElementwiseOps.Cost(y, window.Taps, window.Taps + 1), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.AveragePoolBackward(dx, dy, window, accumulate);
        }
    }

    private static void Check(string op, Tensor x, Window window)
    {
        window.Check(op);
        if (x.Shape.Rank != 4 || x.Shape[1] != window.Height || x.Shape[2] != window.Width)
            throw new ArgumentException($"{op}: {x.Shape} is no grid [batch, {window.Height}, {window.Width}, channels]");
    }
}
