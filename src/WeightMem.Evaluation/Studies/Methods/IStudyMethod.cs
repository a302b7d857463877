using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>
/// What is a method's own in a study: its generator, what is sampled from it, what its results are compared with. Everything it computes it leaves in the run folder,
/// and skips when it is there.
/// </summary>
internal interface IStudyMethod : IDisposable
{
    /// <summary>The method's name as people write it.</summary>
    string Title { get; }

    /// <summary>How the device ran the training's steps; empty before.</summary>
    string TrainingPath { get; }

    /// <summary>Trains the generator, resumes its training, or loads it.</summary>
    void Train(Population training, CancellationToken cancellation);

    /// <summary>Samples everything that the report shows.</summary>
    void Sample(Population training, Population heldout, CancellationToken cancellation);

    /// <summary>The networks that distances and similarities refer to.</summary>
    Population Reference(Population training);

    /// <summary>The baselines of the method, the networks each is fitted to, and how many are made.</summary>
    IEnumerable<(BaselineGenerator Baseline, Population Source, int Count)> Baselines(Population training);

    /// <summary>Sampled populations and what else is judged beside them, but for baselines.</summary>
    IEnumerable<NamedPopulation> Populations(Population training, Population heldout);

    /// <summary>Networks that distances are measured to beside <see cref="Reference"/>.</summary>
    IReadOnlyList<DistanceReference> References(Population training);

    /// <summary>What the method's own populations say, in words for the report; null for nothing.</summary>
    string? Remark(IReadOnlyList<PopulationMeasures> measured);

    /// <summary>How the numbers were made, by name.</summary>
    IReadOnlyDictionary<string, string> Provenance();

    /// <summary>Training and test loss of the generator.</summary>
    (IReadOnlyList<LossPoint> Training, IReadOnlyList<LossPoint> Test) Losses(Population heldout);

    /// <summary>Networks from nothing but a seed, with a stored generator.</summary>
    /// <exception cref="RunFolderException">The folder has no fully trained generator.</exception>
    Population SampleFresh(int count, long seed, CancellationToken cancellation);
}
