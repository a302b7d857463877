using WeightMem.Evaluation.Studies;
using Xunit;

namespace WeightMem.Evaluation.Tests.Studies;

public class StudySweepTests
{
    [Theory]
    [InlineData("gpt", "paper", 10)]
    [InlineData("hyper-representations", "paper", 9)] // its dropout is 10 % already
    [InlineData("hyperdiffusion", "paper", 10)]
    [InlineData("p-diff", "paper", 7)]
    [InlineData("gpt", "small", 10)]
    [InlineData("hyper-representations", "small", 9)] // one block cannot be less
    [InlineData("hyperdiffusion", "small", 10)]
    [InlineData("p-diff", "small", 7)]
    public void Factors_change_the_generator_and_nothing_else(string method, string preset, int expected)
    {
        StudyConfig config = StudyPresets.Create(method, preset);
        IReadOnlyList<SweepVariant> variants = StudySweep.Variants("factors", config);
        Assert.Equal(expected, variants.Count);
        Assert.Equal(config.ToJson(), variants[0].Config.ToJson());
        Assert.Equal(expected, variants.Select(v => v.Name).Distinct().Count());
        Assert.Equal(expected, variants.Select(v => v.Config.ToJson()).Distinct().Count());
        foreach (SweepVariant variant in variants)
        {
            StudyConfig same = variant.Config with { Gpt = config.Gpt, HyperRepresentations = config.HyperRepresentations, HyperDiffusion = config.HyperDiffusion, PDiff = config.PDiff };
            Assert.Equal(config.ToJson(), same.ToJson());
            variant.Config.Gpt?.Validate();
            variant.Config.HyperRepresentations?.Validate();
            variant.Config.HyperDiffusion?.Validate();
            variant.Config.PDiff?.Validate();
        }
    }

    [Theory]
    [InlineData("gpt")]
    [InlineData("hyper-representations")]
    [InlineData("hyperdiffusion")]
    [InlineData("p-diff")]
    public void Seeds_are_the_generator_s_and_the_networks_stay(string method)
    {
        StudyConfig config = StudyPresets.Create(method, "small").WithSeed(5);
        IReadOnlyList<SweepVariant> variants = StudySweep.Variants("seeds", config);
        Assert.Equal(config.ToJson(), variants[0].Config.ToJson());
        Assert.Equal(3, variants.Select(v => v.Config.ToJson()).Distinct().Count());
        foreach (SweepVariant variant in variants)
        {
            Assert.True(variant.IsRepetition);
            Assert.Equal((5, 5), (variant.Config.Seed, variant.Config.Zoo.Seed));
        }
    }

    [Fact]
    public void Data_scales_by_runs_or_by_the_checkpoints_of_one()
    {
        Assert.Equal(["checkpoints-18", "checkpoints-37", "checkpoints-75", "checkpoints-150"], StudySweep.Variants("data-scaling", StudyPresets.Create("p-diff", "small")).Select(v => v.Name));
        Assert.All(StudySweep.Variants("data-scaling", StudyPresets.Create("gpt", "small")), v => Assert.StartsWith("runs-", v.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gpt", "smoke")]
    [InlineData("gpt", "small")]
    [InlineData("hyper-representations", "smoke")]
    [InlineData("hyper-representations", "small")]
    [InlineData("hyperdiffusion", "small")]
    [InlineData("p-diff", "small")]
    public void Data_scales_with_as_many_steps_or_with_as_many_epochs(string method, string preset)
    {
        StudyConfig config = StudyPresets.Create(method, preset);
        IReadOnlyList<SweepVariant> steps = StudySweep.Variants("data-scaling", config), epochs = StudySweep.Variants("data-scaling-epochs", config);
        Assert.True(steps.Count > 1);
        int all = steps.Max(v => v.TrainingRuns!.Value);
        foreach ((SweepVariant bySteps, SweepVariant byEpochs) in steps.Zip(epochs))
        {
            int runs = bySteps.TrainingRuns!.Value;
            Assert.Equal(runs, byEpochs.TrainingRuns);
            bySteps.Config.HyperRepresentations?.RequireNetworks(runs * config.Zoo.SavedPerRun); // fills a batch
            double whole = Steps(config, all);
            Assert.InRange(Steps(bySteps.Config, runs), 0.97 * whole, 1.03 * whole); // epochs are whole numbers
            Assert.InRange(Steps(byEpochs.Config, runs), 0.6 * whole * runs / all, 1.1 * whole * runs / all); // a batch that an epoch does not fill is dropped, for all runs too
        }

        double Steps(StudyConfig c, int runs) => c switch
        {
            { Gpt: { } g } => g.TrainingSteps,
            { HyperDiffusion: { } d } => d.TrainingSteps,
            { PDiff: { } p } => p.DenoiserSteps,
            { HyperRepresentations: { } h } => (double)h.Epochs * (runs * c.Zoo.SavedPerRun / h.Batch),
            _ => 0,
        };
    }

    [Fact]
    public void Sweeps_of_fields_are_of_hyperdiffusion()
    {
        StudyConfig fields = StudyPresets.Create("hyperdiffusion", "small"), other = StudyPresets.Create("gpt", "small");
        Assert.Equal(7, StudySweep.Variants("permutations", fields).Count);
        Assert.Equal([0, 1, 4], StudySweep.Variants("random-weights", fields).Select(v => v.Config.Field!.RandomLayers));
        Assert.Throws<ArgumentException>(() => StudySweep.Variants("permutations", other));
        Assert.Throws<ArgumentException>(() => StudySweep.Variants("random-weights", other));
        Assert.Contains("seeds", Assert.Throws<ArgumentException>(() => StudySweep.Variants("sedes", other)).Message, StringComparison.Ordinal);
    }
}
