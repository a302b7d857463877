using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>The mean of all training networks: every sample is the same.</summary>
public sealed class MeanBaseline : BaselineGenerator
{
    /// <summary>The mean of all.</summary>
    public MeanBaseline()
        : base("mean")
    {
    }

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        sampled.Provenance["source_rows"] = "all";
        sampled.Provenance["networks"] = Text(training.Count);
        if (sampled.Count == 0) return;
        AverageBaseline.Mean(sampled.Row(0), training, [.. Enumerable.Range(0, training.Count)]);
        for (int i = 1; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            sampled.Row(0).CopyTo(sampled.Row(i));
        }
    }
}
