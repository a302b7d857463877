using WeightMem.Engine.Layers;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Training;

/// <summary>
/// AdamW with global-norm clipping and an optional moving average, each step one pass over the flat buffers. With weight decay 0 it is Adam.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly ParameterSet _parameters;

    /// <summary>An optimiser with zero moments.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Decoupled weight decay, on the parameters that decay.</param>
    /// <param name="clip">Largest global L2 norm of the gradient; infinity for no clipping.</param>
    public AdamW(ParameterSet parameters, double beta1, double beta2, double epsilon, double weightDecay, double clip)
    {
        _parameters = parameters;
        Beta1 = beta1;
        Beta2 = beta2;
        Epsilon = epsilon;
        WeightDecay = weightDecay;
        Clip = clip;
        FirstMoment = Zeros();
        SecondMoment = Zeros();
    }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; }

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; }

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; }

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; }

    /// <summary>Largest global norm of the gradient.</summary>
    public double Clip { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; set; }

    /// <summary>The first moment, flat.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The second moment, flat.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>
    /// One step from the gradients there are; updates the moving average too, if the parameters have one. When the norm is not finite nothing is changed.
    /// </summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="averageDecay">Decay of the moving average.</param>
    /// <returns>The global norm of the gradient before clipping; NaN or infinity means that the step was not taken.</returns>
    public double Step(double rate, double averageDecay)
    {
        double norm = Math.Sqrt(_parameters.Device.Kernels.SumOfSquares(_parameters.Gradients));
        if (!double.IsFinite(norm)) return norm;
        Steps++;
        double scale = norm > Clip ? Clip / (norm + 1e-6) : 1; // the 1e-6 is PyTorch's
        var step = new AdamStep(
            rate, Beta1, Beta2, Epsilon, WeightDecay, _parameters.DecayedCount, scale,
            1 - Math.Pow(Beta1, Steps), 1 - Math.Pow(Beta2, Steps), averageDecay);
        _parameters.Device.Kernels.Adam(_parameters.Values, FirstMoment, SecondMoment, _parameters.Average, _parameters.Gradients, step);
        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private Tensor Zeros()
    {
        Tensor zeros = _parameters.Device.Persistent(_parameters.Values.Shape, _parameters.Values.DType);
        _parameters.Device.Kernels.Fill(zeros, 0);
        return zeros;
    }
}
