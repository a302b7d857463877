namespace WeightMem.Engine.Training;

/// <summary>Learning-rate schedules, as pure functions of progress.</summary>
public static class Schedules
{
    /// <summary>base * (1 + cos(pi * progress)) / 2 for progress from 0 to 1.</summary>
    public static double Cosine(double baseRate, double progress) => 0.5 * baseRate * (1 + Math.Cos(Math.PI * progress));

    /// <summary>The cosine times time / warmup while time is below warmup: rises from 0 and has no kink in its own cosine.</summary>
    public static double WarmCosine(double baseRate, double time, double duration, double warmup) =>
        Cosine(baseRate, time / duration) * (time < warmup ? time / warmup : 1);

    /// <summary>A moving average's decay that starts small so that the first values are forgotten: min(limit, (1 + step) / (10 + step)).</summary>
    public static double RampedDecay(double limit, long step) => Math.Min(limit, (1.0 + step) / (10.0 + step));

    /// <summary>
    /// The rate after some epochs, multiplied by a factor whenever the epoch's loss has not fallen below the best one by more than a relative threshold for more than
    /// <paramref name="patience"/> epochs; the waiting then starts anew.
    /// </summary>
    /// <param name="baseRate">Rate of the first epoch.</param>
    /// <param name="losses">Loss of every epoch so far.</param>
    /// <param name="factor">What the rate is multiplied by.</param>
    /// <param name="patience">Epochs without improvement that are waited for.</param>
    /// <param name="threshold">Relative improvement that counts.</param>
    public static double Plateau(double baseRate, IReadOnlyList<double> losses, double factor, int patience, double threshold)
    {
        double best = double.PositiveInfinity;
        int waited = 0;
        foreach (double loss in losses)
        {
            if (loss < best * (1 - threshold) || double.IsPositiveInfinity(best)) (best, waited) = (loss, 0);
            else waited++;
            if (waited <= patience) continue;
            baseRate *= factor;
            waited = 0;
        }

        return baseRate;
    }
}
