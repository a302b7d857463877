using System.CommandLine;
using WeightMem.Cli.Commands.Studies;

namespace WeightMem.Cli.Commands;

/// <summary><c>study NAME</c>: what changes when one thing is changed.</summary>
internal static class StudyCommand
{
    public const string Summary = "Studies beside the report: what changes when one thing is changed.";

    public static Command Create() => new("study", Summary)
    {
        SweepCommand.Create("factors", "Vary modelling factors of a method: epochs, width, layers, dropout, input noise."),
        SweepCommand.Create("data-scaling", "Train a method on 1/8, 1/4, 1/2 and all of the training runs, in the same number of steps."),
        SweepCommand.Create("data-scaling-epochs", "The same with as many epochs for each: fewer steps for fewer runs."),
        SymmetryCommand.Create(),
        LatentNoiseCommand.Create(),
        SweepCommand.Create("seeds", "Train a method's generator from three seeds on the same networks; intervals over seeds and networks."),
        SweepCommand.Create("permutations", "Train HyperDiffusion with added permutations of hidden units, and see shapes fall apart.", "hyperdiffusion"),
        SweepCommand.Create("random-weights", "Train HyperDiffusion on networks with random layers.", "hyperdiffusion"),
    };
}
