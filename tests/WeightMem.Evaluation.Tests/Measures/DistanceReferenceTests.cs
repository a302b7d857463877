using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

/// <summary>Distances to all training rows, and to those of the last step alone as published.</summary>
public sealed class DistanceReferenceTests
{
    private static readonly Mlp Target = new(6, 3, 2);

    [Fact]
    public void Copies_of_earlier_steps_are_copies_of_all_rows_and_not_of_the_last_ones()
    {
        using var device = new CpuDevice(1);
        Population training = Training();
        Population copies = training.Select([0, 3, 6]), last = training.Select([2, 5, 8, 11]);
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(
            device, training, [new("generated", copies), new("training-raw", training)], 1, 100, [new("min_l2_reference", last), new("min_l2_raw", training)]);
        Assert.Equal(0, measured[1].Summaries["min_l2"].Mean);
        Assert.Equal(0, measured[1].Summaries["min_l2_raw"].Mean);
        Assert.True(measured[1].Summaries["min_l2_reference"].Mean > 0.05);

        // A training network is compared with other runs only, whatever the reference; so are the very networks of a reference.
        Assert.True(measured[0].Summaries["min_l2"].Mean > 0.5);
        Assert.True(measured[0].Summaries["min_l2_reference"].Mean > 0.5);
        Assert.Equal(measured[0].Summaries["min_l2"].Mean, measured[2].Summaries["min_l2_raw"].Mean);
    }

    /// <summary>Four runs of three steps; steps of a run are near each other.</summary>
    private static Population Training()
    {
        var weights = new float[12 * Target.Parameters];
        for (int i = 0; i < 12; i++)
        {
            Span<float> row = weights.AsSpan(i * Target.Parameters, Target.Parameters);
            Target.Initialize(row, new RandomStream(1, "run").At(i / 3));
            for (int p = 0; p < row.Length; p++) row[p] += 0.05f * (i % 3) * (float)(new RandomStream(2, "step").At(i).Double(p) - 0.5);
        }

        return new Population(Target.Name, Target.Layout, weights, [.. Enumerable.Range(0, 12).Select(i => i / 3)], [.. Enumerable.Range(0, 12).Select(i => i % 3)]);
    }
}
