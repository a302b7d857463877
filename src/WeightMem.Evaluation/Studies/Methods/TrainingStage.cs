using WeightMem.Models.Generators;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>The stage that trains a generator: what its progress and its log say.</summary>
internal sealed class TrainingStage : ITrainingWatch
{
    private readonly string _what;
    private readonly IStudyProgress _progress;
    private readonly RunFolder? _log;

    /// <param name="what">What is trained, such as <c>gpt</c>.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="log">Whose log gets the losses; null for none.</param>
    public TrainingStage(string what, IStudyProgress progress, RunFolder? log = null) => (_what, _progress, _log) = (what, progress, log);

    /// <summary>Trains the generator of a study, goes on with its training, or loads it.</summary>
    public static void Run(StudyContext context, IResumableGenerator generator, Population training, CancellationToken cancellation) =>
        generator.Fit(training, context.Folder.Generator, new TrainingStage(generator.Name, context.Progress, context.Folder), cancellation);

    public void Note(string text) => _progress.Note(text);

    public void Begin(string size, string? since)
    {
        _progress.Stage($"train {_what}: {size}");
        if (since is not null) _progress.Note($"resumed at {since}");
    }

    public void Advance(TrainingStep step)
    {
        _progress.Advance(step.Step, step.Steps, step.Text);
        _log?.Scalar("loss/" + step.Series, step.Step, step.Loss);
    }
}
