using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>y = x W^T + b, with the state-dict names <c>weight</c> and <c>bias</c>. The weight decays; the bias only if asked.</summary>
public sealed class Linear
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    /// <summary>A layer, or several side by side in one product when there are several names.</summary>
    /// <param name="builder">Collects the parameters.</param>
    /// <param name="names">State-dict prefixes; their outputs lie side by side in this order.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="outputs">Outputs of each name.</param>
    /// <param name="weight">How the weight starts.</param>
    /// <param name="bias">How the bias starts, or null for none.</param>
    /// <param name="biasDecays">Whether weight decay applies to the bias too.</param>
    public Linear(
        ParameterBuilder builder, IReadOnlyList<string> names, int inputs, int outputs, Initializer weight, Initializer? bias, bool biasDecays = false)
    {
        _weight = builder.AddJoined([.. names.Select(n => n + ".weight")], (outputs, inputs), (names.Count * outputs, inputs), weight, true);
        if (bias is { } start)
            _bias = builder.AddJoined([.. names.Select(n => n + ".bias")], outputs, names.Count * outputs, start, biasDecays);
    }

    /// <summary>The affine map of the last dimension, plus <paramref name="residual"/> if given.</summary>
    public Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Linear(x, _weight.Value, _bias?.Value, residual);

    /// <summary>An activation of the affine map: the bias and the activation are one pass over the product.</summary>
    public Tensor Forward(Tape tape, Tensor x, Activation activation) => _bias is { } bias
        ? tape.BiasedActivation(tape.Linear(x, _weight.Value), bias.Value, activation)
        : tape.Activate(tape.Linear(x, _weight.Value), activation);
}
