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

    /// <summary>Means of so many networks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one.</exception>
    public AverageBaseline(int networks = DefaultNetworks)
        : base($"average-{networks}")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(networks, 1);
        _networks = networks;
    }

    private protected override int LeastNetworks => _networks;

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        var stream = new RandomStream(seed, $"baseline/{Name}");
        var sources = new string[sampled.Count];
        for (int i = 0; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] rows = stream.At(i).Choose(training.Count, _networks);
            Mean(sampled.Row(i), training, rows);
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
