using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>
/// Copies of training networks, exact or with tiny noise: the positive control that every measure of memorisation must catch.
/// </summary>
public sealed class ReplicaBaseline : BaselineGenerator
{
    private readonly double _noise;

    /// <summary>Copies of training networks.</summary>
    /// <param name="noise">Standard deviation of noise on every parameter, in the units of the weights; 0 for exact copies.</param>
    /// <exception cref="ArgumentOutOfRangeException">The noise is negative.</exception>
    public ReplicaBaseline(double noise = 0)
        : base("replica")
    {
        if (!(noise >= 0) || !double.IsFinite(noise))
            throw new ArgumentOutOfRangeException(nameof(noise), $"replica noise {Text(noise)} is not a number from 0 up");
        _noise = noise;
    }

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        int[] sources = NoiseBaseline.Sources(training.Count, sampled.Count, seed);
        NoiseBaseline.AddNoise(sampled, training, sources, _noise, new RandomStream(seed, "baseline/replica"), cancellation);
        sampled.Provenance["source_rows"] = Text(sources);
        sampled.Provenance["amplitude"] = Text(_noise);
        sampled.Provenance["units"] = "raw";
    }
}
