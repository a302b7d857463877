namespace WeightMem.Engine.Ops;

/// <summary>
/// The sizes of an occupancy field on space (HyperDiffusion, arXiv 2303.17015, <c>MLP3D</c>): a point is encoded by itself and by sine and cosine of 1, 2, 4 and 8
/// times its coordinates, then passes through hidden layers with ReLU to one logit, positive inside.
/// </summary>
/// <param name="Hidden">Hidden layers, at least 1.</param>
/// <param name="Width">Units of each.</param>
public readonly record struct FieldNet(int Hidden, int Width)
{
    /// <summary>Frequencies of the encoding: 1, 2, 4, 8, without a factor of pi.</summary>
    public const int Octaves = 4;

    /// <summary>Features of one coordinate: itself, then sine and cosine of each frequency.</summary>
    public const int AxisFeatures = 1 + 2 * Octaves;

    /// <summary>Features of a point; feature j of coordinate d is number 3 j + d.</summary>
    public const int Features = 3 * AxisFeatures;

    /// <summary>Weights and biases: each layer's weight [outputs, inputs], then its bias.</summary>
    public int Parameters => (Features + 1) * Width + (Hidden - 1) * (Width + 1) * Width + Width + 1;

    /// <summary>Where the weight of a layer starts in a row; layer <see cref="Hidden"/> is the output layer.</summary>
    public int Offset(int layer) => layer == 0 ? 0 : (Features + 1) * Width + (layer - 1) * (Width + 1) * Width;

    /// <summary>Inputs of a layer.</summary>
    public int Inputs(int layer) => layer == 0 ? Features : Width;

    /// <summary>Outputs of a layer.</summary>
    public int Outputs(int layer) => layer == Hidden ? 1 : Width;

    /// <summary>Multiply-adds of one point's logit.</summary>
    public double Products => Parameters - Hidden * Width - 1.0;
}
