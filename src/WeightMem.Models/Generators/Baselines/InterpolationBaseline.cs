using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>Points at uniformly random places between two distinct random training networks.</summary>
public sealed class InterpolationBaseline : BaselineGenerator
{
    /// <summary>Pairwise interpolation.</summary>
    public InterpolationBaseline()
        : base("interpolation")
    {
    }

    private protected override int LeastNetworks => 2;

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        var pairs = new RandomStream(seed, "baseline/interpolation");
        RandomStream places = pairs.Sub("place");
        var sources = new string[sampled.Count];
        for (int i = 0; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] ends = pairs.At(i).Choose(training.Count, 2);
            double place = places.Double(i);
            ReadOnlySpan<float> a = training.Row(ends[0]), b = training.Row(ends[1]);
            Span<float> row = sampled.Row(i);
            for (int p = 0; p < row.Length; p++) row[p] = (float)((1 - place) * a[p] + place * b[p]);
            sources[i] = $"{Text(ends)}@{Text(place)}";
        }

        sampled.Provenance["source_rows"] = string.Join(';', sources);
    }
}
