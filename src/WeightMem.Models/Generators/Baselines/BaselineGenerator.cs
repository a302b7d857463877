using System.Globalization;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>
/// A trivial generator: what a learned one must beat. Fitting keeps the training population; sampling never changes it. Every sampled row
/// is a run of its own.
/// </summary>
public abstract class BaselineGenerator : IGenerator
{
    private Population? _training;

    /// <summary>A baseline of a name.</summary>
    private protected BaselineGenerator(string name) => Name = name;

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Networks that the baseline needs to be fitted.</summary>
    private protected virtual int LeastNetworks => 1;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The population has too few networks.</exception>
    public void Fit(Population training, CancellationToken cancellation)
    {
        if (training.Count < LeastNetworks)
            throw new ArgumentException($"baseline {Name} needs at least {LeastNetworks} training networks, and there are {training.Count}");
        Learn(training, cancellation);
        _training = training;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The baseline has not been fitted.</exception>
    public Population Sample(int count, long seed, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Population training = _training ?? throw new InvalidOperationException($"baseline {Name} has not been fitted");
        var sampled = new Population(training.Target, training.Layout, new float[(long)count * training.Parameters])
        {
            Provenance = { ["generator"] = Name, ["seed"] = seed.ToString(CultureInfo.InvariantCulture) },
        };
        Fill(sampled, training, seed, cancellation);
        return sampled;
    }

    /// <summary>Learns what sampling needs beyond the population itself.</summary>
    private protected virtual void Learn(Population training, CancellationToken cancellation)
    {
    }

    /// <summary>Writes all rows of a sample and what is known of their origin.</summary>
    private protected abstract void Fill(Population sampled, Population training, long seed, CancellationToken cancellation);

    /// <summary>A number as it stands in names and provenance.</summary>
    private protected static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Row numbers as they stand in provenance.</summary>
    private protected static string Text(IEnumerable<int> rows) => string.Join(',', rows);
}
