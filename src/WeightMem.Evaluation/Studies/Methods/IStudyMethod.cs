using WeightMem.Evaluation.Reports;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>
/// A method's stages. Everything a stage computes it leaves in the run folder, and skips when it is there. What stages of several methods share is in classes of its
/// own: <see cref="LockstepZoo"/>, <see cref="BaselineStage"/>, <see cref="ImageEvaluation"/>.
/// </summary>
/// <remarks>Making a method loads its data and takes no memory on the device.</remarks>
internal interface IStudyMethod : IDisposable
{
    /// <summary>The networks whose weights are generated.</summary>
    ITarget Target { get; }

    /// <summary>SHA-256 of the data, by name.</summary>
    IReadOnlyDictionary<string, string> Inputs { get; }

    /// <summary>How the device ran the training's steps; empty before.</summary>
    string TrainingPath { get; }

    /// <summary>Makes the networks to learn from and those held out, or reads them.</summary>
    (Population Training, Population Heldout) Zoo(CancellationToken cancellation);

    /// <summary>Trains the generator, resumes its training, or loads it.</summary>
    void Train(Population training, CancellationToken cancellation);

    /// <summary>Samples everything that the report shows.</summary>
    void Sample(Population training, Population heldout, CancellationToken cancellation);

    /// <summary>Makes the baselines.</summary>
    void Baselines(Population training, CancellationToken cancellation);

    /// <summary>Measures everything and writes numbers, figures and page.</summary>
    /// <param name="training">What <see cref="Zoo"/> gave.</param>
    /// <param name="heldout">What <see cref="Zoo"/> gave.</param>
    /// <param name="provenance">What is known of the run whatever the method; a method adds its own.</param>
    EvaluationDocument Evaluate(Population training, Population heldout, IReadOnlyDictionary<string, string> provenance);

    /// <summary>Networks from nothing but a seed, with a stored generator, measured.</summary>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    Population SampleFresh(int count, long seed, CancellationToken cancellation);
}
