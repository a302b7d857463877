using WeightMem.Engine.Devices.Cuda;
using WeightMem.Models.Generators.Gpt;
using WeightMem.Models.Populations;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Models.Tests.Gpt;

/// <summary>Training and sampling played from CUDA graphs.</summary>
public sealed class GptGraphTests
{
    [Fact]
    public void Recorded_steps_give_the_bits_of_launched_ones()
    {
        if (!CudaStandin.IsThere()) return;
        (GptSnapshot off, float[] samplesOff) = TrainAndSample(GraphUse.Off);
        foreach (GraphUse use in new[] { GraphUse.On, GraphUse.Auto })
        {
            (GptSnapshot on, float[] samplesOn) = TrainAndSample(use);
            Assert.Equal(off.Losses, on.Losses);
            foreach ((string name, float[] values) in off.Weights) Assert.Equal(values, on.Weights[name]);
            foreach ((string name, float[] values) in off.Average) Assert.Equal(values, on.Average[name]);
            Assert.Equal(samplesOff, samplesOn);
        }
    }

    [Fact]
    public void A_trainer_tells_how_its_steps_are_run()
    {
        if (!CudaStandin.IsThere()) return;
        using var device = new CudaDevice(graphs: GraphUse.On);
        using var model = new GptModel(TinyGpt.Target.Layout, TinyGpt.Settings);
        model.Build(device);
        using var trainer = new GptTrainer(model, TinyGpt.Settings);
        Assert.Contains("launched by itself", trainer.Path, StringComparison.Ordinal);
        Population population = TinyGpt.Checkpoints(device);
        trainer.Train(
            new PairSampler(population, TinyGpt.Target, TinyGpt.Settings, Normalizer.Fit(population, 1), device, TinyGpt.Images), null, CancellationToken.None);
        Assert.Matches("^a graph of [0-9]{2,} nodes", trainer.Path);
    }

    private static (GptSnapshot Snapshot, float[] Samples) TrainAndSample(GraphUse use)
    {
        using var device = new CudaDevice(graphs: use);
        float[] samples;
        GptSnapshot snapshot;
        using (var generator = new GptGenerator(device, TinyGpt.Target, TinyGpt.Images, TinyGpt.Settings with { Dropout = 0.2, SamplingSteps = 9 }))
        {
            generator.Fit(TinyGpt.Checkpoints(device), CancellationToken.None);
            samples = generator.Sample(6, 5, CancellationToken.None).Weights;
            snapshot = generator.Snapshot();
        }

        Assert.Equal(0, device.LiveBytes);
        return (snapshot, samples);
    }
}
