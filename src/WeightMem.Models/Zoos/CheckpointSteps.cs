using WeightMem.Engine.Random;

namespace WeightMem.Models.Zoos;

/// <summary>
/// At which steps a run is saved: at 0, at the last step, and at distinct uniformly drawn steps between, as in the published G.pt data.
/// </summary>
public static class CheckpointSteps
{
    /// <summary>Draws the steps of one run.</summary>
    /// <param name="steps">Steps of the run.</param>
    /// <param name="count">How many to save, 2 to <paramref name="steps"/> + 1.</param>
    /// <param name="stream">The run's own stream.</param>
    /// <returns>The steps in increasing order; the first is 0, the last <paramref name="steps"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">So many distinct steps cannot be drawn.</exception>
    public static int[] Draw(int steps, int count, RandomStream stream)
    {
        if (steps < 1 || count < 2 || count > steps + 1)
            throw new ArgumentOutOfRangeException(nameof(count), $"{count} checkpoints of {steps} steps");
        int[] drawn = stream.Choose(steps - 1, count - 2);
        Array.Sort(drawn);
        return [0, .. drawn.Select(step => step + 1), steps];
    }
}
