namespace WeightMem.Engine.Ops;

/// <summary>Elementwise non-linearities.</summary>
public enum Activation : byte
{
    /// <summary>x</summary>
    Identity,

    /// <summary>max(x, 0); the derivative at 0 is 0, as in PyTorch.</summary>
    Relu,

    /// <summary>x * Phi(x) with the exact normal distribution function (erf), not the tanh approximation.</summary>
    Gelu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>x * sigmoid(x).</summary>
    Silu,

    /// <summary>x, or 0.01 x below 0; the derivative at 0 is 0.01, as in PyTorch.</summary>
    LeakyRelu,

    /// <summary>x, or exp(x) - 1 below 0; the derivative at 0 is 1, as in PyTorch.</summary>
    Elu,
}
