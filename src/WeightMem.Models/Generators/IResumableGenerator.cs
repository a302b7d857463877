using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators;

/// <summary>A generator that learns step by step: its training can be stopped at any moment, and continued from a file to the same bits.</summary>
public interface IResumableGenerator : IGenerator, IDisposable
{
    /// <summary>How the device runs training steps, as printed in run headers; empty before the first.</summary>
    string TrainingPath { get; }

    /// <summary>
    /// Trains, and stores a snapshot when it is time (<see cref="Snapshots"/>), the last one at the end or when cancelled. Goes on from the newest snapshot that is there and whole; where that is
    /// the last one, it is loaded and nothing is trained.
    /// </summary>
    /// <param name="training">The networks to learn from.</param>
    /// <param name="path">File of the snapshots; the one before is kept beside it.</param>
    /// <param name="watch">Follows the training.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <exception cref="InsufficientMemoryException">The device has less memory than the model needs; nothing has been taken.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the last snapshot stays.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; calling again goes on.</exception>
    /// <exception cref="Formats.FileWriteException">A snapshot cannot be written.</exception>
    void Fit(Population training, string path, ITrainingWatch watch, CancellationToken cancellation);
}

/// <summary>Who follows a training.</summary>
public interface ITrainingWatch
{
    /// <summary>A line worth keeping, such as that a snapshot is damaged.</summary>
    void Note(string text);

    /// <summary>The training begins or goes on. Not called when there is nothing left to train.</summary>
    /// <param name="size">What is trained, such as <c>1,024 parameters, 500 steps of 32 pairs</c>.</param>
    /// <param name="since">From where it goes on, such as <c>step 120</c>; null at the start.</param>
    void Begin(string size, string? since);

    /// <summary>A step is done.</summary>
    void Advance(TrainingStep step);
}

/// <summary>A training step that is done.</summary>
/// <param name="Series">Whose loss it is: <c>train</c>, or the name of the part that trains where there are several.</param>
/// <param name="Step">Steps done, of all parts together.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">The loss.</param>
/// <param name="Text">Loss and speed, for a line of progress.</param>
public sealed record TrainingStep(string Series, long Step, long Steps, double Loss, string Text);
