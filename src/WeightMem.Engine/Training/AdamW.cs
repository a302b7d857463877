using System.Runtime.InteropServices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Training;

/// <summary>
/// AdamW with global-norm clipping and an optional moving average, each step one pass over the flat buffers. With weight decay 0 it is Adam.
/// </summary>
/// <remarks>
/// A step has three parts, so that the middle one can be recorded and nobody waits inside it: <see cref="Prepare"/> writes the step's numbers to the device,
/// <see cref="Update"/> computes there, <see cref="Finish"/> reads whether the step was taken.
/// </remarks>
public sealed class AdamW : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly AdamSettings _settings;
    private readonly Tensor _schedule, _squaredNorm;

    /// <summary>An optimiser with zero moments.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Decoupled weight decay, on the parameters that decay.</param>
    /// <param name="clip">Largest global L2 norm of the gradient; infinity for no clipping.</param>
    /// <param name="decayAll">Whether weight decay takes biases, norms and embeddings too.</param>
    public AdamW(ParameterSet parameters, double beta1, double beta2, double epsilon, double weightDecay, double clip, bool decayAll = false)
    {
        _parameters = parameters;
        _settings = new AdamSettings(beta1, beta2, epsilon, weightDecay, decayAll ? parameters.Layout.Extent : parameters.DecayedCount, clip);
        FirstMoment = Zeros();
        SecondMoment = Zeros();
        _schedule = parameters.Device.Persistent(4, DType.F64);
        _squaredNorm = parameters.Device.Persistent(1, DType.F64);
    }

    /// <summary>Steps done.</summary>
    public long Steps { get; set; }

    /// <summary>The first moment, flat.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The second moment, flat.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>One step from the gradients there are; updates the moving average too, if the parameters have one.</summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="averageDecay">Decay of the moving average.</param>
    /// <returns>The global norm of the gradient before clipping; NaN or infinity means that nothing was changed.</returns>
    public double Step(double rate, double averageDecay)
    {
        Prepare(rate, averageDecay);
        Update(null);
        return Finish();
    }

    /// <summary>Writes the numbers of the next step to the device.</summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="averageDecay">Decay of the moving average.</param>
    public void Prepare(double rate, double averageDecay)
    {
        long step = Steps + 1;
        AdamSchedule[] schedule = [new(rate, 1 - Math.Pow(_settings.Beta1, step), 1 - Math.Pow(_settings.Beta2, step), averageDecay)];
        _schedule.Write<double>(MemoryMarshal.Cast<AdamSchedule, double>(schedule));
    }

    /// <summary>Updates the parameters from the gradients there are, with the numbers of <see cref="Prepare"/>.</summary>
    /// <param name="loss">If given, a number that must be finite too for the step to be taken.</param>
    public void Update(Tensor? loss)
    {
        Devices.IKernels kernels = _parameters.Device.Kernels;
        kernels.SumOfSquares(_squaredNorm, _parameters.Gradients);
        if (loss is not null) kernels.RequireFinite(_squaredNorm, loss);
        kernels.Adam(_parameters.Values, FirstMoment, SecondMoment, _parameters.Average, _parameters.Gradients, _squaredNorm, _schedule, _settings);
    }

    /// <summary>Waits for the update and counts the step if it was taken.</summary>
    /// <returns>The global norm of the gradient before clipping; NaN or infinity means that nothing was changed.</returns>
    public double Finish()
    {
        double norm = Math.Sqrt(_squaredNorm.Item());
        if (double.IsFinite(norm)) Steps++;
        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        _schedule.Dispose();
        _squaredNorm.Dispose();
    }

    private Tensor Zeros()
    {
        Tensor zeros = _parameters.Device.Persistent(_parameters.Values.Shape, _parameters.Values.DType);
        _parameters.Device.Kernels.Fill(zeros, 0);
        return zeros;
    }
}
