using WeightMem.Engine.Devices;

namespace WeightMem.Evaluation.Studies;

/// <summary>What a study and its method work with.</summary>
/// <param name="Config">What to compute.</param>
/// <param name="Folder">Where to keep it.</param>
/// <param name="Device">Where to compute it.</param>
/// <param name="DataFolder">Folder of the image or shape files, or null to look where they usually are.</param>
/// <param name="CommandLine">The command that repeats the run, for the record.</param>
/// <param name="Progress">Told how far it is.</param>
internal sealed record StudyContext(
    StudyConfig Config, RunFolder Folder, Device Device, string? DataFolder, string CommandLine, IStudyProgress Progress)
{
    /// <summary>Whether a stage's result is there and whole.</summary>
    public bool Has(string path) => StoredResult.IsWhole(path, Progress.Note);
}
