namespace WeightMem.Engine.Training;

/// <summary>
/// The numbers of one step of AdamW: g = scale * gradient; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p = p - rate * decay * p (the first <paramref name="DecayedCount"/> values), then
/// p -= rate * (m / c1) / (sqrt(v / c2) + epsilon); ema = d ema + (1 - d) p.
/// </summary>
/// <param name="Rate">Learning rate.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
/// <param name="DecayedCount">How many leading values decay.</param>
/// <param name="GradientScale">Factor on the gradient: 1, or what clipping asks for.</param>
/// <param name="Correction1">1 - Beta1^step.</param>
/// <param name="Correction2">1 - Beta2^step.</param>
/// <param name="EmaDecay">Decay of the moving average.</param>
public readonly record struct AdamStep(
    double Rate,
    double Beta1,
    double Beta2,
    double Epsilon,
    double WeightDecay,
    long DecayedCount,
    double GradientScale,
    double Correction1,
    double Correction2,
    double EmaDecay);
