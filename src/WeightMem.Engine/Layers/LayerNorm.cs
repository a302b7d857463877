using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>Layer normalisation with a scale and a shift (state-dict names <c>weight</c> and <c>bias</c>), epsilon 1e-5. Neither decays.</summary>
public sealed class LayerNorm(ParameterBuilder builder, string name, int width)
{
    private readonly Parameter _gamma = builder.Add(name + ".weight", width, Initializer.Constant(1), false);
    private readonly Parameter _beta = builder.Add(name + ".bias", width, Initializer.Constant(0), false);

    /// <summary>Normalises the last dimension.</summary>
    public Tensor Forward(Tape tape, Tensor x) => tape.LayerNorm(x, _gamma.Value, _beta.Value);
}
