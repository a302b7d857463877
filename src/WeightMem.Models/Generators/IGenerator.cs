using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators;

/// <summary>
/// Whatever makes new networks out of a population: the four methods of the paper and the trivial baselines alike, so that all
/// of them are measured in the same way.
/// </summary>
public interface IGenerator
{
    /// <summary>Name as in commands, files and reports, such as <c>gpt</c> or <c>noise-0.05</c>.</summary>
    string Name { get; }

    /// <summary>Learns from a population. Cancelling leaves what can be resumed.</summary>
    void Fit(Population training, CancellationToken cancellation);

    /// <summary>Makes networks. The same seed gives the same bits, whatever was sampled before.</summary>
    /// <exception cref="InvalidOperationException">The generator has not been fitted.</exception>
    Population Sample(int count, long seed, CancellationToken cancellation);
}
