using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>
/// Means of k distinct random training networks, each summed in double precision from zero: no training network is touched.
/// </summary>
public sealed class AverageBaseline : BaselineGenerator
{
    /// <summary>Networks per mean in the paper.</summary>
    public const int DefaultNetworks = 16;

    private readonly int _networks;
    private readonly bool _reference;

    /// <summary>Means of so many networks.</summary>
    /// <param name="networks">Networks per mean.</param>
    /// <param name="reference">
    /// As the public evaluation code: each mean is added up in the place of the first network drawn, so that later draws find the mean there (P-diff specification,
    /// B1). Done on a copy; the training population stays as it is here too.
    /// </param>
    /// <exception cref="ArgumentException">Fewer than one.</exception>
    public AverageBaseline(int networks = DefaultNetworks, bool reference = false)
        : base($"average-{networks}{(reference ? "-reference" : "")}")
    {
        if (networks < 1) throw new ArgumentException($"an average is over 1 network or more, not {networks}");
        (_networks, _reference) = (networks, reference);
    }

    private protected override int LeastNetworks => _networks;

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        var stream = new RandomStream(seed, $"baseline/average-{Text(_networks)}");
        Population from = _reference ? training.Select([.. Enumerable.Range(0, training.Count)]) : training;
        var sources = new string[sampled.Count];
        for (int i = 0; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] rows = stream.At(i).Choose(training.Count, _networks);
            Mean(sampled.Row(i), from, rows);
            if (_reference) sampled.Row(i).CopyTo(from.Row(rows[0]));
            sources[i] = Text(rows);
        }

        sampled.Provenance["source_rows"] = string.Join(';', sources);
        sampled.Provenance["networks"] = Text(_networks);
    }

    /// <summary>The mean of some rows, summed in double precision.</summary>
    internal static void Mean(Span<float> mean, Population training, ReadOnlySpan<int> rows)
    {
        var sum = new double[mean.Length];
        foreach (int source in rows)
        {
            ReadOnlySpan<float> row = training.Row(source);
            for (int p = 0; p < sum.Length; p++) sum[p] += row[p];
        }

        for (int p = 0; p < sum.Length; p++) mean[p] = (float)(sum[p] / rows.Length);
    }
}
