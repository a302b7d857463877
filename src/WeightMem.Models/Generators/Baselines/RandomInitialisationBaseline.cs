using WeightMem.Engine.Random;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.Baselines;

/// <summary>Freshly initialised, untrained networks of a target: novel and useless, the other end of the scale.</summary>
public sealed class RandomInitialisationBaseline : BaselineGenerator
{
    private readonly ITarget _target;

    /// <summary>Untrained networks of a target.</summary>
    public RandomInitialisationBaseline(ITarget target)
        : base("random-init") => _target = target;

    private protected override void Learn(Population training, CancellationToken cancellation)
    {
        if (training.Parameters != _target.Layout.Count)
        {
            throw new ArgumentException(
                $"networks of {training.Target} have {training.Parameters} parameters and those of {_target.Name} have {_target.Layout.Count}");
        }
    }

    private protected override void Fill(Population sampled, Population training, long seed, CancellationToken cancellation)
    {
        var stream = new RandomStream(seed, "baseline/random-init");
        for (int i = 0; i < sampled.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            _target.Initialize(sampled.Row(i), stream.Sub("network", i));
        }

        sampled.Provenance["source_rows"] = "none";
    }
}
