using WeightMem.Engine.Devices;
using WeightMem.Models.Data;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies;

/// <summary>What a study and its method work with.</summary>
/// <param name="Config">What to compute.</param>
/// <param name="Folder">Where to keep it.</param>
/// <param name="Device">Where to compute it.</param>
/// <param name="Target">The networks.</param>
/// <param name="Train">Images to train networks on.</param>
/// <param name="Test">Images to judge them on.</param>
/// <param name="Progress">Told how far it is.</param>
internal sealed record StudyContext(
    StudyConfig Config, RunFolder Folder, Device Device, ILockstepTarget Target, ImageSet Train, ImageSet Test, IStudyProgress Progress);
