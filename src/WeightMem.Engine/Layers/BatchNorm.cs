using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>Whose statistics a batch normalisation uses.</summary>
public enum BatchNormMode
{
    /// <summary>The running ones, which stay as they are.</summary>
    Evaluate,

    /// <summary>Those of the batch, towards which the running ones move by a tenth.</summary>
    Train,

    /// <summary>Those of the batch, which the running ones become: to measure a data set in one batch.</summary>
    Measure,

    /// <summary>Those of each sample by itself, as training mode has for a batch of one. Only for inference.</summary>
    PerSample,
}

/// <summary>
/// Batch normalisation of channels, with the state-dict names <c>weight, bias, running_mean, running_var</c>, epsilon 1e-5, and the activation that follows.
/// Scale and shift do not decay; the running statistics are state that does not train.
/// </summary>
public sealed class BatchNorm(ParameterBuilder builder, string name, int channels, double scale = 1)
{
    private readonly Parameter _gamma = builder.Add(name + ".weight", channels, Initializer.Constant(scale), false);
    private readonly Parameter _beta = builder.Add(name + ".bias", channels, Initializer.Constant(0), false);
    private readonly Parameter _mean = builder.AddState(name + ".running_mean", channels, Initializer.Constant(0));
    private readonly Parameter _variance = builder.AddState(name + ".running_var", channels, Initializer.Constant(1));

    /// <summary>Normalises the channels, the last dimension, and applies an activation.</summary>
    public Tensor Forward(Tape tape, Tensor x, BatchNormMode mode, Activation activation = Activation.Identity) => mode switch
    {
        BatchNormMode.Evaluate => tape.ChannelNorm(x, _mean.Value, _variance.Value, _gamma.Value, _beta.Value, activation),
        BatchNormMode.PerSample => tape.SampleNorm(x, _gamma.Value, _beta.Value, activation),
        _ => tape.BatchNorm(
            x, _gamma.Value, _beta.Value, activation, new RunningMoments(_mean.Value, _variance.Value, mode == BatchNormMode.Measure ? 1 : 0.1)),
    };
}
