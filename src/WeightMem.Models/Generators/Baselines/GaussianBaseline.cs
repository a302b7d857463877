using WeightMem.Engine.Random;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>Independent normal draws of every parameter, with its mean and unbiased standard deviation over the training networks.</summary>
public sealed class GaussianBaseline : BaselineGenerator
{
    private double[] _mean = [], _deviation = [];

    /// <summary>A Gaussian per parameter.</summary>
    public GaussianBaseline()
        : base("gaussian")
    {
    }

    private protected override int LeastNetworks => 2;

    private protected override void Learn(Population training, CancellationToken cancellation)
    {
        double[] mean = new double[training.Parameters], deviation = new double[training.Parameters];
        for (int i = 0; i < training.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<float> row = training.Row(i);
            for (int p = 0; p < row.Length; p++) mean[p] += row[p];
        }

        for (int p = 0; p < mean.Length; p++) mean[p] /= training.Count;
        for (int i = 0; i < training.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<float> row = training.Row(i);
            for (int p = 0; p < row.Length; p++) deviation[p] += (row[p] - mean[p]) * (row[p] - mean[p]);
        }

        for (int p = 0; p < mean.Length; p++) deviation[p] = Math.Sqrt(deviation[p] / (training.Count - 1));
        (_mean, _deviation) = (mean, deviation);
    }

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        var stream = new RandomStream(seed, "baseline/gaussian");
        var normal = new double[sampled.Parameters];
        for (int i = 0; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            BoxMuller.Fill(normal, stream.At(i));
            Span<float> row = sampled.Row(i);
            for (int p = 0; p < row.Length; p++) row[p] = (float)(_mean[p] + _deviation[p] * normal[p]);
        }

        sampled.Provenance["source_rows"] = "all";
        sampled.Provenance["networks"] = Text(training.Count);
    }
}
