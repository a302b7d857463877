using WeightMem.Engine.Random;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>
/// Training networks plus independent normal noise on every parameter. The source networks come from a stream that does not depend on the
/// amplitude, so for one seed all amplitudes start from the same networks; no source is used twice before all were used once.
/// </summary>
public sealed class NoiseBaseline : BaselineGenerator
{
    private readonly double _amplitude;
    private readonly NoiseUnits _units;
    private readonly double? _givenScale;
    private double _scale = 1;

    /// <summary>Noise of an amplitude.</summary>
    /// <param name="amplitude">Standard deviation of the noise, in <paramref name="units"/>; not negative.</param>
    /// <param name="units">Units of the amplitude.</param>
    /// <param name="scale">
    /// Normaliser constant c of normalised units, as the generator used it; null measures the training population as <see cref="Normalizer.Fit"/> does.
    /// </param>
    /// <exception cref="ArgumentException">The amplitude is negative or the scale is not positive.</exception>
    public NoiseBaseline(double amplitude, NoiseUnits units = NoiseUnits.Raw, double? scale = null)
        : base($"noise-{Text(amplitude)}")
    {
        if (!(amplitude >= 0) || !double.IsFinite(amplitude))
            throw new ArgumentException($"noise amplitude {Text(amplitude)} is not a number from 0 up");
        if (scale is { } c && (!(c > 0) || !double.IsFinite(c)))
            throw new ArgumentException($"normaliser scale {Text(c)} is not a positive number");
        _amplitude = amplitude;
        _units = units;
        _givenScale = scale;
    }

    /// <summary>The training rows that a seed starts from, sample by sample; the same for every amplitude.</summary>
    internal static int[] Sources(int training, int count, long seed)
    {
        int[] order = new RandomStream(seed, "baseline/sources").Permutation(training);
        return [.. Enumerable.Range(0, count).Select(i => order[i % training])];
    }

    private protected override void Learn(Population training, CancellationToken cancellation) =>
        _scale = _units == NoiseUnits.Raw ? 1 : _givenScale ?? Normalizer.Fit(training, 0).Scale;

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        int[] sources = Sources(training.Count, sampled.Count, seed);
        double sigma = _amplitude / _scale;
        AddNoise(sampled, training, sources, sigma, new RandomStream(seed, $"baseline/{Name}"), cancellation);
        sampled.Provenance["source_rows"] = Text(sources);
        sampled.Provenance["amplitude"] = Text(_amplitude);
        sampled.Provenance["units"] = _units == NoiseUnits.Raw ? "raw" : "normalised";
        sampled.Provenance["scale"] = Text(_scale);
        sampled.Provenance["sigma"] = Text(sigma);
    }

    /// <summary>Row i = source row i + sigma * N(0, 1), rounded once.</summary>
    internal static void AddNoise(
        Population sampled, Population training, int[] sources, double sigma, RandomStream stream, CancellationToken cancellation)
    {
        var noise = new double[sampled.Parameters];
        for (int i = 0; i < sources.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<float> source = training.Row(sources[i]);
            Span<float> row = sampled.Row(i);
            if (sigma == 0)
            {
                source.CopyTo(row);
                continue;
            }

            BoxMuller.Fill(noise, stream.At(i));
            for (int p = 0; p < row.Length; p++) row[p] = (float)(source[p] + sigma * noise[p]);
        }
    }
}
