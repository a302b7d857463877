using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Normalisation of channels, batch normalisation among it, with the activation that follows in the same pass.</summary>
public static class ChannelNormOp
{
    /// <summary>Normalises with given statistics, as a batch normalisation in evaluation: they are constants to the backward pass.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., channels]</c>.</param>
    /// <param name="mean">Mean <c>[channels]</c>.</param>
    /// <param name="variance">Variance <c>[channels]</c>.</param>
    /// <param name="gamma">Scale <c>[channels]</c>.</param>
    /// <param name="beta">Shift <c>[channels]</c>.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Tensor ChannelNorm(
        this Tape tape, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, Activation activation = Activation.Identity, double epsilon = 1e-5)
    {
        ShapeCheck.Equal("channel norm", x.Shape.Columns, (int)mean.Elements, "channels", x, mean);
        ShapeCheck.Equal("channel norm", x.Shape.Columns, (int)variance.Elements, "channels", x, variance);
        Shape row = (1, x.Shape.Columns);
        return Normalize(tape, x, mean.Reshape(row), variance.Reshape(row), gamma, beta, activation, epsilon, false);
    }

    /// <summary>Normalises with the batch's own mean and biased variance, as a batch normalisation in training.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input <c>[..., channels]</c>.</param>
    /// <param name="gamma">Scale <c>[channels]</c>.</param>
    /// <param name="beta">Shift <c>[channels]</c>.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="running">Moved towards the batch's statistics if given.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Tensor BatchNorm(
        this Tape tape, Tensor x, Tensor gamma, Tensor beta, Activation activation = Activation.Identity, RunningMoments? running = null, double epsilon = 1e-5)
    {
        Shape row = (1, x.Shape.Columns);
        Tensor mean = tape.Device.Empty(row), variance = tape.Device.Empty(row);
        tape.Device.Kernels.ChannelStatistics(mean, variance, x);
        if (running is { } r)
        {
            // PyTorch: the running variance follows the unbiased one.
            double rows = x.Shape.Rows, unbiased = rows / Math.Max(1, rows - 1);
            tape.Device.Kernels.Axpby(r.Mean, mean.Reshape(r.Mean.Shape), r.Momentum, 1 - r.Momentum);
            tape.Device.Kernels.Axpby(r.Variance, variance.Reshape(r.Variance.Shape), r.Momentum * unbiased, 1 - r.Momentum);
        }

        return Normalize(tape, x, mean, variance, gamma, beta, activation, epsilon, true);
    }

    /// <summary>Normalises each entry of the first dimension with its own statistics (an instance normalisation). Has no backward pass.</summary>
    public static Tensor SampleNorm(this Tape tape, Tensor x, Tensor gamma, Tensor beta, Activation activation = Activation.Identity, double epsilon = 1e-5)
    {
        if (tape.IsRecording) throw new InvalidOperationException("sample norm: only for inference");
        Shape rows = (x.Shape[0], x.Shape.Columns);
        Tensor y = tape.Device.Empty(x.Shape), mean = tape.Device.Empty(rows), variance = tape.Device.Empty(rows);
        tape.Device.Kernels.ChannelStatistics(mean, variance, x);
        tape.Device.Kernels.ChannelNormForward(y, x, mean, variance, gamma, beta, epsilon, activation);
        return y;
    }

    private static Tensor Normalize(
        Tape tape, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, Activation activation, double epsilon, bool ofBatch)
    {
        ShapeCheck.Equal("channel norm", x.Shape.Columns, (int)gamma.Elements, "channels", x, gamma);
        ShapeCheck.Same("channel norm", gamma, beta);
        Tensor y = tape.Device.Empty(x.Shape);
        tape.Device.Kernels.ChannelNormForward(y, x, mean, variance, gamma, beta, epsilon, activation);
        tape.Add(y, ElementwiseOps.Cost(y, 8, ofBatch ? 3 : 2), ElementwiseOps.Cost(y, 16, 5), Backward, [x, gamma, beta], mean, variance);
        return y;

        void Backward(Tensor dy)
        {
            IKernels kernels = tape.Device.Kernels;
            Tensor dgamma = tape.Wants(gamma) ? tape.GradientToAddTo(gamma) : tape.Device.Zeros(gamma.Shape);
            Tensor dbeta = tape.Wants(beta) ? tape.GradientToAddTo(beta) : tape.Device.Zeros(beta.Shape);
            (Tensor dx, bool accumulate) = tape.Wants(x) ? tape.GradientOf(x) : (tape.Device.Empty(x.Shape), false);
            kernels.ChannelNormBackward(dx, dgamma, dbeta, dy, x, mean, variance, gamma, beta, epsilon, activation, ofBatch, accumulate);
            if (!tape.Wants(x)) dx.Dispose();
        }
    }
}

/// <summary>Running statistics of a batch normalisation: state that training moves and no gradient does.</summary>
/// <param name="Mean">Running mean <c>[channels]</c>.</param>
/// <param name="Variance">Running unbiased variance <c>[channels]</c>.</param>
/// <param name="Momentum">Share of a new batch.</param>
public readonly record struct RunningMoments(Tensor Mean, Tensor Variance, double Momentum = 0.1);
