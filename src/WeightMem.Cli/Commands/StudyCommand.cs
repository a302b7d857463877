using System.CommandLine;

namespace WeightMem.Cli.Commands;

/// <summary><c>study NAME</c>: studies of a trained generator beside the report.</summary>
internal static class StudyCommand
{
    public static Command Create() => new("study", "Studies of a trained generator.") { LatentNoiseCommand.Create() };
}
