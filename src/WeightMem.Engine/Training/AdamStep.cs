using System.Runtime.InteropServices;

namespace WeightMem.Engine.Training;

/// <summary>
/// The numbers of AdamW that stay the same: g = clip(gradient); m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p = p - rate * decay * p (the first <paramref name="DecayedCount"/> values), then
/// p -= rate * (m / c1) / (sqrt(v / c2) + epsilon); ema = d ema + (1 - d) p.
/// </summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
/// <param name="DecayedCount">How many leading values decay.</param>
/// <param name="Clip">Largest global L2 norm of the gradient; infinity for no clipping.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct AdamSettings(double Beta1, double Beta2, double Epsilon, double WeightDecay, long DecayedCount, double Clip)
{
    /// <summary>The factor that clipping puts on a gradient of a squared norm: 1, or Clip / (norm + 1e-6), where the 1e-6 is PyTorch's.</summary>
    public double GradientScale(double squaredNorm)
    {
        double norm = Math.Sqrt(squaredNorm);
        return norm > Clip ? Clip / (norm + 1e-6) : 1;
    }
}

/// <summary>The numbers of AdamW that change from step to step, as four doubles on the device: a recorded step reads them anew.</summary>
/// <param name="Rate">Learning rate.</param>
/// <param name="Correction1">1 - beta1^step.</param>
/// <param name="Correction2">1 - beta2^step.</param>
/// <param name="EmaDecay">Decay of the moving average.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct AdamSchedule(double Rate, double Correction1, double Correction2, double EmaDecay);
