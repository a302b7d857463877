using WeightMem.Engine.Autograd;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>A block of the auto-encoder's transformers, for tokens <c>[batch, tokens, width]</c>.</summary>
internal interface ITransformerBlock
{
    /// <summary>The block's output.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="h">The tokens.</param>
    /// <param name="dropout">Stream of the dropout masks; without one nothing is dropped.</param>
    Tensor Forward(Tape tape, Tensor h, RandomStream? dropout);
}

/// <summary>The norm of unbiased deviation, with state-dict names <c>alpha</c> and <c>bias</c>.</summary>
internal sealed class UnbiasedNorm(ParameterBuilder builder, string name, int width)
{
    private readonly Parameter _alpha = builder.Add(name + ".alpha", width, Initializer.Constant(1), decays: true);
    private readonly Parameter _bias = builder.Add(name + ".bias", width, Initializer.Constant(0), decays: true);

    public Tensor Forward(Tape tape, Tensor x) => tape.UnbiasedNorm(x, _alpha.Value, _bias.Value);
}

/// <summary>h += drop(attention(norm_1(h))); h += drop(feed-forward(norm_2(h))), with ReLU and dropout inside; the reference's type <c>pol</c>.</summary>
internal sealed class PreNormBlock : ITransformerBlock
{
    private readonly UnbiasedNorm? _norm1, _norm2;
    private readonly Linear _qkv, _out, _up, _down;
    private readonly int _heads;
    private readonly double _dropout;

    public PreNormBlock(ParameterBuilder builder, string name, AutoEncoderSettings settings)
    {
        (_heads, _dropout) = (settings.Heads, settings.Dropout);
        int width = settings.Width;
        if (settings.Normalize)
        {
            _norm1 = new UnbiasedNorm(builder, name + ".norm_1", width);
            _norm2 = new UnbiasedNorm(builder, name + ".norm_2", width);
        }

        _qkv = TorchLinear.Create(builder, [name + ".attn.k_linear", name + ".attn.q_linear", name + ".attn.v_linear"], width, width);
        _out = TorchLinear.Create(builder, [name + ".attn.out"], width, width);
        _up = TorchLinear.Create(builder, [name + ".ff.linear_1"], width, settings.Hidden);
        _down = TorchLinear.Create(builder, [name + ".ff.linear_2"], settings.Hidden, width);
    }

    public Tensor Forward(Tape tape, Tensor h, RandomStream? dropout)
    {
        Tensor qkv = _qkv.Forward(tape, _norm1?.Forward(tape, h) ?? h);
        Tensor attended = dropout is { } stream ? tape.Attention(qkv, _heads, _dropout, stream.Sub("probabilities")) : tape.Attention(qkv, _heads);
        h = Residual(tape, _out, attended, h, dropout?.Sub("attention"));
        Tensor hidden = _up.Forward(tape, _norm2?.Forward(tape, h) ?? h, Activation.Relu);
        if (dropout is { } inside) hidden = tape.Dropout(hidden, _dropout, inside.Sub("hidden"));
        return Residual(tape, _down, hidden, h, dropout?.Sub("feed-forward"));
    }

    private Tensor Residual(Tape tape, Linear layer, Tensor x, Tensor h, RandomStream? dropout) => dropout is { } stream && _dropout > 0
        ? tape.Add(h, tape.Dropout(layer.Forward(tape, x), _dropout, stream))
        : layer.Forward(tape, x, h);
}

/// <summary>
/// PyTorch's post-norm encoder layer, called as the reference calls it: the batch taken for the sequence, so that attention runs over the networks of the batch at
/// each position. Inference only.
/// </summary>
internal sealed class AcrossBatchBlock : ITransformerBlock
{
    private readonly LayerNorm _norm1, _norm2;
    private readonly Parameter _weight, _bias;
    private readonly Linear _out, _up, _down;
    private readonly int _heads;

    public AcrossBatchBlock(ParameterBuilder builder, string name, AutoEncoderSettings settings)
    {
        _heads = settings.Heads;
        int width = settings.Width;
        Initializer uniform = Initializer.Uniform(1 / Math.Sqrt(width));
        _weight = builder.Add(name + ".self_attn.in_proj_weight", (3 * width, width), uniform, decays: true);
        _bias = builder.Add(name + ".self_attn.in_proj_bias", 3 * width, uniform, decays: true);
        _out = TorchLinear.Create(builder, [name + ".self_attn.out_proj"], width, width);
        _up = TorchLinear.Create(builder, [name + ".linear1"], width, settings.Hidden);
        _down = TorchLinear.Create(builder, [name + ".linear2"], settings.Hidden, width);
        _norm1 = new LayerNorm(builder, name + ".norm1", width);
        _norm2 = new LayerNorm(builder, name + ".norm2", width);
    }

    public Tensor Forward(Tape tape, Tensor h, RandomStream? dropout)
    {
        int batch = h.Shape[0], tokens = h.Shape[1], width = h.Shape[2];
        Tensor packed = tape.Linear(h, _weight.Value, _bias.Value); // query | key | value, and the attention takes key | query | value
        Tensor qkv = tape.SideBySide([Part(1), Part(0), Part(2)], batch * tokens, (batch, tokens, 3 * width));
        (Tensor order, Tensor inverse) = (Swap(tape, batch, tokens), Swap(tape, tokens, batch));
        Tensor attended = tape.Attention(tape.Reorder(qkv, order, inverse, (tokens, batch, 3 * width)), _heads);
        attended = tape.Reorder(attended, inverse, order, (batch, tokens, width));
        h = _norm1.Forward(tape, _out.Forward(tape, attended, h));
        return _norm2.Forward(tape, _down.Forward(tape, _up.Forward(tape, h, Activation.Relu), h));

        Tensor Part(int which) => tape.Columns(packed, batch * tokens, which * width, (batch * tokens, width));
    }

    /// <summary>The order that turns <c>[outer, inner]</c> rows into <c>[inner, outer]</c>.</summary>
    private static Tensor Swap(Tape tape, int outer, int inner) =>
        tape.Device.From([.. Enumerable.Range(0, outer * inner).Select(i => i % outer * inner + i / outer)], outer * inner);
}

/// <summary>Linear layers that start as PyTorch's: weight and bias uniform in ±1 / sqrt(inputs).</summary>
internal static class TorchLinear
{
    public static Linear Create(ParameterBuilder builder, IReadOnlyList<string> names, int inputs, int outputs)
    {
        Initializer uniform = Initializer.Uniform(1 / Math.Sqrt(inputs));
        return new Linear(builder, names, inputs, outputs, uniform, uniform, biasDecays: true);
    }
}
