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
}
