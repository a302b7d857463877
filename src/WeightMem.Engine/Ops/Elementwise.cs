using WeightMem.Engine.Autograd;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Ops that treat every element alike.</summary>
public static class ElementwiseOps
{
    /// <summary>a + b, same shapes.</summary>
    public static Tensor Add(this Tape tape, Tensor a, Tensor b)
    {
        ShapeCheck.Same("add", a, b);
        Tensor y = tape.Device.Empty(a.Shape);
        tape.Device.Kernels.Add(y, a, b);
        OpCost cost = Cost(y, 1, 3);
        tape.Add(y, cost, cost, Backward, [a, b]);
        return y;

        void Backward(Tensor dy)
        {
            PassOn(tape, a, dy);
            PassOn(tape, b, dy);
        }
    }

    /// <summary>a * b element by element, same shapes.</summary>
    public static Tensor Multiply(this Tape tape, Tensor a, Tensor b)
    {
        ShapeCheck.Same("multiply", a, b);
        Tensor y = tape.Device.Empty(a.Shape);
        tape.Device.Kernels.Multiply(y, a, b, false);
        tape.Add(y, Cost(y, 1, 3), Cost(y, 4, 8), Backward, [a, b]);
        return y;

        void Backward(Tensor dy)
        {
            foreach ((Tensor input, Tensor other) in new[] { (a, b), (b, a) })
            {
                if (!tape.Wants(input)) continue;
                (Tensor d, bool accumulate) = tape.GradientOf(input);
                tape.Device.Kernels.Multiply(d, dy, other, accumulate);
            }
        }
    }

    /// <summary>factor * x.</summary>
    public static Tensor Scale(this Tape tape, Tensor x, double factor)
    {
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.Axpby(y, x, factor, 0);
        tape.Add(y, Cost(y, 1, 2), Cost(y, 2, 3), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.Axpby(dx, dy, factor, accumulate ? 1 : 0);
        }
    }

    /// <summary>x plus a bias that repeats: <c>bias</c> has the shape of the trailing part of x, as a position embedding has.</summary>
    public static Tensor AddBroadcast(this Tape tape, Tensor x, Tensor bias)
    {
        ShapeCheck.That("add broadcast", bias.Elements > 0 && x.Elements % bias.Elements == 0 && bias.Shape.Columns == x.Shape.Columns, x, bias);
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.AddBroadcast(y, x, bias);
        tape.Add(y, Cost(y, 1, 2), Cost(y, 1, 2), Backward, [x, bias]);
        return y;

        void Backward(Tensor dy)
        {
            PassOn(tape, x, dy);
            if (!tape.Wants(bias)) return;
            (Tensor db, bool accumulate) = tape.GradientOf(bias);
            tape.Device.Kernels.SumRows(db, dy, accumulate);
        }
    }

    /// <summary>An elementwise non-linearity.</summary>
    public static Tensor Activate(this Tape tape, Tensor x, Activation activation)
    {
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.ActivationForward(y, x, activation);
        tape.Add(y, Cost(y, 20, 2), Cost(y, 30, 3), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.ActivationBackward(dx, dy, x, activation, accumulate);
        }
    }

    /// <summary>Zeroes elements with probability <paramref name="rate"/> and scales the rest by 1 / (1 - rate); the identity at rate 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not in [0, 1).</exception>
    public static Tensor Dropout(this Tape tape, Tensor x, double rate, RandomStream stream)
    {
        if (rate is < 0 or >= 1) throw new ArgumentOutOfRangeException(nameof(rate), $"dropout: rate {rate} is not in [0, 1)");
        if (rate == 0) return x;
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.Dropout(y, x, rate, stream, false);
        tape.Add(y, Cost(y, 30, 2), Cost(y, 30, 3), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            tape.Device.Kernels.Dropout(dx, dy, rate, stream, accumulate);
        }
    }

    /// <summary>So many operations and tensors' worth of traffic per element.</summary>
    internal static OpCost Cost(Tensor y, double flops, double tensors) => new(flops * y.Elements, tensors * y.Bytes);

    private static void PassOn(Tape tape, Tensor input, Tensor dy)
    {
        if (!tape.Wants(input)) return;
        (Tensor d, bool accumulate) = tape.GradientOf(input);
        tape.Device.Kernels.Axpby(d, dy, 1, accumulate ? 1 : 0);
    }
}
