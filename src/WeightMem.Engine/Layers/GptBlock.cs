using WeightMem.Engine.Autograd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>
/// A pre-norm transformer block as in minGPT, without a mask: h += proj(attention(ln1(h))); h += mlp(ln2(h)), the MLP four times as wide
/// with exact GELU. State-dict names <c>ln1, ln2, attn.key, attn.query, attn.value, attn.proj, mlp.0, mlp.2</c>.
/// Weights start as N(0, 0.02^2), biases at 0.
/// </summary>
public sealed class GptBlock
{
    private readonly LayerNorm _norm1, _norm2;
    private readonly Linear _qkv, _proj, _up, _down;
    private readonly int _heads;
    private readonly double _dropout;

    /// <summary>A block.</summary>
    /// <param name="builder">Collects the parameters.</param>
    /// <param name="name">State-dict prefix, such as <c>decoder.blocks.0</c>.</param>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="heads">Heads; divides the width.</param>
    /// <param name="dropout">Dropout rate after the projection and after the MLP, in [0, 1).</param>
    /// <exception cref="ArgumentException">The heads do not divide the width.</exception>
    public GptBlock(ParameterBuilder builder, string name, int width, int heads, double dropout)
    {
        if (heads < 1 || width % heads != 0) throw new ArgumentException($"{heads} heads do not divide a width of {width}");
        Initializer weight = Initializer.Normal(0.02), zero = Initializer.Constant(0);
        _norm1 = new LayerNorm(builder, name + ".ln1", width);
        _norm2 = new LayerNorm(builder, name + ".ln2", width);
        _qkv = new Linear(builder, [name + ".attn.key", name + ".attn.query", name + ".attn.value"], width, width, weight, zero);
        _proj = new Linear(builder, [name + ".attn.proj"], width, width, weight, zero);
        _up = new Linear(builder, [name + ".mlp.0"], width, 4 * width, weight, zero);
        _down = new Linear(builder, [name + ".mlp.2"], 4 * width, width, weight, zero);
        _heads = heads;
        _dropout = dropout;
    }

    /// <summary>The block's output for tokens <c>[batch, tokens, width]</c>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="h">The residual stream.</param>
    /// <param name="dropout">Stream of the dropout masks; without one nothing is dropped.</param>
    public Tensor Forward(Tape tape, Tensor h, RandomStream? dropout)
    {
        Tensor attended = tape.Attention(_qkv.Forward(tape, _norm1.Forward(tape, h)), _heads);
        h = Residual(tape, _proj, attended, h, dropout?.Sub("attention"));
        Tensor hidden = _up.Forward(tape, _norm2.Forward(tape, h), Activation.Gelu);
        return Residual(tape, _down, hidden, h, dropout?.Sub("mlp"));
    }

    private Tensor Residual(Tape tape, Linear layer, Tensor x, Tensor h, RandomStream? dropout) => dropout is { } stream && _dropout > 0
        ? tape.Add(h, tape.Dropout(layer.Forward(tape, x), _dropout, stream))
        : layer.Forward(tape, x, h);
}
