namespace WeightMem.Models.Zoos;

/// <summary>How far a zoo is.</summary>
/// <param name="RunsDone">Runs that are trained, those of earlier groups included.</param>
/// <param name="Runs">All runs.</param>
/// <param name="Group">The group being trained, from 0.</param>
/// <param name="Step">Steps that the group has made.</param>
/// <param name="Steps">Steps of a run.</param>
/// <param name="StepsPerSecond">Lockstep steps per second of this group.</param>
/// <param name="ModelsPerSecond">Networks per second that this group trains from start to end, were its steps all the work.</param>
public readonly record struct ZooProgress(
    int RunsDone, int Runs, int Group, int Step, int Steps, double StepsPerSecond, double ModelsPerSecond);
