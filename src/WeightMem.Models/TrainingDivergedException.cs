namespace WeightMem.Models;

/// <summary>
/// A training whose loss or weights are no longer finite. Nothing of it is kept: half a result would be taken for a whole one.
/// </summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Says what diverged, where and at which rate.</summary>
    /// <param name="what">What was trained, such as <c>mlp-784-10-10</c>.</param>
    /// <param name="run">The run of a zoo, or null when there is only one.</param>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="learningRate">The learning rate of that step.</param>
    public TrainingDivergedException(string what, int? run, long step, double learningRate)
        : base(
            $"{what}: {(run is null ? "the training" : $"run {run}")} diverged at step {step} (learning rate {learningRate:G4}): "
            + $"its loss or its weights are not finite; a lower rate may help")
    {
        What = what;
        Run = run;
        Step = step;
        LearningRate = learningRate;
    }

    /// <summary>What was trained.</summary>
    public string What { get; }

    /// <summary>The run of a zoo, or null.</summary>
    public int? Run { get; }

    /// <summary>The step, counted from 1.</summary>
    public long Step { get; }

    /// <summary>The learning rate of that step.</summary>
    public double LearningRate { get; }
}
